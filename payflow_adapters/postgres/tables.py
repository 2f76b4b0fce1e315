"""The tables. Every table of a tenant leads its primary key with the ledger.

Ids are compared byte by byte (collation C), so that they sort as they were made. What may never
change (entries, the journal, gateway legs) is kept so by triggers and privileges: see the
migrations.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

APP_ROLE = "payflow_app"
"""The database role that the running program takes: it owns nothing and may change little."""

PARTNER_ROLE = "payflow_partner"
"""The role that it takes to read for a partner: see ``row_security``."""

Id = Text(collation="C")
Moment = DateTime(timezone=True)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)

partners = Table(
    "partners",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("legal_name", Text),
    Column("country", Text),
    Column("business_type", Text),
    Column("website", Text),
    Column("contact_email", Text),
    Column("contact_name", Text),
    Column("expected_amount", BigInteger),
    Column("expected_currency", Text),
    Column("use_case", Text),
    Column("application_key", LargeBinary),
    Column("application_fingerprint", LargeBinary),
    UniqueConstraint("application_key"),
    CheckConstraint(
        "(application_key IS NULL) = (application_fingerprint IS NULL)", name="application"
    ),
    CheckConstraint(
        "(expected_amount IS NULL) = (expected_currency IS NULL)", name="expected_volume"
    ),
    Index("partners_status", "status", "id"),
)

partner_changes = Table(
    "partner_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("partner_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("reason", Text),
    Column("overrides", Boolean, nullable=False),
    ForeignKeyConstraint(["partner_id"], ["partners.id"]),
    Index("partner_changes_partner_id", "partner_id", "id"),
)

ledgers = Table(
    "ledgers",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("partner_id", Id, nullable=False),
    Column("environment", Text, nullable=False),
    Column("settlement_limit", BigInteger),
    Column("sequence", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("last_at", Moment, nullable=False),
    UniqueConstraint("partner_id", "environment"),
    # Room on each page for the new version of a row that every commit updates.
    postgresql_with={"fillfactor": "50"},
)

accounts = Table(
    "accounts",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("floor", BigInteger),
    Column("debits_posted", BigInteger, nullable=False),
    Column("credits_posted", BigInteger, nullable=False),
    Column("debits_pending", BigInteger, nullable=False),
    Column("credits_pending", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("is_open", Boolean, nullable=False),
    PrimaryKeyConstraint("ledger_id", "id"),
    CheckConstraint(
        "least(debits_posted, credits_posted, debits_pending, credits_pending) >= 0",
        name="counters",
    ),
    CheckConstraint(
        "kind <> 'wallet' OR floor IS NULL"
        " OR credits_posted - debits_posted - debits_pending >= least(floor, 0)",
        name="overdraft",
    ),
    postgresql_with={"fillfactor": "50"},
)

transactions = Table(
    "transactions",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("id", Id, nullable=False),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("postings", JSON, nullable=False),
    Column("description", Text),
    Column("metadata", JSON, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("completed_at", Moment),
    Column("reverses", Id),
    Column("reversed_amount", BigInteger, nullable=False),
    Column("reversing_amount", BigInteger, nullable=False, server_default=text("0")),
    Column("failure", JSON),
    PrimaryKeyConstraint("ledger_id", "id"),
    CheckConstraint("amount BETWEEN 1 AND 9007199254740991", name="amount"),
    CheckConstraint(
        "reversed_amount >= 0 AND reversing_amount >= 0"
        " AND reversed_amount + reversing_amount <= amount",
        name="reversed_amount",
    ),
)

pending_transactions = Index(
    "transactions_pending",
    transactions.c.ledger_id,
    transactions.c.id,
    postgresql_where=text("status = 'pending'"),
)

voided_transactions = Index(
    "transactions_voided",
    transactions.c.ledger_id,
    transactions.c.id,
    postgresql_where=text("status = 'voided'"),
)

entries = Table(
    "entries",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("transaction_id", Id, nullable=False),
    Column("side", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("debits_posted", BigInteger, nullable=False),
    Column("credits_posted", BigInteger, nullable=False),
    Column("debits_pending", BigInteger, nullable=False),
    Column("credits_pending", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # Times never go back within an account, so this is the order of versions too: one index
    # serves statements and balances as of any moment.
    PrimaryKeyConstraint("ledger_id", "account_id", "at", "version"),
    CheckConstraint("amount > 0", name="amount"),
)

# The events of the journal, some to a row: see ``blocks``. The view ``events`` has them one by one.
journal_blocks = Table(
    "journal_blocks",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("types", Text, nullable=False),
    Column("bodies", Text, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("ledger_id", "last_sequence"),
    CheckConstraint(
        "octet_length(hashes) = 32 * (last_sequence - first_sequence + 1)", name="hashes"
    ),
    # A block that fits on a page stays there, and as it is.
    postgresql_with={"toast_tuple_target": "8160"},
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("key", Id, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger),
    Column("body", Text),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("ledger_id", "key"),
    Index("idempotency_keys_spent", "at", postgresql_where=text("status IS NOT NULL")),
)

wallets = Table(
    "wallets",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("id", Id, nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("external_user_id", Text),
    Column("external_wallet_id", Text),
    Column("status", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("ledger_id", "id"),
    UniqueConstraint("ledger_id", "external_wallet_id"),
    ForeignKeyConstraint(["ledger_id", "id"], ["accounts.ledger_id", "accounts.id"]),
    Index("wallets_external_user_id", "ledger_id", "external_user_id", "id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, nullable=False),
    Column("ledger_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("permissions", JSON, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("expires_at", Moment),
    Column("allowed_networks", JSON, nullable=False),
    Column("replaced_by", Id),
    Column("last_used_at", Moment),
    UniqueConstraint("digest"),
    ForeignKeyConstraint(["ledger_id"], ["ledgers.id"]),
    Index("api_keys_ledger_id", "ledger_id", "id"),
    Index("api_keys_partner_id", "partner_id", "id"),
)

certifications = Table(
    "certifications",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("item", Text, nullable=False),
    Column("done_at", Moment, nullable=False),
    PrimaryKeyConstraint("ledger_id", "item"),
    ForeignKeyConstraint(["ledger_id"], ["ledgers.id"]),
)

payments = Table(
    "payments",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("transaction_id", Id, nullable=False),
    Column("environment", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("wallet_id", Id, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("gateway_id", Id),
    Column("reference", Text),
    Column("charge_id", Id),
    Column("next_attempt_at", Moment),
    Column("attempts", BigInteger, nullable=False),
    Column("claim_key", Id),
    Column("claim_fingerprint", LargeBinary),
    # Empty where no request made it: a dispute, or a refund at the gateway.
    Column("request_id", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("ledger_id", "transaction_id"),
    UniqueConstraint("transaction_id"),
    ForeignKeyConstraint(
        ["ledger_id", "transaction_id"], ["transactions.ledger_id", "transactions.id"]
    ),
    CheckConstraint("amount BETWEEN 1 AND 9007199254740991", name="amount"),
    CheckConstraint("(claim_key IS NULL) = (claim_fingerprint IS NULL)", name="claim"),
)

# The gateway's id comes first: a ledger's own payments are looked up without the environment.
payments_at_gateway = Index(
    "payments_gateway_id",
    payments.c.gateway_id,
    payments.c.gateway,
    payments.c.environment,
    unique=True,
    postgresql_where=text("gateway_id IS NOT NULL"),
)

payments_by_kind = Index(
    "payments_kind",
    payments.c.ledger_id,
    payments.c.kind,
    payments.c.status,
    payments.c.transaction_id,
)

due_payments = Index(
    "payments_due",
    payments.c.next_attempt_at,
    payments.c.transaction_id,
    postgresql_where=text("next_attempt_at IS NOT NULL"),
)

gateway_legs = Table(
    "gateway_legs",
    metadata,
    Column("gateway", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("gateway_id", Id, nullable=False),
    Column("ledger_id", BigInteger, nullable=False),
    Column("transaction_id", Id, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", Moment, nullable=False),
    # It is the gateway's account of money that has one such line, whatever the ledger.
    PrimaryKeyConstraint("gateway", "environment", "kind", "gateway_id"),
    ForeignKeyConstraint(
        ["ledger_id", "transaction_id"], ["transactions.ledger_id", "transactions.id"]
    ),
    CheckConstraint("amount <> 0", name="amount"),
    Index("gateway_legs_at", "gateway", "environment", "at"),
)

gateway_notices = Table(
    "gateway_notices",
    metadata,
    Column("gateway", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("id", Id, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("deliveries", BigInteger, nullable=False),
    PrimaryKeyConstraint("gateway", "environment", "id"),
    Index("gateway_notices_received_at", "received_at", "id"),
    Index("gateway_notices_gateway", "gateway", "environment", "received_at"),
    Index("gateway_notices_status", "status", "received_at", "id"),
)

security_events = Table(
    "security_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("address", Text),
    Column("facts", JSON, nullable=False),
    Index("security_events_at", "at"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Id, nullable=False),
    Column("action", Id, nullable=False),
    Column("subject", Id, nullable=False),
    Column("address", Text),
    Column("partner_id", Id),
    Column("reason", Text),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("facts", JSON, nullable=False),
    Index("audit_log_at", "at", "id"),
    Index("audit_log_actor", "actor", "at", "id"),
    Index("audit_log_action", "action", "at", "id"),
    Index("audit_log_subject", "subject", "at", "id"),
    Index("audit_log_partner_id", "partner_id", "at", "id"),
)

operators = Table(
    "operators",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", Id, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    UniqueConstraint("username"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("operator_id", Id, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    ForeignKeyConstraint(["operator_id"], ["operators.id"]),
    Index("staff_sessions_operator_id", "operator_id"),
)

staff_idempotency_keys = Table(
    "staff_idempotency_keys",
    metadata,
    Column("operator_id", Id, nullable=False),
    Column("key", Id, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("operator_id", "key"),
    Index("staff_idempotency_keys_at", "at"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("subject", Id, primary_key=True),
    Column("ends_at", Moment, nullable=False),
    Column("count", BigInteger, nullable=False),
    Index("login_attempts_ends_at", "ends_at"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("id", Id, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("description", Text),
    Column("status", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    Column("previous_secret_until", Moment),
    Column("disabled_reason", Text),
    Column("disabled_at", Moment),
    Column("failing_since", Moment),
    Column("created_at", Moment, nullable=False),
    Column("planned_through", BigInteger, nullable=False),
    Column("leased_by", Text),
    Column("leased_until", Moment),
    Column("deleted_at", Moment),
    PrimaryKeyConstraint("ledger_id", "id"),
    ForeignKeyConstraint(["ledger_id"], ["ledgers.id"]),
    # Room on each page for the new version of a row that every plan updates.
    postgresql_with={"fillfactor": "50"},
)

# No key into the endpoints: what is left of one that was removed is purged bit by bit.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("endpoint_id", Id, nullable=False),
    Column("id", Id, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("event_id", Id, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_attempt_at", Moment),
    Column("tries", BigInteger, nullable=False),
    Column("attempts_made", BigInteger, nullable=False),
    Column("attempts", JSONB, nullable=False),
    Column("body", Text),
    PrimaryKeyConstraint("ledger_id", "endpoint_id", "id"),
    CheckConstraint("(next_attempt_at IS NOT NULL) = (status = 'pending')", name="next_attempt_at"),
    CheckConstraint("(sequence = 0) = (body IS NOT NULL)", name="body"),
)

due_deliveries = Index(
    "webhook_deliveries_due",
    webhook_deliveries.c.ledger_id,
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.next_attempt_at,
    webhook_deliveries.c.id,
    postgresql_where=text("next_attempt_at IS NOT NULL"),
)

lost_deliveries = Index(
    "webhook_deliveries_lost",
    webhook_deliveries.c.ledger_id,
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.id,
    postgresql_where=text("status IN ('failed', 'skipped')"),
)

# Every transfer has those that are left out: they are found soon among all deliveries, and each
# would cost the database half as much again.
deliveries_by_event = Index(
    "webhook_deliveries_by_event",
    webhook_deliveries.c.ledger_id,
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.event_type,
    webhook_deliveries.c.id,
    postgresql_where=text(
        "event_type NOT IN ('transaction.completed', 'wallet.credited', 'wallet.debited')"
    ),
)

# What staff set; null where it is the environment's.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("ledger_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rate", BigInteger),
    Column("burst", BigInteger),
    Column("money_rate", BigInteger),
    Column("money_burst", BigInteger),
    Column("changed_at", Moment, nullable=False),
    ForeignKeyConstraint(["ledger_id"], ["ledgers.id"]),
    CheckConstraint(
        "(rate IS NULL) = (burst IS NULL) AND (money_rate IS NULL) = (money_burst IS NULL)",
        name="whole",
    ),
    Index("rate_limits_changed_at", "changed_at"),
)

# Worth nothing after a crash, so no log of it is written.
rate_buckets = Table(
    "rate_buckets",
    metadata,
    Column("key", Id, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("rate", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    prefixes=["UNLOGGED"],
    postgresql_with={"fillfactor": "50"},
)


def _counts() -> list[Column[Any]]:
    return [
        Column("route", Id, nullable=False),
        Column("requests", BigInteger, nullable=False),
        Column("client_errors", BigInteger, nullable=False),
        Column("server_errors", BigInteger, nullable=False),
        Column("limited", BigInteger, nullable=False),
        Column("latencies", ARRAY(BigInteger), nullable=False),
    ]


usage_minutes = Table(
    "usage_minutes",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("minute", Moment, nullable=False),
    *_counts(),
    PrimaryKeyConstraint("ledger_id", "minute", "route"),
    Index("usage_minutes_minute", "minute"),
)

usage_days = Table(
    "usage_days",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    *_counts(),
    PrimaryKeyConstraint("ledger_id", "day", "route"),
    Index("usage_days_day", "day"),
)

# ``by`` is what ``name`` is of: a route or an address.
usage_key_days = Table(
    "usage_key_days",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("key_id", Id, nullable=False),
    Column("day", Date, nullable=False),
    Column("by", Text, nullable=False),
    Column("name", Id, nullable=False),
    Column("requests", BigInteger, nullable=False),
    PrimaryKeyConstraint("ledger_id", "key_id", "day", "by", "name"),
    Index("usage_key_days_day", "day"),
)

# The last addition to the record of use that each process has made.
usage_flushes = Table(
    "usage_flushes",
    metadata,
    Column("process", Id, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
)

volumes = Table(
    "volumes",
    metadata,
    Column("ledger_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("amount", Numeric, nullable=False),
    PrimaryKeyConstraint("ledger_id", "day", "currency", "type"),
)

# Volumes have every event up to ``sequence``, and none after it.
volume_cursors = Table(
    "volume_cursors",
    metadata,
    Column("ledger_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("moved_at", Moment, nullable=False),
)
