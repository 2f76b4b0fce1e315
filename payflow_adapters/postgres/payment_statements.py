"""The statements of payments."""

INSERT_PAYMENT = """
    INSERT INTO payments (ledger_id, transaction_id, environment, gateway, kind, status, wallet_id,
      amount, currency, created_at, gateway_id, reference, charge_id, next_attempt_at, attempts,
      claim_key, claim_fingerprint, request_id)
    VALUES (%(ledger_id)s, %(transaction_id)s, %(environment)s, %(gateway)s, %(kind)s, %(status)s,
      %(wallet_id)s, %(amount)s, %(currency)s, %(created_at)s, %(gateway_id)s, %(reference)s,
      %(charge_id)s, %(next_attempt_at)s, %(attempts)s, %(claim_key)s, %(claim_fingerprint)s,
      %(request_id)s)
"""

# It fails unless the payment was there.
UPDATE_PAYMENT = """
    WITH changed AS (
      UPDATE payments SET status = %(status)s, gateway_id = %(gateway_id)s,
        next_attempt_at = %(next_attempt_at)s, attempts = %(attempts)s,
        claim_key = %(claim_key)s, claim_fingerprint = %(claim_fingerprint)s
      WHERE ledger_id = %(ledger_id)s AND transaction_id = %(transaction_id)s
      RETURNING 1
    )
    SELECT refuse_unless(EXISTS (SELECT FROM changed))
"""

LOAD_PAYMENT = """
    SELECT ledger_id, transaction_id, environment, gateway, kind, status, wallet_id, amount,
      currency, created_at, gateway_id, reference, charge_id, next_attempt_at, attempts, claim_key,
      claim_fingerprint, request_id
    FROM payments WHERE ledger_id = %s AND transaction_id = %s
"""

# A ledger is of one environment, so its payments have no id of a gateway twice.
LOAD_PAYMENT_AT_GATEWAY = """
    SELECT ledger_id, transaction_id, environment, gateway, kind, status, wallet_id, amount,
      currency, created_at, gateway_id, reference, charge_id, next_attempt_at, attempts, claim_key,
      claim_fingerprint, request_id
    FROM payments WHERE ledger_id = %s AND gateway = %s AND gateway_id = %s
"""

# What another worker takes at the same time is passed over and not waited for.
TAKE_DUE = """
    WITH due AS (
      SELECT ledger_id, transaction_id, next_attempt_at AS since
      FROM payments WHERE next_attempt_at <= %s
      ORDER BY next_attempt_at, transaction_id LIMIT %s
      FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE payments p SET next_attempt_at = %s
      FROM due d WHERE p.ledger_id = d.ledger_id AND p.transaction_id = d.transaction_id
      RETURNING p.*, d.since
    )
    SELECT ledger_id, transaction_id, environment, gateway, kind, status, wallet_id, amount,
      currency, created_at, gateway_id, reference, charge_id, next_attempt_at, attempts, claim_key,
      claim_fingerprint, request_id
    FROM taken ORDER BY since, transaction_id
"""

INSERT_LEG = """
    INSERT INTO gateway_legs (ledger_id, transaction_id, gateway, environment, kind, gateway_id,
      amount, currency, at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

FIND_LEG = """
    SELECT 1 FROM gateway_legs
    WHERE gateway = %s AND environment = %s AND kind = %s AND gateway_id = %s
"""

# For readers: legs by what moved the balance at the gateway.
LOAD_LEGS = """
    SELECT ledger_id, transaction_id, gateway, environment, kind, gateway_id, amount, currency, at
    FROM gateway_legs
    WHERE gateway = %s AND environment = %s
      AND (kind, gateway_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
    ORDER BY at, gateway_id, kind
"""

# A notice that is kept already stays as it came, and counts one more delivery.
KEEP_NOTICE = """
    INSERT INTO gateway_notices AS kept (gateway, environment, id, type, payload, received_at,
      status, deliveries)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (gateway, environment, id) DO UPDATE SET deliveries = kept.deliveries + 1
    RETURNING gateway, environment, id, type, payload, received_at, status, deliveries
"""

# It fails unless the notice was there.
MARK_NOTICE = """
    WITH marked AS (
      UPDATE gateway_notices SET status = %s WHERE gateway = %s AND environment = %s AND id = %s
      RETURNING 1
    )
    SELECT refuse_unless(EXISTS (SELECT FROM marked))
"""

INSERT_SECURITY_EVENT = """
    INSERT INTO security_events (at, kind, detail, address, facts) VALUES (%s, %s, %s, %s, %s)
"""
