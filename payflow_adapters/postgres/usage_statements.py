"""The statements of the record of use.

Rows travel as JSON: few at a time, and with arrays in them. They are written in the order of their
keys, so that two processes never wait for one another in a circle.
"""

# It returns nothing for a flush that is in the record, and waits for one that is about to be.
NOTE_FLUSH = """
    INSERT INTO usage_flushes AS f (process, number, at) VALUES (%s, %s, now())
    ON CONFLICT (process) DO UPDATE SET number = excluded.number, at = excluded.at
      WHERE f.number < excluded.number
    RETURNING number
"""

ADD_MINUTES = """
    INSERT INTO usage_minutes AS u (ledger_id, minute, route, requests, client_errors,
      server_errors, limited, latencies)
    SELECT ledger_id, minute, route, requests, client_errors, server_errors, limited, latencies
    FROM json_populate_recordset(NULL::usage_minutes, %s)
    ORDER BY ledger_id, minute, route
    ON CONFLICT (ledger_id, minute, route) DO UPDATE SET
      requests = u.requests + excluded.requests,
      client_errors = u.client_errors + excluded.client_errors,
      server_errors = u.server_errors + excluded.server_errors,
      limited = u.limited + excluded.limited,
      latencies = ARRAY(SELECT a + b FROM unnest(u.latencies, excluded.latencies) AS l(a, b))
"""

ADD_DAYS = """
    INSERT INTO usage_days AS u (ledger_id, day, route, requests, client_errors, server_errors,
      limited, latencies)
    SELECT ledger_id, day, route, requests, client_errors, server_errors, limited, latencies
    FROM json_populate_recordset(NULL::usage_days, %s)
    ORDER BY ledger_id, day, route
    ON CONFLICT (ledger_id, day, route) DO UPDATE SET
      requests = u.requests + excluded.requests,
      client_errors = u.client_errors + excluded.client_errors,
      server_errors = u.server_errors + excluded.server_errors,
      limited = u.limited + excluded.limited,
      latencies = ARRAY(SELECT a + b FROM unnest(u.latencies, excluded.latencies) AS l(a, b))
"""

# An address that is one too many for its key and day is counted under another name.
ADD_KEY_DAYS = """
    INSERT INTO usage_key_days AS u (ledger_id, key_id, day, by, name, requests)
    SELECT w.ledger_id, w.key_id, w.day, w.by,
      CASE WHEN w.by <> 'address' OR kept.is_there OR kept.count < %s THEN w.name ELSE %s END
        AS kept_as,
      sum(w.requests)
    FROM json_populate_recordset(NULL::usage_key_days, %s) AS w, LATERAL (
      SELECT count(*) AS count, coalesce(bool_or(k.name = w.name), false) AS is_there
      FROM usage_key_days k
      WHERE k.ledger_id = w.ledger_id AND k.key_id = w.key_id AND k.day = w.day AND k.by = 'address'
    ) AS kept
    GROUP BY w.ledger_id, w.key_id, w.day, w.by, kept_as
    ORDER BY w.ledger_id, w.key_id, w.day, w.by, kept_as
    ON CONFLICT (ledger_id, key_id, day, by, name) DO UPDATE SET
      requests = u.requests + excluded.requests
"""

MARK_LAST_USED = """
    WITH used AS (
      SELECT k.id, w.at FROM api_keys k
      JOIN unnest(%s::text[], %s::timestamptz[]) AS w(id, at) ON k.id = w.id
      WHERE k.last_used_at IS NULL OR k.last_used_at < w.at
      ORDER BY k.id FOR UPDATE OF k
    )
    UPDATE api_keys k SET last_used_at = used.at FROM used WHERE k.id = used.id
"""

FORGET_MINUTES = """
    DELETE FROM usage_minutes u USING (
      SELECT ledger_id, minute, route FROM usage_minutes WHERE minute < %s ORDER BY minute LIMIT %s
    ) AS old
    WHERE u.ledger_id = old.ledger_id AND u.minute = old.minute AND u.route = old.route
"""

FORGET_DAYS = """
    DELETE FROM usage_days u USING (
      SELECT ledger_id, day, route FROM usage_days WHERE day < %s ORDER BY day LIMIT %s
    ) AS old
    WHERE u.ledger_id = old.ledger_id AND u.day = old.day AND u.route = old.route
"""

FORGET_KEY_DAYS = """
    DELETE FROM usage_key_days u USING (
      SELECT ledger_id, key_id, day, by, name FROM usage_key_days WHERE day < %s ORDER BY day
      LIMIT %s
    ) AS old
    WHERE u.ledger_id = old.ledger_id AND u.key_id = old.key_id AND u.day = old.day
      AND u.by = old.by AND u.name = old.name
"""

FORGET_FLUSHES = "DELETE FROM usage_flushes WHERE at < %s"

# What is full again is as if it had never been taken from. One that was told of a moment ago is
# about to be told of again.
FORGET_BUCKETS = """
    DELETE FROM rate_buckets
    WHERE at < clock_timestamp() - interval '10 minutes'
      AND used <= rate * extract(epoch FROM clock_timestamp() - at) * 1000000
"""
