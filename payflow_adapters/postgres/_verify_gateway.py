"""The checks of payments and of what is booked of the gateway's account.

Each selects the members of a ``Fault``, or nothing.
"""

# A transaction moves the gateway's account once at most, and then it has one leg.
LEGS = """
    WITH moved AS (
      SELECT e.ledger_id, e.transaction_id AS id, a.currency,
        sum(CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END) AS amount
      FROM accounts a JOIN entries e ON e.ledger_id = a.ledger_id AND e.account_id = a.id
      WHERE a.kind = 'gateway_clearing' AND e.phase IN ('posted', 'settled')
      GROUP BY e.ledger_id, e.transaction_id, a.currency
    ),
    legs AS (
      SELECT ledger_id, transaction_id AS id, currency, sum(amount) AS amount, count(*) AS number
      FROM gateway_legs
      GROUP BY ledger_id, transaction_id, currency
    )
    SELECT 'gateway_legs', ledger_id, 'transaction ' || id,
      format('legs of %s %s', coalesce(m.amount, 0), currency),
      CASE WHEN legs.number > 1 THEN format('%s in %s legs', legs.amount, legs.number)
        ELSE coalesce(legs.amount, 0)::text END
    FROM legs FULL JOIN moved m USING (ledger_id, id, currency)
    WHERE coalesce(legs.amount, 0) <> coalesce(m.amount, 0) OR legs.number > 1
    ORDER BY ledger_id, id, currency LIMIT 1
"""

# A fee has an id of the gateway's that nothing else here names.
LEGS_OF_PAYMENTS = """
    WITH kinds (kind, payment, types) AS (VALUES
      ('charge', 'charge', ARRAY['credit', 'adjustment']),
      ('refund', 'refund', ARRAY['reversal', 'adjustment']),
      ('refund_failure', 'refund', ARRAY['adjustment']),
      ('payout', 'payout', ARRAY['payout_settlement']),
      ('payout_return', 'payout', ARRAY['adjustment']),
      ('dispute', 'dispute', ARRAY['dispute']),
      ('dispute_won', 'dispute', ARRAY['reversal']),
      ('fee', NULL, ARRAY['fee'])
    )
    SELECT 'gateway_leg_payment', g.ledger_id, format('the leg %s %s', g.kind, g.gateway_id),
      coalesce(rule.expected, 'a kind of movement that there is'), coalesce(rule.found, 'none')
    FROM gateway_legs g
      LEFT JOIN ledgers l ON l.id = g.ledger_id
      LEFT JOIN kinds k ON k.kind = g.kind
      LEFT JOIN transactions t ON t.ledger_id = g.ledger_id AND t.id = g.transaction_id
      LEFT JOIN payments p ON p.gateway_id = g.gateway_id AND p.gateway = g.gateway
        AND p.environment = g.environment AND p.ledger_id = g.ledger_id,
      LATERAL (VALUES
        ('the environment ' || l.environment, g.environment, g.environment = l.environment),
        ('a transaction of a type of ' || k.types::text, t.type, t.type = ANY (k.types)),
        (
          format('a %s of %s %s', k.payment, abs(g.amount), g.currency),
          coalesce(format('%s of %s %s', p.kind, p.amount, p.currency), 'no payment'),
          k.kind = 'fee' OR (p.kind, p.amount, p.currency) = (k.payment, abs(g.amount), g.currency)
        )
      ) AS rule (expected, found, holds)
    WHERE rule.holds IS NOT TRUE
    ORDER BY g.ledger_id, g.transaction_id LIMIT 1
"""

