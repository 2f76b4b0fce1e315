"""Limits of ledgers, and the buckets that processes share."""

import sqlalchemy as sa
from alembic import op

from payflow_adapters.postgres.row_security import keep_apart

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_GUARDS = """
GRANT SELECT, INSERT ON rate_limits, rate_buckets TO payflow_app;
GRANT UPDATE (rate, burst, money_rate, money_burst, changed_at) ON rate_limits TO payflow_app;
GRANT UPDATE (used, version, at), DELETE ON rate_buckets TO payflow_app;
"""


def upgrade() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=True),
        sa.Column("burst", sa.BigInteger(), nullable=True),
        sa.Column("money_rate", sa.BigInteger(), nullable=True),
        sa.Column("money_burst", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(rate IS NULL) = (burst IS NULL) AND (money_rate IS NULL) = (money_burst IS NULL)",
            name=op.f("rate_limits_whole_check"),
        ),
        sa.ForeignKeyConstraint(
            ["ledger_id"], ["ledgers.id"], name=op.f("rate_limits_ledger_id_fkey")
        ),
        sa.PrimaryKeyConstraint("ledger_id", name=op.f("rate_limits_pkey")),
    )
    op.create_index("rate_limits_changed_at", "rate_limits", ["changed_at"], unique=False)
    op.create_table(
        "rate_buckets",
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("rate_buckets_pkey")),
        prefixes=["UNLOGGED"],
        postgresql_with={"fillfactor": "50"},
    )
    op.execute(_GUARDS)
    op.execute(keep_apart("rate_limits"))


def downgrade() -> None:
    op.drop_table("rate_buckets")
    op.drop_table("rate_limits")
