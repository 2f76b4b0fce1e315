"""The statements of partners, of what they have shown, and of their API keys."""

INSERT_PARTNER = "INSERT INTO partners SELECT * FROM json_populate_recordset(NULL::partners, %s)"

# Held until the end of the transaction, so that nobody counts the same room.
LOCK_APPLICATIONS = "SELECT pg_advisory_xact_lock(%s)"

COUNT_WAITING = """
    SELECT count(*), count(*) FILTER (WHERE lower(contact_email) = lower(%s))
    FROM partners WHERE status = 'pending'
"""

_PARTNER = """
    SELECT id, name, status, created_at, legal_name, country, business_type, website,
      contact_email, contact_name, expected_amount, expected_currency, use_case,
      application_key, application_fingerprint
    FROM partners
"""

FIND_APPLICATION = f"{_PARTNER} WHERE application_key = %s"

LOCK_PARTNER = f"{_PARTNER} WHERE id = %s FOR UPDATE"

# It fails unless the partner was there.
UPDATE_PARTNER = """
    WITH changed AS (UPDATE partners SET status = %s WHERE id = %s RETURNING 1)
    SELECT refuse_unless(EXISTS (SELECT FROM changed))
"""

INSERT_PARTNER_CHANGE = """
    INSERT INTO partner_changes (partner_id, at, actor, before, after, reason, overrides)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

INSERT_CERTIFIED = """
    INSERT INTO certifications (ledger_id, item, done_at) VALUES (%s, %s, %s)
    ON CONFLICT (ledger_id, item) DO NOTHING RETURNING item
"""

INSERT_API_KEY = """
    INSERT INTO api_keys (id, partner_id, ledger_id, name, permissions, digest, prefix, last_four,
      created_at, revoked_at, expires_at, allowed_networks, replaced_by, last_used_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

LOAD_API_KEY = """
    SELECT k.id, k.partner_id, k.ledger_id, k.name, k.permissions, k.digest, k.prefix,
      k.last_four, k.created_at, k.revoked_at, k.expires_at, k.allowed_networks, k.replaced_by,
      k.last_used_at, l.environment, p.status
    FROM api_keys k JOIN ledgers l ON l.id = k.ledger_id LEFT JOIN partners p ON p.id = k.partner_id
    WHERE k.ledger_id = %s AND k.id = %s
"""

# It fails unless the key was there.
UPDATE_API_KEY = """
    WITH changed AS (
      UPDATE api_keys SET revoked_at = %s, expires_at = %s, replaced_by = %s
      WHERE ledger_id = %s AND id = %s
      RETURNING 1
    )
    SELECT refuse_unless(EXISTS (SELECT FROM changed))
"""

COUNT_LIVE_API_KEYS = """
    SELECT count(*) FROM api_keys
    WHERE ledger_id = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
"""
