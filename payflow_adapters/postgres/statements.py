"""The statements of the writer: few, set-based, each by primary key.

Sets of rows travel column by column, as arrays in binary (see ``arrays``).
"""

# The rows are locked in the order of the sort below them, so that two commits never wait for one
# another in a circle. Their keys stay: what refers to a ledger, such as a worker's plan for an
# endpoint, does not wait for its commits.
LOCK_LEDGERS = """
    SELECT l.id, l.partner_id, l.environment, l.settlement_limit, l.sequence, l.head, l.last_at
    FROM ledgers l WHERE l.id = ANY(%s::bigint[]) ORDER BY l.id FOR NO KEY UPDATE
"""

LOAD_KEYS = """
    SELECT k.ledger_id, k.at, k.key, k.fingerprint, k.status, k.body
    FROM unnest(%s::bigint[], %s::text[]) AS w(ledger_id, key)
    JOIN idempotency_keys k USING (ledger_id, key)
"""

LOAD_ACCOUNTS = """
    SELECT a.ledger_id, a.id, a.kind, a.currency, a.floor, a.debits_posted, a.credits_posted,
      a.debits_pending, a.credits_pending, a.version, a.sequence, a.is_open
    FROM unnest(%s::bigint[], %s::text[]) AS w(ledger_id, id)
    JOIN accounts a USING (ledger_id, id)
"""

LOAD_TRANSACTIONS = """
    SELECT t.ledger_id, t.id, t.type, t.status, t.amount, t.currency, t.postings, t.description,
      t.metadata, t.sequence, t.created_at, t.completed_at, t.reverses, t.reversed_amount,
      t.reversing_amount, t.failure
    FROM unnest(%s::bigint[], %s::text[]) AS w(ledger_id, id)
    JOIN transactions t USING (ledger_id, id)
"""

# Keys that are written again: they have been kept long enough, or had no answer yet.
FORGET_KEYS = """
    DELETE FROM idempotency_keys k USING unnest(%s::bigint[], %s::text[]) AS w(ledger_id, key)
    WHERE k.ledger_id = w.ledger_id AND k.key = w.key AND (k.status IS NULL OR k.at < %s)
"""

# Keys that were claimed and never got an answer.
RELEASE_KEYS = """
    DELETE FROM idempotency_keys k USING unnest(%s::bigint[], %s::text[]) AS w(ledger_id, key)
    WHERE k.ledger_id = w.ledger_id AND k.key = w.key AND k.status IS NULL
"""

