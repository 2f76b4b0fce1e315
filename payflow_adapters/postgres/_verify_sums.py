"""The checks that the server does: each selects the members of a ``Fault``, or nothing.

Counters are told in the order debits posted, credits posted, debits pending, credits pending.
"""

LEDGERS = """
    SELECT 'ledger_exists', ledger_id, subject, 'a row in ledgers', 'none'
    FROM (
      SELECT ledger_id, 'account ' || id AS subject FROM accounts
      UNION ALL
      SELECT ledger_id, 'wallet ' || id FROM wallets
      UNION ALL
      SELECT ledger_id, 'transaction ' || id FROM transactions
      UNION ALL
      SELECT ledger_id, 'event ' || first_sequence FROM journal_blocks
      UNION ALL
      SELECT ledger_id, 'the payment of transaction ' || transaction_id FROM payments
      UNION ALL
      SELECT ledger_id, format('the leg %s %s', kind, gateway_id) FROM gateway_legs
      UNION ALL
      SELECT ledger_id, 'volumes of ' || day FROM volumes
      UNION ALL
      SELECT ledger_id, 'what was rolled up' FROM volume_cursors
    ) AS owned
    WHERE NOT EXISTS (SELECT FROM ledgers l WHERE l.id = owned.ledger_id)
    LIMIT 1
"""

# Conservation: money is neither made nor lost.
CONSERVATION = """
    SELECT 'conservation', ledger_id, 'all accounts in ' || currency,
      'credits equal to the debits ' || ARRAY[sum(debits_posted), sum(debits_pending)]::text,
      ARRAY[sum(credits_posted), sum(credits_pending)]::text
    FROM accounts
    GROUP BY ledger_id, currency
    HAVING sum(debits_posted) <> sum(credits_posted)
      OR sum(debits_pending) <> sum(credits_pending)
    ORDER BY ledger_id, currency LIMIT 1
"""

OVERDRAFT = """
    SELECT 'wallet_overdrawn', ledger_id, 'account ' || id, 'nothing below 0 available',
      (credits_posted::numeric - debits_posted - debits_pending)::text
    FROM accounts
    WHERE kind = 'wallet' AND credits_posted::numeric - debits_posted - debits_pending < 0
    ORDER BY ledger_id, id LIMIT 1
"""

# An account that entries name and that does not exist is found here too.
COUNTERS = """
    WITH summed AS (
      SELECT ledger_id, account_id AS id, count(*) AS version,
        sum(posts) FILTER (WHERE side = 'debit') AS debits_posted,
        sum(posts) FILTER (WHERE side = 'credit') AS credits_posted,
        sum(holds) FILTER (WHERE side = 'debit') AS debits_pending,
        sum(holds) FILTER (WHERE side = 'credit') AS credits_pending
      FROM (
        SELECT ledger_id, account_id, side,
          CASE WHEN phase IN ('posted', 'settled') THEN amount ELSE 0 END AS posts,
          CASE phase WHEN 'held' THEN amount WHEN 'posted' THEN 0 ELSE -amount END AS holds
        FROM entries
      ) AS effects
      GROUP BY ledger_id, account_id
    ),
    compared AS (
      SELECT ledger_id, id, coalesce(s.version, 0) AS version, a.version AS kept_version,
        ARRAY[coalesce(s.debits_posted, 0), coalesce(s.credits_posted, 0),
          coalesce(s.debits_pending, 0), coalesce(s.credits_pending, 0)] AS counters,
        ARRAY[a.debits_posted, a.credits_posted,
          a.debits_pending, a.credits_pending]::numeric[] AS kept_counters
      FROM summed s FULL JOIN accounts a USING (ledger_id, id)
    )
    SELECT 'account_counters', ledger_id, 'account ' || id,
      format('%s after %s entries', counters, version),
      CASE WHEN kept_version IS NULL THEN 'no such account'
        ELSE format('%s after %s', kept_counters, kept_version) END
    FROM compared
    WHERE counters IS DISTINCT FROM kept_counters OR version IS DISTINCT FROM kept_version
    ORDER BY ledger_id, id LIMIT 1
"""

# Three rules in one pass: the sort is what costs.
ENTRIES = """
    WITH linked AS (
      SELECT ledger_id, account_id, version, at,
        row_number() OVER entry AS number,
        lag(at) OVER entry AS previous_at,
        ARRAY[debits_posted, credits_posted, debits_pending, credits_pending] AS after,
        ARRAY[
          coalesce(lag(debits_posted) OVER entry, 0)
            + CASE WHEN side = 'debit' AND phase IN ('posted', 'settled') THEN amount ELSE 0 END,
          coalesce(lag(credits_posted) OVER entry, 0)
            + CASE WHEN side = 'credit' AND phase IN ('posted', 'settled') THEN amount ELSE 0 END,
          coalesce(lag(debits_pending) OVER entry, 0)
            + CASE WHEN side <> 'debit' OR phase = 'posted' THEN 0
                WHEN phase = 'held' THEN amount ELSE -amount END,
          coalesce(lag(credits_pending) OVER entry, 0)
            + CASE WHEN side <> 'credit' OR phase = 'posted' THEN 0
                WHEN phase = 'held' THEN amount ELSE -amount END
        ] AS due
      FROM entries
      WINDOW entry AS (PARTITION BY ledger_id, account_id ORDER BY version, at)
    )
    SELECT
      CASE WHEN version <> number THEN 'entry_versions' WHEN at < previous_at THEN 'entry_times'
        ELSE 'entry_counters' END,
      ledger_id, format('account %s, entry %s', account_id, number),
      CASE WHEN version <> number THEN 'version ' || number
        WHEN at < previous_at THEN 'a time from ' || previous_at ELSE due::text END,
      CASE WHEN version <> number THEN 'version ' || version
        WHEN at < previous_at THEN at::text ELSE after::text END
    FROM linked
    WHERE version <> number OR at < previous_at OR after <> due
    ORDER BY ledger_id, account_id, number LIMIT 1
"""

