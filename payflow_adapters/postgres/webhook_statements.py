"""The statements of webhooks.

So that nobody waits for one another in a circle, whoever writes of an endpoint and of several of
its deliveries locks the endpoint first, and then the deliveries in the order of their ids. Workers
who look for something to do wait for nobody.
"""

_ENDPOINT = """
    e.ledger_id, l.environment, e.id, e.url, e.events, e.description, e.status, e.secret,
    e.created_at, e.planned_through, e.previous_secret, e.previous_secret_until,
    e.disabled_reason, e.disabled_at, e.failing_since
"""

_DELIVERY = """
    d.ledger_id, d.endpoint_id, d.id, d.sequence, d.event_id, d.event_type, d.status,
    d.created_at, d.next_attempt_at, d.tries, d.attempts_made, d.attempts
"""

INSERT_ENDPOINT = """
    INSERT INTO webhook_endpoints (ledger_id, id, url, events, description, status, secret,
      created_at, planned_through, previous_secret, previous_secret_until, disabled_reason,
      disabled_at, failing_since)
    VALUES (%(ledger_id)s, %(id)s, %(url)s, %(events)s, %(description)s, %(status)s, %(secret)s,
      %(created_at)s, %(planned_through)s, %(previous_secret)s, %(previous_secret_until)s,
      %(disabled_reason)s, %(disabled_at)s, %(failing_since)s)
"""

# It fails unless the endpoint was there.
UPDATE_ENDPOINT = """
    WITH changed AS (
      UPDATE webhook_endpoints SET url = %(url)s, events = %(events)s,
        description = %(description)s, status = %(status)s, secret = %(secret)s,
        previous_secret = %(previous_secret)s, previous_secret_until = %(previous_secret_until)s,
        disabled_reason = %(disabled_reason)s, disabled_at = %(disabled_at)s,
        failing_since = CASE WHEN %(failing_since)s::timestamptz IS NULL THEN NULL
          ELSE failing_since END
      WHERE ledger_id = %(ledger_id)s AND id = %(id)s AND deleted_at IS NULL
      RETURNING 1
    )
    SELECT refuse_unless(EXISTS (SELECT FROM changed))
"""

REMOVE_ENDPOINT = """
    WITH removed AS (
      UPDATE webhook_endpoints SET deleted_at = %s
      WHERE ledger_id = %s AND id = %s AND deleted_at IS NULL
      RETURNING 1
    )
    SELECT refuse_unless(EXISTS (SELECT FROM removed))
"""

LOAD_ENDPOINT = f"""
    SELECT {_ENDPOINT} FROM webhook_endpoints e JOIN ledgers l ON l.id = e.ledger_id
    WHERE e.ledger_id = %s AND e.id = %s AND e.deleted_at IS NULL
"""  # noqa: S608  # our own columns

LOAD_ENDPOINTS = f"""
    SELECT {_ENDPOINT} FROM unnest(%s::bigint[], %s::text[]) AS w(ledger_id, id)
    JOIN webhook_endpoints e ON e.ledger_id = w.ledger_id AND e.id = w.id
    JOIN ledgers l ON l.id = e.ledger_id
    WHERE e.deleted_at IS NULL
"""  # noqa: S608  # our own columns

COUNT_ENDPOINTS = """
    SELECT count(*) FROM webhook_endpoints WHERE ledger_id = %s AND deleted_at IS NULL
"""

SKIP_PENDING = """
    WITH first AS MATERIALIZED (
      SELECT ledger_id, endpoint_id, id FROM webhook_deliveries
      WHERE ledger_id = %(ledger_id)s AND endpoint_id = %(endpoint_id)s
        AND next_attempt_at IS NOT NULL
      ORDER BY next_attempt_at, id LIMIT %(limit)s
    ), pending AS (
      SELECT d.ledger_id, d.endpoint_id, d.id FROM first f JOIN webhook_deliveries d
        ON d.ledger_id = f.ledger_id AND d.endpoint_id = f.endpoint_id AND d.id = f.id
      WHERE d.next_attempt_at IS NOT NULL
      ORDER BY d.id FOR UPDATE OF d
    ), skipped AS (
      UPDATE webhook_deliveries d SET status = 'skipped', next_attempt_at = NULL
      FROM pending p
      WHERE d.ledger_id = p.ledger_id AND d.endpoint_id = p.endpoint_id AND d.id = p.id
      RETURNING 1
    )
    SELECT count(*) FROM skipped
"""

