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

# All that a commit writes, in one statement: each set is one JSON array, most often empty or long.
# It tells how many rows it wrote of each set. A ledger is written only where its journal goes on
# without a gap, an account only where its entries do, and an idempotency key only where it is new,
# has no answer yet or has been kept long enough.
WRITE = """
    WITH opened AS (
      INSERT INTO accounts SELECT * FROM json_populate_recordset(NULL::accounts, %(opened)s)
      RETURNING 1
    ), accounts_ AS (
      UPDATE accounts a SET
        debits_posted = w.debits_posted, credits_posted = w.credits_posted,
        debits_pending = w.debits_pending, credits_pending = w.credits_pending,
        version = w.version, sequence = w.sequence, is_open = w.is_open
      FROM json_to_recordset(%(accounts)s) AS w(
        ledger_id bigint, id text, debits_posted bigint, credits_posted bigint,
        debits_pending bigint, credits_pending bigint, version bigint, sequence bigint,
        is_open boolean, entries bigint)
      WHERE a.ledger_id = w.ledger_id AND a.id = w.id
        AND a.version = w.version - w.entries AND a.sequence < w.sequence
      RETURNING 1
    ), made AS (
      INSERT INTO transactions SELECT * FROM json_populate_recordset(NULL::transactions, %(made)s)
      RETURNING 1
    ), changed AS (
      UPDATE transactions t SET
        status = w.status, amount = w.amount, postings = w.postings, sequence = w.sequence,
        completed_at = w.completed_at, reversed_amount = w.reversed_amount, failure = w.failure
      FROM json_populate_recordset(NULL::transactions, %(changed)s) w
      WHERE t.ledger_id = w.ledger_id AND t.id = w.id
      RETURNING 1
    ), entries_ AS (
      INSERT INTO entries SELECT * FROM json_populate_recordset(NULL::entries, %(entries)s)
      RETURNING 1
    ), events_ AS (
      INSERT INTO events SELECT ledger_id, sequence, type, at, body, decode(hash, 'hex')
      FROM json_to_recordset(%(events)s) AS w(
        ledger_id bigint, sequence bigint, type text, at timestamptz, body text, hash text)
      RETURNING 1
    ), keys AS (
      INSERT INTO idempotency_keys AS k
      SELECT ledger_id, key, decode(fingerprint, 'hex'), status, body, at
      FROM json_to_recordset(%(keys)s) AS w(
        ledger_id bigint, key text, fingerprint text, status smallint, body text, at timestamptz)
      ON CONFLICT (ledger_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,
        status = excluded.status, body = excluded.body, at = excluded.at
      WHERE k.status IS NULL OR k.at < %(expired_at)s
      RETURNING 1
    ), ledgers_ AS (
      UPDATE ledgers l SET
        sequence = w.sequence, head = decode(w.head, 'hex'), last_at = w.last_at
      FROM json_to_recordset(%(ledgers)s) AS w(
        id bigint, sequence bigint, head text, last_at timestamptz, events bigint)
      WHERE l.id = w.id AND l.sequence = w.sequence - w.events
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM opened), (SELECT count(*) FROM accounts_),
      (SELECT count(*) FROM made), (SELECT count(*) FROM changed),
      (SELECT count(*) FROM entries_), (SELECT count(*) FROM events_),
      (SELECT count(*) FROM keys), (SELECT count(*) FROM ledgers_)
"""
