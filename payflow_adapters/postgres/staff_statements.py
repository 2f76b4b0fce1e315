"""The statements of staff and of the audit log."""

INSERT_AUDIT = """
    INSERT INTO audit_log (at, actor, action, subject, address, partner_id, reason, before, after,
      facts)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

INSERT_OPERATOR = """
    INSERT INTO operators (id, username, role, password_hash, created_at, disabled_at)
    VALUES (%s, %s, %s, %s, %s, %s)
"""

# It fails unless the operator was there.
UPDATE_OPERATOR = """
    WITH changed AS (
      UPDATE operators SET password_hash = %s, disabled_at = %s WHERE id = %s
      RETURNING 1
    )
    SELECT refuse_unless(EXISTS (SELECT FROM changed))
"""

LOCK_OPERATOR = """
    SELECT id, username, role, password_hash, created_at, disabled_at
    FROM operators WHERE id = %s FOR NO KEY UPDATE
"""

INSERT_SESSION = """
    INSERT INTO staff_sessions (digest, operator_id, created_at, seen_at) VALUES (%s, %s, %s, %s)
"""

RENEW_SESSION = "UPDATE staff_sessions SET seen_at = %s WHERE digest = %s"

END_SESSION = "DELETE FROM staff_sessions WHERE digest = %s"

END_SESSIONS_OF = "DELETE FROM staff_sessions WHERE operator_id = %s"

# What another one works on at the same time is passed over, and found the next time.
FORGET_ENDED_SESSIONS = """
    DELETE FROM staff_sessions WHERE digest IN (
      SELECT digest FROM staff_sessions WHERE created_at <= %s OR seen_at <= %s
      LIMIT 100 FOR UPDATE SKIP LOCKED
    )
"""

COUNT_ATTEMPT = """
    INSERT INTO login_attempts AS a (subject, ends_at, count) VALUES (%(subject)s, %(ends_at)s, 1)
    ON CONFLICT (subject) DO UPDATE SET
      ends_at = CASE WHEN a.ends_at <= %(now)s THEN %(ends_at)s ELSE a.ends_at END,
      count = CASE WHEN a.ends_at <= %(now)s THEN 1 ELSE a.count + 1 END
    RETURNING subject, ends_at, count
"""

# It has to come last: who waits for others to count is not to hold what they wait for.
FORGET_OLD_ATTEMPTS = """
    DELETE FROM login_attempts WHERE subject IN (
      SELECT subject FROM login_attempts WHERE ends_at <= %s
      ORDER BY ends_at LIMIT 100 FOR UPDATE SKIP LOCKED
    )
"""

UNCOUNT_ATTEMPT = "UPDATE login_attempts SET count = count - 1 WHERE subject = %s AND count > 0"

FORGET_ATTEMPTS = "DELETE FROM login_attempts WHERE subject = %s"

# Held until the end of the transaction. What is waited for is seen by the statement after it.
LOCK_STAFF_KEY = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"

LOAD_STAFF_KEY = """
    SELECT key, fingerprint, status, body FROM staff_idempotency_keys
    WHERE operator_id = %s AND key = %s AND at >= %s
"""

FORGET_STAFF_KEY = """
    DELETE FROM staff_idempotency_keys WHERE operator_id = %s AND key = %s AND at < %s
"""

INSERT_STAFF_KEY = """
    INSERT INTO staff_idempotency_keys (operator_id, key, fingerprint, status, body, at)
    VALUES (%s, %s, %s, %s, %s, %s)
"""

FORGET_OLD_STAFF_KEYS = """
    DELETE FROM staff_idempotency_keys WHERE (operator_id, key) IN (
      SELECT operator_id, key FROM staff_idempotency_keys WHERE at < %s
      ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED
    )
"""
