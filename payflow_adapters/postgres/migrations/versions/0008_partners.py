"""The way of partners, what they have shown, and API keys that end and are replaced."""

import sqlalchemy as sa
from alembic import op

from payflow_adapters.postgres.row_security import keep_apart

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PROFILE = (
    ("legal_name", sa.Text()),
    ("country", sa.Text()),
    ("business_type", sa.Text()),
    ("website", sa.Text()),
    ("contact_email", sa.Text()),
    ("contact_name", sa.Text()),
    ("expected_amount", sa.BigInteger()),
    ("expected_currency", sa.Text()),
    ("use_case", sa.Text()),
    ("application_key", sa.LargeBinary()),
    ("application_fingerprint", sa.LargeBinary()),
)

_GUARDS = """
GRANT SELECT, INSERT ON partner_changes, certifications TO payflow_app;
GRANT SELECT ON certifications TO payflow_partner;
GRANT UPDATE (expires_at, replaced_by, last_used_at) ON api_keys TO payflow_app;
CREATE TRIGGER partner_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner_changes
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER certifications_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON certifications
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    _extend_partners()
    _create_partner_changes()
    _extend_api_keys()
    _create_certifications()
    op.create_index("payments_kind", "payments", ["ledger_id", "kind", "status", "transaction_id"])
    op.execute(_GUARDS)
    op.execute(keep_apart("certifications", "ledger_id"))


def downgrade() -> None:
    op.drop_index("payments_kind", "payments")
    op.drop_table("certifications")
    op.drop_index("api_keys_partner_id", "api_keys")
    op.drop_index("api_keys_ledger_id", "api_keys")
    for column in ("last_used_at", "replaced_by", "allowed_networks", "expires_at"):
        op.drop_column("api_keys", column)
    op.drop_table("partner_changes")
    op.drop_index("partners_status", "partners")
    # Their constraints go with the columns.
    for name, _ in _PROFILE:
        op.drop_column("partners", name)


def _extend_partners() -> None:
    for name, type_ in _PROFILE:
        op.add_column("partners", sa.Column(name, type_, nullable=True))
    op.create_unique_constraint(
        op.f("partners_application_key_key"), "partners", ["application_key"]
    )
    op.create_check_constraint(
        op.f("partners_application_check"),
        "partners",
        "(application_key IS NULL) = (application_fingerprint IS NULL)",
    )
    op.create_check_constraint(
        op.f("partners_expected_volume_check"),
        "partners",
        "(expected_amount IS NULL) = (expected_currency IS NULL)",
    )
    op.create_index("partners_status", "partners", ["status", "id"])


def _create_partner_changes() -> None:
    op.create_table(
        "partner_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("partner_id", sa.Text(collation="C"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("overrides", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("partner_changes_partner_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("partner_changes_pkey")),
    )
    op.create_index("partner_changes_partner_id", "partner_changes", ["partner_id", "id"])


def _extend_api_keys() -> None:
    op.add_column("api_keys", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "api_keys",
        sa.Column("allowed_networks", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.alter_column("api_keys", "allowed_networks", server_default=None)
    op.add_column("api_keys", sa.Column("replaced_by", sa.Text(collation="C"), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("api_keys_ledger_id", "api_keys", ["ledger_id", "id"])
    op.create_index("api_keys_partner_id", "api_keys", ["partner_id", "id"])


def _create_certifications() -> None:
    op.create_table(
        "certifications",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger_id"], ["ledgers.id"], name=op.f("certifications_ledger_id_fkey")
        ),
        sa.PrimaryKeyConstraint("ledger_id", "item", name=op.f("certifications_pkey")),
    )