RETRY_DELIVERY = f"""
    UPDATE webhook_deliveries d SET status = 'pending', next_attempt_at = %s, tries = 0
    WHERE d.ledger_id = %s AND d.endpoint_id = %s AND d.id = %s
    RETURNING {_DELIVERY}
"""  # noqa: S608  # our own columns

RECOVER = """
    WITH lost AS (
      SELECT ledger_id, endpoint_id, id FROM webhook_deliveries
      WHERE ledger_id = %s AND endpoint_id = %s AND created_at >= %s
        AND status IN ('failed', 'skipped')
      ORDER BY id LIMIT %s FOR UPDATE
    ), recovered AS (
      UPDATE webhook_deliveries d SET status = 'pending', next_attempt_at = %s, tries = 0
      FROM lost l
      WHERE d.ledger_id = l.ledger_id AND d.endpoint_id = l.endpoint_id AND d.id = l.id
      RETURNING 1
    )
    SELECT count(*) FROM recovered
"""

# What another worker takes at the same time is passed over and not waited for. A ledger that is
# locked by a commit is read as it was before. What is due first is asked for in the order of its
# index: a plan that was made while there were few deliveries may read all of them otherwise.
TAKE_ENDPOINTS = f"""
    WITH free AS (
      SELECT e.ledger_id, e.id, e.leased_until AS since, d.is_due
      FROM webhook_endpoints e JOIN ledgers l ON l.id = e.ledger_id
      CROSS JOIN LATERAL (SELECT coalesce((
        SELECT d.next_attempt_at FROM webhook_deliveries d
        WHERE d.ledger_id = e.ledger_id AND d.endpoint_id = e.id AND d.next_attempt_at IS NOT NULL
        ORDER BY d.next_attempt_at, d.id LIMIT 1
      ) <= CASE WHEN e.status = 'enabled' THEN %(now)s::timestamptz ELSE 'infinity' END, false)
        AS is_due) d
      WHERE e.deleted_at IS NULL
        AND (%(of)s::bigint[] IS NULL OR e.ledger_id = ANY (%(of)s::bigint[]))
        AND (e.leased_until IS NULL OR e.leased_until < %(now)s OR e.leased_by = %(worker)s)
        AND (e.planned_through < l.sequence OR d.is_due)
      ORDER BY e.leased_until NULLS FIRST, e.ledger_id, e.id LIMIT %(limit)s
      FOR UPDATE OF e SKIP LOCKED
    ), leased AS (
      UPDATE webhook_endpoints e SET leased_by = %(worker)s, leased_until = %(until)s
      FROM free f WHERE e.ledger_id = f.ledger_id AND e.id = f.id
      RETURNING e.*, f.since, f.is_due
    )
    SELECT {_ENDPOINT}, l.sequence, e.is_due FROM leased e JOIN ledgers l ON l.id = e.ledger_id
    ORDER BY e.since NULLS FIRST, e.ledger_id, e.id
"""  # noqa: S608  # our own columns

GIVE_BACK = """
    WITH unchanged AS (
      SELECT d.ledger_id, d.endpoint_id, d.id
      FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
        AS w(ledger_id, endpoint_id, id, put_off_to)
      JOIN webhook_deliveries d
        ON d.ledger_id = w.ledger_id AND d.endpoint_id = w.endpoint_id AND d.id = w.id
      WHERE d.next_attempt_at = w.put_off_to
      ORDER BY d.ledger_id, d.endpoint_id, d.id FOR UPDATE OF d
    )
    UPDATE webhook_deliveries d SET next_attempt_at = %s
    FROM unchanged u
    WHERE d.ledger_id = u.ledger_id AND d.endpoint_id = u.endpoint_id AND d.id = u.id
"""

