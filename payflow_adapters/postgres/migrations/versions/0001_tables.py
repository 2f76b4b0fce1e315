"""The ledger, wallets, keys and partners."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("debits_posted", sa.BigInteger(), nullable=False),
        sa.Column("credits_posted", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'wallet' OR floor IS NULL"
            " OR credits_posted - debits_posted - debits_pending >= least(floor, 0)",
            name=op.f("accounts_overdraft_check"),
        ),
        sa.CheckConstraint(
            "least(debits_posted, credits_posted, debits_pending, credits_pending) >= 0",
            name=op.f("accounts_counters_check"),
        ),
        sa.PrimaryKeyConstraint("ledger_id", "id", name=op.f("accounts_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "entries",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), nullable=False),
        sa.Column("credits_posted", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("entries_amount_check")),
        sa.PrimaryKeyConstraint(
            "ledger_id", "account_id", "at", "version", name=op.f("entries_pkey")
        ),
    )
    op.create_table(
        "events",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "sequence", name=op.f("events_pkey")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "key", name=op.f("idempotency_keys_pkey")),
    )
    op.create_table(
        "ledgers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("partner_id", sa.Text(collation="C"), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("settlement_limit", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("ledgers_pkey")),
        sa.UniqueConstraint(
            "partner_id", "environment", name=op.f("ledgers_partner_id_environment_key")
        ),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("partners_pkey")),
    )
    op.create_table(
        "transactions",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("postings", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reverses", sa.Text(collation="C"), nullable=True),
        sa.Column("reversed_amount", sa.BigInteger(), nullable=False),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "amount BETWEEN 1 AND 9007199254740991", name=op.f("transactions_amount_check")
        ),
        sa.CheckConstraint(
            "reversed_amount BETWEEN 0 AND amount", name=op.f("transactions_reversed_amount_check")
        ),
        sa.PrimaryKeyConstraint("ledger_id", "id", name=op.f("transactions_pkey")),
    )
    op.create_index(
        "transactions_pending",
        "transactions",
        ["ledger_id", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("partner_id", sa.Text(collation="C"), nullable=False),
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["ledger_id"], ["ledgers.id"], name=op.f("api_keys_ledger_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("digest", name=op.f("api_keys_digest_key")),
    )
    op.create_table(
        "wallets",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("external_user_id", sa.Text(), nullable=True),
        sa.Column("external_wallet_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger_id", "id"],
            ["accounts.ledger_id", "accounts.id"],
            name=op.f("wallets_ledger_id_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("ledger_id", "id", name=op.f("wallets_pkey")),
        sa.UniqueConstraint(
            "ledger_id", "external_wallet_id", name=op.f("wallets_ledger_id_external_wallet_id_key")
        ),
    )
    op.create_index(
        "wallets_external_user_id", "wallets", ["ledger_id", "external_user_id", "id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("wallets_external_user_id", table_name="wallets")
    op.drop_table("wallets")
    op.drop_table("api_keys")
    op.drop_index(
        "transactions_pending",
        table_name="transactions",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_table("transactions")
    op.drop_table("partners")
    op.drop_table("ledgers")
    op.drop_table("idempotency_keys")
    op.drop_table("events")
    op.drop_table("entries")
    op.drop_table("accounts")
