"""The record of use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from payflow_adapters.postgres.row_security import keep_apart

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = ("usage_minutes", "usage_days", "usage_key_days")

_GUARDS = """
GRANT SELECT, INSERT, DELETE ON usage_minutes, usage_days, usage_key_days TO payflow_app;
GRANT UPDATE (requests, client_errors, server_errors, limited, latencies)
  ON usage_minutes, usage_days TO payflow_app;
GRANT UPDATE (requests) ON usage_key_days TO payflow_app;
GRANT SELECT ON usage_minutes, usage_days, usage_key_days TO payflow_partner;
"""


def upgrade() -> None:
    op.create_table(
        "usage_minutes",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("ledger_id", "minute", "route", name=op.f("usage_minutes_pkey")),
    )
    op.create_index("usage_minutes_minute", "usage_minutes", ["minute"], unique=False)
    op.create_table(
        "usage_days",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("ledger_id", "day", "route", name=op.f("usage_days_pkey")),
    )
    op.create_index("usage_days_day", "usage_days", ["day"], unique=False)
    op.create_table(
        "usage_key_days",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "ledger_id", "key_id", "day", "by", "name", name=op.f("usage_key_days_pkey")
        ),
    )
    op.create_index("usage_key_days_day", "usage_key_days", ["day"], unique=False)
    op.execute(_GUARDS)
    for table in _TABLES:
        op.execute(keep_apart(table))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _counts() -> list[sa.Column[object]]:
    return [
        sa.Column("route", sa.Text(collation="C"), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("client_errors", sa.BigInteger(), nullable=False),
        sa.Column("server_errors", sa.BigInteger(), nullable=False),
        sa.Column("limited", sa.BigInteger(), nullable=False),
        sa.Column("latencies", postgresql.ARRAY(sa.BigInteger()), nullable=False),
    ]