SET_ASIDE = """
    UPDATE webhook_endpoints e SET leased_by = NULL
    FROM unnest(%s::bigint[], %s::text[]) AS w(ledger_id, id)
    WHERE e.ledger_id = w.ledger_id AND e.id = w.id
"""

RELEASE_ENDPOINTS = """
    UPDATE webhook_endpoints SET leased_by = NULL, leased_until = NULL WHERE leased_by = %s
"""

LOAD_EVENTS = """
    SELECT first_sequence, at, types, bodies, hashes FROM journal_blocks
    WHERE ledger_id = %(ledger_id)s AND last_sequence > %(after)s
      AND last_sequence < %(before)s
    ORDER BY last_sequence
"""

# A body is in the journal, but for test events, which are in none.
TAKE_DELIVERIES = f"""
    WITH due AS (
      SELECT d.ledger_id, d.endpoint_id, d.id, d.next_attempt_at AS since
      FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS w(ledger_id, endpoint_id, room)
      CROSS JOIN LATERAL (
        SELECT * FROM webhook_deliveries o
        WHERE o.ledger_id = w.ledger_id AND o.endpoint_id = w.endpoint_id
          AND o.next_attempt_at <= %s
        ORDER BY o.next_attempt_at, o.id LIMIT w.room
        FOR UPDATE SKIP LOCKED
      ) d
    ), taken AS (
      UPDATE webhook_deliveries d SET next_attempt_at = %s
      FROM due f
      WHERE d.ledger_id = f.ledger_id AND d.endpoint_id = f.endpoint_id AND d.id = f.id
      RETURNING d.*, f.since
    )
    SELECT {_DELIVERY},
      coalesce(d.body, split_part(b.bodies, E'\\n', (d.sequence - b.first_sequence)::integer + 1))
    FROM taken d LEFT JOIN LATERAL (
      SELECT j.bodies, j.first_sequence FROM journal_blocks j
      WHERE d.sequence > 0 AND j.ledger_id = d.ledger_id AND j.last_sequence >= d.sequence
      ORDER BY j.last_sequence LIMIT 1
    ) b ON true
    ORDER BY d.since, d.id
"""  # noqa: S608  # our own columns

# It fails unless each endpoint was there and goes on from where it was.
PLAN = """
    WITH planned AS (
      INSERT INTO webhook_deliveries (ledger_id, endpoint_id, id, sequence, event_id, event_type,
        status, created_at, next_attempt_at, tries, attempts_made, attempts)
      SELECT *, 0, 0, '[]' FROM unnest(%(ledger_id)s::bigint[], %(endpoint_id)s::text[],
        %(id)s::text[], %(sequence)s::bigint[], %(event_id)s::text[], %(event_type)s::text[],
        %(status)s::text[], %(created_at)s::timestamptz[], %(next_attempt_at)s::timestamptz[])
    ), moved AS (
      UPDATE webhook_endpoints e SET planned_through = w.through
      FROM unnest(%(moved_ledger_id)s::bigint[], %(moved_id)s::text[], %(through)s::bigint[])
        AS w(ledger_id, id, through)
      WHERE e.ledger_id = w.ledger_id AND e.id = w.id AND e.planned_through < w.through
      RETURNING 1
    )
    SELECT refuse_unless((SELECT count(*) FROM moved) = %(moved)s)
"""

INSERT_DELIVERY = """
    INSERT INTO webhook_deliveries (ledger_id, endpoint_id, id, sequence, event_id, event_type,
      status, created_at, next_attempt_at, tries, attempts_made, attempts, body)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, '[]', %s)
"""