# All that a commit writes into the books: an account only where its entries go on without a gap.
# It fails unless every account and every transaction was there to be updated.
WRITE_BOOKS = """
    WITH made AS (
      INSERT INTO transactions (ledger_id, id, type, status, amount, currency, postings,
        description, metadata, sequence, created_at, completed_at, reverses, reversed_amount,
        reversing_amount, failure)
      SELECT * FROM unnest(%(made_ledger_id)s::bigint[], %(made_id)s::text[],
        %(made_type)s::text[], %(made_status)s::text[], %(made_amount)s::bigint[],
        %(made_currency)s::text[], %(made_postings)s::json[], %(made_description)s::text[],
        %(made_metadata)s::json[], %(made_sequence)s::bigint[],
        %(made_created_at)s::timestamptz[], %(made_completed_at)s::timestamptz[],
        %(made_reverses)s::text[], %(made_reversed_amount)s::bigint[],
        %(made_reversing_amount)s::bigint[], %(made_failure)s::json[])
    ), entered AS (
      INSERT INTO entries (ledger_id, account_id, at, version, transaction_id, side, phase,
        amount, debits_posted, credits_posted, debits_pending, credits_pending, sequence)
      SELECT * FROM unnest(%(entry_ledger_id)s::bigint[], %(entry_account_id)s::text[],
        %(entry_at)s::timestamptz[], %(entry_version)s::bigint[],
        %(entry_transaction_id)s::text[], %(entry_side)s::text[], %(entry_phase)s::text[],
        %(entry_amount)s::bigint[], %(entry_debits_posted)s::bigint[],
        %(entry_credits_posted)s::bigint[], %(entry_debits_pending)s::bigint[],
        %(entry_credits_pending)s::bigint[], %(entry_sequence)s::bigint[])
    ), opened AS (
      INSERT INTO accounts SELECT * FROM json_populate_recordset(NULL::accounts, %(opened)s)
    ), moved AS (
      UPDATE accounts a SET
        debits_posted = w.debits_posted, credits_posted = w.credits_posted,
        debits_pending = w.debits_pending, credits_pending = w.credits_pending,
        version = w.version, sequence = w.sequence, is_open = w.is_open
      FROM unnest(%(account_ledger_id)s::bigint[], %(account_id)s::text[],
        %(account_debits_posted)s::bigint[], %(account_credits_posted)s::bigint[],
        %(account_debits_pending)s::bigint[], %(account_credits_pending)s::bigint[],
        %(account_version)s::bigint[], %(account_sequence)s::bigint[],
        %(account_is_open)s::boolean[], %(account_entries)s::bigint[])
        AS w(ledger_id, id, debits_posted, credits_posted, debits_pending, credits_pending,
          version, sequence, is_open, entries)
      WHERE a.ledger_id = w.ledger_id AND a.id = w.id
        AND a.version = w.version - w.entries AND a.sequence < w.sequence
      RETURNING 1
    ), changed AS (
      UPDATE transactions t SET
        status = w.status, amount = w.amount, postings = w.postings, sequence = w.sequence,
        completed_at = w.completed_at, reversed_amount = w.reversed_amount,
        reversing_amount = w.reversing_amount, failure = w.failure
      FROM json_populate_recordset(NULL::transactions, %(changed)s) w
      WHERE t.ledger_id = w.ledger_id AND t.id = w.id
      RETURNING 1
    )
    SELECT refuse_unless((SELECT count(*) FROM moved) = %(accounts)s
      AND (SELECT count(*) FROM changed) = %(transactions)s)
"""

# And into the journal: a ledger only where its journal goes on without a gap. It fails unless
# every ledger does.
WRITE_JOURNAL = """
    WITH told AS (
      INSERT INTO journal_blocks (ledger_id, last_sequence, first_sequence, at, types, bodies,
        hashes)
      SELECT * FROM unnest(%(block_ledger_id)s::bigint[], %(block_last_sequence)s::bigint[],
        %(block_first_sequence)s::bigint[], %(block_at)s::timestamptz[], %(block_types)s::text[],
        %(block_bodies)s::text[], %(block_hashes)s::bytea[])
    ), spent AS (
      INSERT INTO idempotency_keys (ledger_id, key, fingerprint, status, body, at)
      SELECT * FROM unnest(%(key_ledger_id)s::bigint[], %(key_key)s::text[],
        %(key_fingerprint)s::bytea[], %(key_status)s::bigint[]::smallint[], %(key_body)s::text[],
        %(key_at)s::timestamptz[])
    ), headed AS (
      UPDATE ledgers l SET sequence = w.sequence, head = w.head, last_at = w.last_at
      FROM unnest(%(head_id)s::bigint[], %(head_sequence)s::bigint[], %(head_head)s::bytea[],
        %(head_last_at)s::timestamptz[], %(head_events)s::bigint[])
        AS w(id, sequence, head, last_at, events)
      WHERE l.id = w.id AND l.sequence = w.sequence - w.events
      RETURNING 1
    )
    SELECT refuse_unless((SELECT count(*) FROM headed) = %(ledgers)s)
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

INSERT_WALLET = "INSERT INTO wallets SELECT * FROM json_populate_recordset(NULL::wallets, %s)"

LOAD_WALLET = """
    SELECT w.id, w.name, w.currency, w.external_user_id, w.external_wallet_id, w.status,
      w.metadata, w.created_at, a.id, a.kind, a.currency, a.floor, a.debits_posted,
      a.credits_posted, a.debits_pending, a.credits_pending, a.version, a.sequence, a.is_open
    FROM wallets w JOIN accounts a USING (ledger_id, id)
    WHERE w.ledger_id = %s AND w.id = %s
"""
