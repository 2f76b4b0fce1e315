"""Webhook endpoints, and what became of telling them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PRIVILEGES = """
GRANT SELECT, INSERT, DELETE ON webhook_endpoints, webhook_deliveries TO payflow_app;
GRANT UPDATE (url, events, description, status, secret, previous_secret, previous_secret_until,
  disabled_reason, disabled_at, failing_since, planned_through, leased_by, leased_until, deleted_at)
  ON webhook_endpoints TO payflow_app;
GRANT UPDATE (status, next_attempt_at, tries, attempts_made, attempts)
  ON webhook_deliveries TO payflow_app;
"""


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_through", sa.BigInteger(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["ledger_id"], ["ledgers.id"], name=op.f("webhook_endpoints_ledger_id_fkey")
        ),
        sa.PrimaryKeyConstraint("ledger_id", "id", name=op.f("webhook_endpoints_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(collation="C"), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("attempts_made", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(next_attempt_at IS NOT NULL) = (status = 'pending')",
            name=op.f("webhook_deliveries_next_attempt_at_check"),
        ),
        sa.CheckConstraint(
            "(sequence = 0) = (body IS NOT NULL)", name=op.f("webhook_deliveries_body_check")
        ),
        sa.PrimaryKeyConstraint(
            "ledger_id", "endpoint_id", "id", name=op.f("webhook_deliveries_pkey")
        ),
    )
    op.create_index(
        "webhook_deliveries_due",
        "webhook_deliveries",
        ["ledger_id", "endpoint_id", "next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.execute(_PRIVILEGES)


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