# The inner grouping also keeps the planner from joining on the currencies that differ.
BALANCE = """
    WITH sums AS (
      SELECT e.ledger_id, e.transaction_id AS id, e.phase, a.currency,
        sum(CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END) AS difference
      FROM entries e JOIN accounts a ON a.ledger_id = e.ledger_id AND a.id = e.account_id
      GROUP BY e.ledger_id, e.transaction_id, e.phase, a.currency
    )
    SELECT
      CASE WHEN difference <> 0 THEN 'transaction_balance' ELSE 'transaction_currency' END,
      ledger_id, 'transaction ' || id,
      CASE WHEN difference <> 0 THEN format('equal debits and credits %s in %s', phase, s.currency)
        ELSE 'entries in ' || t.currency END,
      CASE WHEN difference <> 0 THEN 'a difference of ' || difference
        ELSE 'entries in ' || s.currency END
    FROM sums s LEFT JOIN transactions t USING (ledger_id, id)
    WHERE difference <> 0 OR s.currency <> t.currency
    ORDER BY ledger_id, id LIMIT 1
"""

# A transaction of more than two postings has a headline that is not the sum of a side.
AMOUNT = """
    SELECT 'transaction_amount', ledger_id, 'transaction ' || id,
      'two postings of ' || amount || ', or more than two', postings::text
    FROM transactions
    WHERE json_array_length(postings) < 2 OR (json_array_length(postings) = 2
      AND ((postings -> 0 ->> 2)::numeric <> amount OR (postings -> 1 ->> 2)::numeric <> amount))
    ORDER BY ledger_id, id LIMIT 1
"""

# Entries of no transaction are found here too.
STATUS = """
    WITH legs AS (
      SELECT ledger_id, transaction_id AS id, account_id, side,
        coalesce(sum(amount) FILTER (WHERE phase = 'posted'), 0) AS posted,
        coalesce(sum(amount) FILTER (WHERE phase = 'held'), 0) AS held,
        coalesce(sum(amount) FILTER (WHERE phase = 'settled'), 0) AS settled,
        coalesce(sum(amount) FILTER (WHERE phase = 'voided'), 0) AS voided
      FROM entries
      GROUP BY ledger_id, transaction_id, account_id, side
    ),
    postings AS (
      SELECT t.ledger_id, t.id, posting ->> 0 AS account_id, posting ->> 1 AS side,
        t.status, (posting ->> 2)::numeric AS amount
      FROM transactions t, json_array_elements(t.postings) AS posting
    )
    SELECT 'transaction_status', ledger_id,
      format('transaction %s, %s of account %s', id, side, account_id),
      CASE WHEN status IS NULL THEN 'nothing' ELSE format('%s %s', status, amount) END,
      CASE WHEN held IS NULL THEN 'no entries'
        ELSE format('posted %s, held %s, settled %s, voided %s', posted, held, settled, voided) END
    FROM legs FULL JOIN postings USING (ledger_id, id, account_id, side)
    WHERE NOT coalesce(
      CASE status
        WHEN 'pending' THEN held = amount AND posted = 0 AND settled = 0 AND voided = 0
        WHEN 'voided' THEN held = amount AND voided = amount AND posted = 0 AND settled = 0
        WHEN 'posted' THEN posted + settled = amount AND held = settled + voided
          AND (posted = 0 OR held = 0)
      END, false)
    ORDER BY ledger_id, id LIMIT 1
"""

# A voided reversal has taken nothing back.
REVERSALS = """
    WITH reversals AS (
      SELECT ledger_id, reverses AS id,
        coalesce(sum(amount) FILTER (WHERE status = 'posted'), 0) AS reversed,
        coalesce(sum(amount) FILTER (WHERE status = 'pending'), 0) AS reversing
      FROM transactions WHERE reverses IS NOT NULL
      GROUP BY ledger_id, reverses
    ),
    compared AS (
      SELECT ledger_id, id, t.id IS NOT NULL AS is_there,
        ARRAY[coalesce(r.reversed, 0), coalesce(r.reversing, 0)] AS sums,
        ARRAY[t.reversed_amount, t.reversing_amount]::numeric[] AS kept
      FROM reversals r FULL JOIN transactions t USING (ledger_id, id)
    )
    SELECT 'reversed_amount', ledger_id, 'transaction ' || id,
      format('%s reversed and %s about to be', sums[1], sums[2]),
      CASE WHEN is_there THEN format('%s and %s', kept[1], kept[2])
        ELSE 'no such transaction' END
    FROM compared WHERE sums <> kept OR NOT is_there
    ORDER BY ledger_id, id LIMIT 1
"""

OF_ACCOUNTS = (LEDGERS, CONSERVATION, OVERDRAFT, COUNTERS, ENTRIES)
OF_TRANSACTIONS = (BALANCE, AMOUNT, STATUS, REVERSALS)