# What the partner, or another worker, has made of a delivery since it was put off stays so, but
# for one that was skipped meanwhile and has arrived. Who does not know whether it was committed
# asks again: an attempt that is kept already is passed over.
CONCLUDE = """
    WITH made AS (
      SELECT w.* FROM unnest(%(ledger_id)s::bigint[], %(endpoint_id)s::text[], %(id)s::text[],
        %(put_off_to)s::timestamptz[], %(status)s::text[], %(next_attempt_at)s::timestamptz[],
        %(tries)s::bigint[], %(attempt)s::json[])
        AS w(ledger_id, endpoint_id, id, put_off_to, status, next_attempt_at, tries, attempt)
      JOIN webhook_deliveries d
        ON d.ledger_id = w.ledger_id AND d.endpoint_id = w.endpoint_id AND d.id = w.id
      WHERE NOT d.attempts @> jsonb_build_array(jsonb_build_object('at', w.attempt ->> 'at'))
      ORDER BY d.ledger_id, d.endpoint_id, d.id FOR UPDATE OF d
    )
    UPDATE webhook_deliveries d SET
      status = CASE
        WHEN d.next_attempt_at = w.put_off_to THEN w.status
        WHEN d.next_attempt_at IS NULL AND w.status = 'delivered' THEN w.status
        ELSE d.status END,
      next_attempt_at = CASE
        WHEN d.next_attempt_at = w.put_off_to THEN w.next_attempt_at
        ELSE d.next_attempt_at END,
      tries = CASE WHEN d.next_attempt_at = w.put_off_to THEN w.tries ELSE d.tries END,
      attempts_made = d.attempts_made + 1,
      attempts = CASE WHEN jsonb_array_length(d.attempts) < %(kept)s THEN d.attempts
        ELSE d.attempts - 0 END
        || jsonb_set(w.attempt::jsonb, '{number}', to_jsonb(d.attempts_made + 1))
    FROM made w
    WHERE d.ledger_id = w.ledger_id AND d.endpoint_id = w.endpoint_id AND d.id = w.id
"""

MARK_HEALTHY = """
    UPDATE webhook_endpoints e SET failing_since = NULL
    FROM unnest(%s::bigint[], %s::text[]) AS w(ledger_id, id)
    WHERE e.ledger_id = w.ledger_id AND e.id = w.id AND e.failing_since IS NOT NULL
"""

MARK_FAILING = """
    UPDATE webhook_endpoints e SET failing_since = coalesce(e.failing_since, w.at)
    FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS w(ledger_id, id, at)
    WHERE e.ledger_id = w.ledger_id AND e.id = w.id AND e.deleted_at IS NULL
    RETURNING e.ledger_id, e.id, e.failing_since
"""

# The bound is one on the index: what is not to be purged is not looked at.
PURGE_DELIVERIES = """
    WITH old AS (
      SELECT o.ledger_id, o.endpoint_id, o.id FROM webhook_endpoints e CROSS JOIN LATERAL (
        SELECT d.ledger_id, d.endpoint_id, d.id FROM webhook_deliveries d
        WHERE d.ledger_id = e.ledger_id AND d.endpoint_id = e.id
          AND d.id < CASE WHEN e.deleted_at IS NULL THEN %(before)s ELSE '~' END
          AND (e.deleted_at IS NOT NULL OR d.status <> 'pending')
        ORDER BY d.id LIMIT %(limit)s
      ) o LIMIT %(limit)s
    ), purged AS (
      DELETE FROM webhook_deliveries d USING old o
      WHERE d.ledger_id = o.ledger_id AND d.endpoint_id = o.endpoint_id AND d.id = o.id
      RETURNING 1
    )
    SELECT count(*) FROM purged
"""

PURGE_ENDPOINTS = """
    DELETE FROM webhook_endpoints e WHERE e.deleted_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM webhook_deliveries d
        WHERE d.ledger_id = e.ledger_id AND d.endpoint_id = e.id)
"""
