"""The statements that count for staff.

Each goes by an index, or reads a table that has few rows. Deliveries are bounded by their ids,
which sort by the time they were made for: the primary key leads to those of an endpoint.
"""

PARTNERS = "SELECT status, count(*) FROM partners GROUP BY status"

WALLETS = """
    SELECT l.environment, count(*)
    FROM ledgers l JOIN wallets w ON w.ledger_id = l.id
    GROUP BY l.environment
"""

DAILY_VOLUMES = """
    SELECT v.day, l.environment, v.currency, sum(v.count)::bigint,
      least(sum(v.amount), %(amount_max)s)::bigint
    FROM ledgers l JOIN volumes v ON v.ledger_id = l.id
    WHERE v.day >= %(first)s AND v.type IN ('credit', 'debit', 'transfer', 'payout')
    GROUP BY v.day, l.environment, v.currency
    ORDER BY v.day DESC, l.environment COLLATE "C", v.currency COLLATE "C"
"""

PENDING = """
    SELECT (SELECT count(*) FROM unnest(%(edges)s::timestamptz[]) e WHERE created_at <= e) AS place,
      count(*)
    FROM transactions WHERE status = 'pending'
    GROUP BY place
"""

GATEWAY = """
    SELECT pending.count, pending.oldest,
      (SELECT count(*) FROM gateway_notices
       WHERE status = 'received' AND gateway = %(gateway)s AND environment = %(environment)s),
      (SELECT max(received_at) FROM gateway_notices
       WHERE gateway = %(gateway)s AND environment = %(environment)s)
    FROM (
      SELECT count(*), min(created_at) AS oldest FROM payments
      WHERE next_attempt_at IS NOT NULL AND gateway = %(gateway)s AND environment = %(environment)s
    ) pending
"""

WEBHOOKS = """
    SELECT ended.delivered, ended.failed, waiting.count, waiting.oldest
    FROM (
      SELECT count(*) FILTER (WHERE d.status = 'delivered') AS delivered,
        count(*) FILTER (WHERE d.status = 'failed') AS failed
      FROM webhook_endpoints e
      JOIN webhook_deliveries d ON d.ledger_id = e.ledger_id AND d.endpoint_id = e.id
      WHERE d.id >= %(first_id)s AND d.created_at >= %(since)s
    ) ended, (
      SELECT count(*), min(next_attempt_at) AS oldest FROM webhook_deliveries
      WHERE next_attempt_at IS NOT NULL
    ) waiting
"""

SECURITY_EVENTS = "SELECT kind, count(*) FROM security_events WHERE at >= %s GROUP BY kind"

SERVER = """
    SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
      current_setting('max_connections')::integer
"""

HAS_STATEMENTS = "SELECT to_regclass('pg_stat_statements') IS NOT NULL"

STATEMENTS = """
    SELECT left(query, 500), calls, total_exec_time, mean_exec_time, rows
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY total_exec_time DESC LIMIT %s
"""
