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

# Keys that are written again: expired, or claimed before their answer was known.
FORGET_KEYS = """
    DELETE FROM idempotency_keys k
    USING unnest(%b::bigint[], %b::text[]) AS w(ledger_id, key)
    WHERE k.ledger_id = w.ledger_id AND k.key = w.key
"""

UPDATE_LEDGERS = """
    UPDATE ledgers l SET sequence = w.sequence, head = w.head, last_at = w.last_at
    FROM unnest(%b::bigint[], %b::bigint[], %b::bytea[], %b::timestamptz[])
      AS w(id, sequence, head, last_at)
    WHERE l.id = w.id
"""

# Guarded by the version: an account never goes back.
UPDATE_ACCOUNTS = """
    UPDATE accounts a SET
      debits_posted = w.debits_posted, credits_posted = w.credits_posted,
      debits_pending = w.debits_pending, credits_pending = w.credits_pending,
      version = w.version, sequence = w.sequence, is_open = w.is_open
    FROM json_to_recordset(%s::json) AS w(
      ledger_id bigint, id text, debits_posted bigint, credits_posted bigint,
      debits_pending bigint, credits_pending bigint,
      version bigint, sequence bigint, is_open boolean)
    WHERE a.ledger_id = w.ledger_id AND a.id = w.id AND a.version <= w.version
"""

INSERT_ACCOUNT = """
    INSERT INTO accounts (ledger_id, id, kind, currency, floor, debits_posted, credits_posted,
      debits_pending, credits_pending, version, sequence, is_open)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

UPDATE_TRANSACTION = """
    UPDATE transactions SET status = %s, amount = %s, postings = %s::json, sequence = %s,
      completed_at = %s, reversed_amount = %s, failure = %s::json
    WHERE ledger_id = %s AND id = %s
"""
