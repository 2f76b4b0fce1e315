"""The checks of what accounts and wallets are, beside what the journal tells of them.

Each selects the members of a ``Fault``, or nothing.
"""

# The journal tells of every change of a wallet, and its last word is how the wallet is now.
ACCOUNTS = """
    WITH told AS (
      SELECT DISTINCT ON (ledger_id, id) ledger_id, data ->> 'id' COLLATE "C" AS id, sequence,
        data - 'balance' AS wallet
      FROM (
        SELECT ledger_id, sequence, body::jsonb -> 'data' AS data
        FROM events WHERE type IN ('wallet.created', 'wallet.updated')
      ) AS events
      ORDER BY ledger_id, id, sequence DESC
    ),
    entered AS (
      SELECT ledger_id, account_id AS id, max(sequence) AS sequence
      FROM entries GROUP BY ledger_id, account_id
    ),
    kept AS (
      SELECT w.ledger_id, w.id, w.currency, w.status,
        jsonb_build_object(
          'id', w.id, 'name', w.name, 'currency', w.currency,
          'externalUserId', w.external_user_id, 'externalWalletId', w.external_wallet_id,
          'status', w.status, 'environment', l.environment, 'metadata', w.metadata::jsonb,
          'createdAt', to_char(w.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ) AS wallet
      FROM wallets w JOIN ledgers l ON l.id = w.ledger_id
    )
    SELECT rule.name, ledger_id, due.kind || ' ' || named.id, rule.expected,
      coalesce(rule.found, 'none')
    FROM accounts a FULL JOIN kept w USING (ledger_id, id) FULL JOIN told USING (ledger_id, id)
      LEFT JOIN entered e USING (ledger_id, id)
      LEFT JOIN ledgers l ON l.id = ledger_id,
      LATERAL (SELECT coalesce(a.id, w.id, told.id) AS id) AS named,
      LATERAL (
        SELECT CASE WHEN starts_with(named.id, 'wal_') THEN 'wallet'
          ELSE split_part(named.id, ':', 1) END AS kind
      ) AS due,
      LATERAL (VALUES
        ('wallet_account', 'an account', 'none', a.id IS NOT NULL),
        ('account_kind', due.kind, a.kind, a.kind = due.kind),
        (
          'account_currency', coalesce(w.currency, split_part(named.id, ':', 2)), a.currency,
          a.currency = coalesce(w.currency, split_part(named.id, ':', 2))
            OR (due.kind = 'wallet' AND w.id IS NULL)
        ),
        (
          'account_floor',
          CASE due.kind WHEN 'wallet' THEN '0'
            WHEN 'partner_settlement' THEN coalesce((-l.settlement_limit)::text, 'none')
            ELSE 'none' END,
          coalesce(a.floor::text, 'none'),
          a.floor IS NOT DISTINCT FROM CASE due.kind WHEN 'wallet' THEN 0
            WHEN 'partner_settlement' THEN -l.settlement_limit END
        ),
        (
          'account_open', CASE WHEN w.status <> 'active' THEN 'not open' ELSE 'open' END,
          CASE WHEN a.is_open THEN 'open' ELSE 'not open' END,
          a.is_open = (w.status IS NULL OR w.status = 'active')
        ),
        (
          'account_sequence', 'event ' || greatest(e.sequence, told.sequence, 0),
          'event ' || a.sequence, a.sequence = greatest(e.sequence, told.sequence, 0)
        ),
        (
          'wallet_told', coalesce(told.wallet::text, 'nothing'),
          coalesce(w.wallet::text, 'no such wallet'),
          told.wallet IS NOT DISTINCT FROM w.wallet AND (due.kind <> 'wallet' OR w.id IS NOT NULL)
        )
      ) AS rule (name, expected, found, holds)
    WHERE rule.holds IS NOT TRUE AND (a.id IS NOT NULL OR rule.name = 'wallet_account')
    ORDER BY ledger_id, named.id, rule.name LIMIT 1
"""

# They are opened with the first wallet in a currency.
SYSTEM_ACCOUNTS = """
    SELECT 'account_exists', w.ledger_id, 'account ' || due.id, 'an account', 'none'
    FROM (SELECT DISTINCT ledger_id, currency FROM wallets) AS w,
      LATERAL (
        SELECT kind || ':' || w.currency AS id
        FROM unnest(ARRAY['gateway_clearing', 'payouts_in_transit', 'partner_settlement',
          'gateway_fees', 'suspense']) AS kind
      ) AS due
    WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.ledger_id = w.ledger_id AND a.id = due.id)
    ORDER BY w.ledger_id, due.id LIMIT 1
"""

OF_WALLETS = (ACCOUNTS, SYSTEM_ACCOUNTS)
