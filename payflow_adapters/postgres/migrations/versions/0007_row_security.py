"""Partners' reads see the rows of their own ledgers only."""

from alembic import op

from payflow_adapters.postgres.row_security import keep_apart, keep_together

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COLUMNS = {
    "ledgers": "id",
    "accounts": "ledger_id",
    "transactions": "ledger_id",
    "entries": "ledger_id",
    "journal_blocks": "ledger_id",
    "idempotency_keys": "ledger_id",
    "wallets": "ledger_id",
    "api_keys": "ledger_id",
    "payments": "ledger_id",
    "gateway_legs": "ledger_id",
    "webhook_endpoints": "ledger_id",
    "webhook_deliveries": "ledger_id",
}

_ROLE = """
DO $$ BEGIN
  CREATE ROLE payflow_partner NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

# Who may take the role of the program may take this one as well; the program itself does not have
# what it may do.
_PRIVILEGES = """
GRANT payflow_partner TO CURRENT_USER;
GRANT payflow_partner TO payflow_app WITH INHERIT FALSE, SET TRUE;
GRANT USAGE ON SCHEMA public TO payflow_partner;
GRANT SELECT ON ledgers, accounts, transactions, entries, journal_blocks, wallets, payments,
  webhook_endpoints, webhook_deliveries TO payflow_partner;
"""


def upgrade() -> None:
    op.execute(_ROLE)
    op.execute(_PRIVILEGES)
    for table, column in _COLUMNS.items():
        op.execute(keep_apart(table, column))
    # Without it the view would show what its owner sees.
    op.execute("ALTER VIEW events SET (security_invoker = true)")


def downgrade() -> None:
    op.execute("ALTER VIEW events RESET (security_invoker)")
    for table in _COLUMNS:
        op.execute(keep_together(table))
    op.execute("DROP OWNED BY payflow_partner")
