"""The statements of the writer: few, set-based, each by primary key."""

# The rows are locked in the order of the sort below them, so that two commits never wait for one
# another in a circle.
LOCK_LEDGERS = """
    SELECT l.id, l.partner_id, l.environment, l.settlement_limit, l.sequence, l.head, l.last_at
    FROM ledgers l WHERE l.id = ANY(%b::bigint[]) ORDER BY l.id FOR UPDATE
"""

LOAD_KEYS = """
    SELECT k.ledger_id, k.at, k.key, k.fingerprint, k.status, k.body
    FROM unnest(%b::bigint[], %b::text[]) AS w(ledger_id, key)
    JOIN idempotency_keys k USING (ledger_id, key)
"""

LOAD_ACCOUNTS = """
    SELECT a.ledger_id, a.id, a.kind, a.currency, a.floor, a.debits_posted, a.credits_posted,
      a.debits_pending, a.credits_pending, a.version, a.sequence, a.is_open
    FROM unnest(%b::bigint[], %b::text[]) AS w(ledger_id, id)
    JOIN accounts a USING (ledger_id, id)
"""

LOAD_TRANSACTIONS = """
    SELECT t.ledger_id, t.id, t.type, t.status, t.amount, t.currency, t.postings, t.description,
      t.metadata, t.sequence, t.created_at, t.completed_at, t.reverses, t.reversed_amount,
      t.failure
    FROM unnest(%b::bigint[], %b::text[]) AS w(ledger_id, id)
    JOIN transactions t USING (ledger_id, id)
"""

COPY_TRANSACTIONS = """
    COPY transactions (ledger_id, id, type, status, amount, currency, postings, description,
      metadata, sequence, created_at, completed_at, reverses, reversed_amount, failure) FROM STDIN
"""

COPY_ENTRIES = """
    COPY entries (ledger_id, account_id, at, version, transaction_id, side, phase, amount,
      debits_posted, credits_posted, debits_pending, credits_pending, sequence) FROM STDIN
"""

COPY_EVENTS = "COPY events (ledger_id, sequence, type, at, body, hash) FROM STDIN"

COPY_KEYS = "COPY idempotency_keys (ledger_id, key, fingerprint, status, body, at) FROM STDIN"

# Keys that are written again: they have been kept long enough, or had no answer yet.
FORGET_KEYS = """
    DELETE FROM idempotency_keys k USING unnest(%b::bigint[], %b::text[]) AS w(ledger_id, key)
    WHERE k.ledger_id = w.ledger_id AND k.key = w.key AND (k.status IS NULL OR k.at < %b)
"""

# Only where the journal goes on without a gap.
UPDATE_LEDGERS = """
    UPDATE ledgers l SET sequence = w.sequence, head = decode(w.head, 'hex'), last_at = w.last_at
    FROM json_to_recordset(%s) AS w(
      id bigint, sequence bigint, head text, last_at timestamptz, events bigint)
    WHERE l.id = w.id AND l.sequence = w.sequence - w.events
"""

# Only where the entries go on without a gap.
UPDATE_ACCOUNTS = """
    UPDATE accounts a SET
      debits_posted = w.debits_posted, credits_posted = w.credits_posted,
      debits_pending = w.debits_pending, credits_pending = w.credits_pending,
      version = w.version, sequence = w.sequence, is_open = w.is_open
    FROM json_to_recordset(%s) AS w(
      ledger_id bigint, id text, debits_posted bigint, credits_posted bigint,
      debits_pending bigint, credits_pending bigint, version bigint, sequence bigint,
      is_open boolean, entries bigint)
    WHERE a.ledger_id = w.ledger_id AND a.id = w.id
      AND a.version = w.version - w.entries AND a.sequence < w.sequence
"""

UPDATE_TRANSACTIONS = """
    UPDATE transactions t SET
      status = w.status, amount = w.amount, postings = w.postings, sequence = w.sequence,
      completed_at = w.completed_at, reversed_amount = w.reversed_amount, failure = w.failure
    FROM json_populate_recordset(NULL::transactions, %s) w
    WHERE t.ledger_id = w.ledger_id AND t.id = w.id
"""

UPDATE_WALLET = """
    UPDATE wallets t SET name = w.name, status = w.status, metadata = w.metadata
    FROM json_populate_recordset(NULL::wallets, %s) w
    WHERE t.ledger_id = w.ledger_id AND t.id = w.id
"""

INSERT_LEDGER = """
    INSERT INTO ledgers (partner_id, environment, settlement_limit, sequence, head, last_at)
    VALUES (%s, %s, %s, 0, %s, %s)
    RETURNING id, partner_id, environment, settlement_limit, sequence, head, last_at
"""

INSERT_ACCOUNTS = "INSERT INTO accounts SELECT * FROM json_populate_recordset(NULL::accounts, %s)"
INSERT_WALLET = "INSERT INTO wallets SELECT * FROM json_populate_recordset(NULL::wallets, %s)"
INSERT_PARTNER = "INSERT INTO partners SELECT * FROM json_populate_recordset(NULL::partners, %s)"
INSERT_API_KEY = """
    INSERT INTO api_keys (id, partner_id, ledger_id, name, permissions, digest, prefix, last_four,
      created_at, revoked_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

LOAD_WALLET = """
    SELECT w.id, w.name, w.currency, w.external_user_id, w.external_wallet_id, w.status,
      w.metadata, w.created_at, a.id, a.kind, a.currency, a.floor, a.debits_posted,
      a.credits_posted, a.debits_pending, a.credits_pending, a.version, a.sequence, a.is_open
    FROM wallets w JOIN accounts a USING (ledger_id, id)
    WHERE w.ledger_id = %s AND w.id = %s
"""
