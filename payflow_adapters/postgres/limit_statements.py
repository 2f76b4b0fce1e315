"""The statements of limits."""

# What came back is taken off the sum, not off what was there: what is told of now was taken over
# the same time. Buckets are locked in the order of their keys, so that two processes never wait for
# one another in a circle.
EXCHANGE_TAKEN = """
    INSERT INTO rate_buckets AS b (key, used, rate, version, at)
    SELECT t.key, t.used, t.rate, 1, clock_timestamp()
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS t(key, used, rate)
    ORDER BY t.key
    ON CONFLICT (key) DO UPDATE SET
      used = greatest(0, greatest(0, b.used) + excluded.used - excluded.rate
        * (least(greatest(extract(epoch FROM excluded.at - b.at), 0), 86400) * 1000000)::bigint),
      version = b.version + 1,
      at = greatest(b.at, excluded.at)
    RETURNING key, greatest(0, used), version
"""

# There is a row to be locked, then: one that says that the ledger has no limits of its own.
BEGIN_LIMITS = """
    INSERT INTO rate_limits (ledger_id, changed_at) VALUES (%s, clock_timestamp())
    ON CONFLICT (ledger_id) DO NOTHING
"""

LOCK_LIMITS = """
    SELECT l.environment, r.rate, r.burst, r.money_rate, r.money_burst, r.changed_at
    FROM rate_limits r JOIN ledgers l ON l.id = r.ledger_id
    WHERE r.ledger_id = %s FOR UPDATE OF r
"""

KEEP_LIMITS = """
    INSERT INTO rate_limits (ledger_id, rate, burst, money_rate, money_burst, changed_at)
    VALUES (%s, %s, %s, %s, %s, clock_timestamp())
    ON CONFLICT (ledger_id) DO UPDATE SET rate = excluded.rate, burst = excluded.burst,
      money_rate = excluded.money_rate, money_burst = excluded.money_burst,
      changed_at = excluded.changed_at
"""
