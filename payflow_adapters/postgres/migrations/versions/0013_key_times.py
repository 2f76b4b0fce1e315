"""What partners have shown is read in their role: also when they replaced a key."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_GRANT = "GRANT SELECT (id, ledger_id, replaced_by, created_at) ON api_keys TO payflow_partner"
_REVOKE = "REVOKE SELECT (id, ledger_id, replaced_by, created_at) ON api_keys FROM payflow_partner"


def upgrade() -> None:
    op.execute(_GRANT)


def downgrade() -> None:
    op.execute(_REVOKE)