# A charge that came about after it had been given up has failed, and has a leg all the same.
PAYMENTS = """
    WITH standings (kind, status, types, booked, legs) AS (VALUES
      ('charge', 'pending', '{credit}'::text[], 'pending', '{}'::text[]),
      ('charge', 'succeeded', '{credit}', 'posted', '{charge}'),
      ('charge', 'failed', '{credit}', 'voided', '{}'),
      ('refund', 'pending', '{reversal}', 'pending', '{}'),
      ('refund', 'succeeded', '{reversal,adjustment}', 'posted', '{refund}'),
      ('refund', 'failed', '{reversal}', 'voided', '{}'),
      ('refund', 'returned', '{reversal,adjustment}', 'posted', '{refund,refund_failure}'),
      ('payout', 'pending', '{payout}', 'pending', '{}'),
      ('payout', 'succeeded', '{payout}', 'posted', '{payout}'),
      ('payout', 'failed', '{payout}', 'voided', '{}'),
      ('payout', 'returned', '{payout}', 'posted', '{payout,payout_return}'),
      ('dispute', 'pending', '{dispute}', 'posted', '{dispute}'),
      ('dispute', 'lost', '{dispute}', 'posted', '{dispute}'),
      ('dispute', 'won', '{dispute}', 'posted', '{dispute,dispute_won}')
    ),
    legs AS (
      SELECT gateway, environment, gateway_id, array_agg(kind ORDER BY kind) AS kinds
      FROM gateway_legs WHERE kind <> 'fee'
      GROUP BY gateway, environment, gateway_id
    )
    SELECT 'payment', p.ledger_id, 'the payment of transaction ' || p.transaction_id,
      rule.expected, coalesce(rule.found, 'none')
    FROM payments p
      LEFT JOIN ledgers l ON l.id = p.ledger_id
      LEFT JOIN standings s ON s.kind = p.kind AND s.status = p.status
      LEFT JOIN transactions t ON t.ledger_id = p.ledger_id AND t.id = p.transaction_id
      LEFT JOIN payments c ON c.kind = 'charge' AND c.ledger_id = p.ledger_id
        AND c.gateway_id = p.charge_id AND c.gateway = p.gateway AND c.environment = p.environment
      LEFT JOIN legs ON legs.gateway_id = p.gateway_id AND legs.gateway = p.gateway
        AND legs.environment = p.environment,
      LATERAL (VALUES
        ('the environment ' || l.environment, p.environment, p.environment = l.environment),
        (
          format('%s %s, as its transaction', t.amount, t.currency),
          format('%s %s', p.amount, p.currency),
          (p.amount, p.currency) = (t.amount, t.currency)
        ),
        (
          format('a %s that is %s to have a transaction of %s', p.kind, p.status, s.types),
          t.type, t.type = ANY (s.types)
        ),
        (
          format('a %s that is %s to have a transaction that is %s', p.kind, p.status, s.booked),
          t.status, t.status = s.booked
        ),
        (
          format('a %s that is %s to have the legs %s', p.kind, p.status, s.legs),
          coalesce(legs.kinds, '{}')::text,
          coalesce(legs.kinds, '{}') = s.legs
            OR (p.kind = 'charge' AND p.status = 'failed' AND legs.kinds = '{charge}')
        ),
        (
          'the charge that it is of', coalesce(p.charge_id, 'none'),
          CASE WHEN p.kind IN ('charge', 'payout') THEN p.charge_id IS NULL
            ELSE c.gateway_id IS NOT NULL
              AND (t.type <> 'reversal' OR t.reverses = c.transaction_id) END
        ),
        (
          'the wallet that it is about', p.wallet_id,
          CASE WHEN p.kind IN ('charge', 'payout')
            THEN position('"' || p.wallet_id || '"' IN t.postings::text) > 0
            ELSE p.wallet_id = c.wallet_id END
        ),
        (
          'a time to ask for the outcome while it is pending, and none later',
          coalesce(p.next_attempt_at::text, 'none'),
          (p.next_attempt_at IS NOT NULL) = (p.status = 'pending' AND p.kind <> 'dispute')
        )
      ) AS rule (expected, found, holds)
    WHERE rule.holds IS NOT TRUE
    ORDER BY p.ledger_id, p.transaction_id LIMIT 1
"""

# What gives a disputed charge back is a reversal without a payment of its own.
TRANSACTIONS_OF_PAYMENTS = """
    SELECT 'transaction_payment', t.ledger_id, 'transaction ' || t.id, 'a payment', 'none'
    FROM transactions t
      LEFT JOIN transactions o ON o.ledger_id = t.ledger_id AND o.id = t.reverses
    WHERE (
        t.type IN ('payout', 'dispute')
        OR (position('"gateway_clearing:' IN t.postings::text) > 0
          AND (t.type = 'credit' OR (t.type = 'reversal' AND o.type = 'credit')))
      )
      AND NOT EXISTS (
        SELECT FROM payments p WHERE p.ledger_id = t.ledger_id AND p.transaction_id = t.id
      )
    ORDER BY t.ledger_id, t.id LIMIT 1
"""

OF_GATEWAY = (LEGS, LEGS_OF_PAYMENTS, PAYMENTS, TRANSACTIONS_OF_PAYMENTS)
