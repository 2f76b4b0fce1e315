"""Payments, what moved at their gateway, its notices, and security events."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REVERSED_AMOUNT = "transactions_reversed_amount_check"

_GUARDS = """
GRANT UPDATE (reversing_amount) ON transactions TO payflow_app;
GRANT SELECT, INSERT ON payments, gateway_legs, gateway_notices, security_events TO payflow_app;
GRANT UPDATE (status, gateway_id, next_attempt_at, attempts, claim_key, claim_fingerprint)
  ON payments TO payflow_app;
GRANT UPDATE (status, deliveries) ON gateway_notices TO payflow_app;
CREATE TRIGGER gateway_legs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gateway_legs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER security_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON security_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.add_column(
        "transactions",
        sa.Column("reversing_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    _check_reversed_amount(
        "reversed_amount >= 0 AND reversing_amount >= 0"
        " AND reversed_amount + reversing_amount <= amount"
    )
    _create_payments()
    _create_gateway_legs()
    _create_gateway_notices()
    _create_security_events()
    op.execute(_GUARDS)


def downgrade() -> None:
    for table in ("security_events", "gateway_notices", "gateway_legs", "payments"):
        op.drop_table(table)
    _check_reversed_amount("reversed_amount BETWEEN 0 AND amount")
    op.drop_column("transactions", "reversing_amount")


def _check_reversed_amount(condition: str) -> None:
    op.drop_constraint(op.f(_REVERSED_AMOUNT), "transactions")
    op.create_check_constraint(op.f(_REVERSED_AMOUNT), "transactions", condition)


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gateway_id", sa.Text(collation="C"), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("charge_id", sa.Text(collation="C"), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("claim_key", sa.Text(collation="C"), nullable=True),
        sa.Column("claim_fingerprint", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(claim_key IS NULL) = (claim_fingerprint IS NULL)", name=op.f("payments_claim_check")
        ),
        sa.CheckConstraint(
            "amount BETWEEN 1 AND 9007199254740991", name=op.f("payments_amount_check")
        ),
        sa.ForeignKeyConstraint(
            ["ledger_id", "transaction_id"],
            ["transactions.ledger_id", "transactions.id"],
            name=op.f("payments_ledger_id_transaction_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("ledger_id", "transaction_id", name=op.f("payments_pkey")),
        sa.UniqueConstraint("transaction_id", name=op.f("payments_transaction_id_key")),
    )
    op.create_index(
        "payments_gateway_id",
        "payments",
        ["gateway_id", "gateway", "environment"],
        unique=True,
        postgresql_where=sa.text("gateway_id IS NOT NULL"),
    )
    op.create_index(
        "payments_due",
        "payments",
        ["next_attempt_at", "transaction_id"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )


def _create_gateway_legs() -> None:
    op.create_table(
        "gateway_legs",
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text(collation="C"), nullable=False),
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("gateway_legs_amount_check")),
        sa.ForeignKeyConstraint(
            ["ledger_id", "transaction_id"],
            ["transactions.ledger_id", "transactions.id"],
            name=op.f("gateway_legs_ledger_id_transaction_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "gateway", "environment", "kind", "gateway_id", name=op.f("gateway_legs_pkey")
        ),
    )
    op.create_index(
        "gateway_legs_at", "gateway_legs", ["gateway", "environment", "at"], unique=False
    )


def _create_gateway_notices() -> None:
    op.create_table(
        "gateway_notices",
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "environment", "id", name=op.f("gateway_notices_pkey")),
    )
    op.create_index(
        "gateway_notices_received_at", "gateway_notices", ["received_at", "id"], unique=False
    )
    op.create_index(
        "gateway_notices_status", "gateway_notices", ["status", "received_at", "id"], unique=False
    )


def _create_security_events() -> None:
    op.create_table(
        "security_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("security_events_pkey")),
    )
