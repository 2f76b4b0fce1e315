"""What changes one row, or makes two agree on something else, is found.

To try another one, add a line: a statement, and the rule that is broken. It may name what
``Made`` has.
"""

from typing import LiteralString

import attrs
import pytest

from tests.integration.verify.books import Books

Corruption = tuple[str, LiteralString]

SWAP_CREDITS: LiteralString = """
    WITH swapped AS (
      UPDATE transactions SET amount = 300 - amount,
        postings = translate(postings::text, '12', '21')::json
      WHERE id IN (%(credited)s, %(credited_next)s) RETURNING id
    )
    UPDATE entries SET amount = 300 - amount,
      credits_posted = credits_posted
        + CASE WHEN transaction_id = %(credited)s AND side = 'credit' THEN 100 ELSE 0 END,
      debits_posted = debits_posted
        + CASE WHEN transaction_id = %(credited)s AND side = 'debit' THEN 100 ELSE 0 END
    WHERE transaction_id IN (%(credited)s, %(credited_next)s)
"""

INVENT_WALLET: LiteralString = """
    INSERT INTO wallets SELECT ledger_id, 'wal_0', name, currency, NULL, NULL, status, metadata,
      created_at
    FROM wallets WHERE id = %(holder)s
"""

OF_TRANSACTIONS: list[Corruption] = [
    ("journal_transactions", SWAP_CREDITS),
    ("journal_transactions", "UPDATE transactions SET type = 'debit' WHERE id = %(credited)s"),
    ("journal_transactions", "UPDATE transactions SET type = 'gift' WHERE id = %(credited)s"),
    (
        "journal_transactions",
        "UPDATE transactions SET created_at = created_at - interval '1 day' WHERE id = %(held)s",
    ),
    (
        "journal_transactions",
        "UPDATE transactions SET completed_at = now() WHERE id = %(settled)s",
    ),
    ("journal_transactions", "UPDATE transactions SET completed_at = now() WHERE id = %(held)s"),
    ("journal_transactions", "UPDATE transactions SET description = 'x' WHERE id = %(held)s"),
    ("journal_transactions", "UPDATE transactions SET description = NULL WHERE id = %(credited)s"),
    ("journal_transactions", "UPDATE transactions SET metadata = '{}' WHERE id = %(credited)s"),
    (
        "journal_transactions",
        """UPDATE transactions SET failure = '{"code": "a", "message": "b"}' WHERE id = %(held)s""",
    ),
    ("journal_transactions", "UPDATE transactions SET sequence = sequence + 1 WHERE id = %(held)s"),
    ("journal_transactions", "UPDATE transactions SET sequence = 0 WHERE id = %(held)s"),
    ("journal_transactions", "UPDATE transactions SET sequence = 1000000 WHERE id = %(held)s"),
    (
        "transaction_status",
        "UPDATE transactions SET id = left(id, 29) || 'z' WHERE id = %(transferred)s",
    ),
]

OF_ENTRIES: list[Corruption] = [
    (
        "journal_entries",
        "UPDATE entries SET at = at - interval '1 year' WHERE account_id = %(debtor)s",
    ),
    ("journal_entries", "UPDATE entries SET sequence = sequence + 1 WHERE version = 1"),
    ("journal_entries", "UPDATE entries SET sequence = 0 WHERE transaction_id = %(credited)s"),
    ("journal_entries", "UPDATE entries SET sequence = 1000000 WHERE transaction_id = %(held)s"),
]

OF_JOURNAL: list[Corruption] = [
    ("event_body", "UPDATE journal_blocks SET at = at + interval '1 microsecond'"),
    ("journal_block", "UPDATE journal_blocks SET types = types || ' wallet.created'"),
    ("event_body", "UPDATE journal_blocks SET types = 'transaction.failed' WHERE types !~ ' '"),
    ("event_body", "UPDATE journal_blocks SET types = '' WHERE types !~ ' '"),
    ("journal_block", "UPDATE journal_blocks SET types = '' WHERE types ~ ' '"),
    ("journal_block", "UPDATE journal_blocks SET bodies = bodies || E'\\n{}'"),
    ("journal_chain", "UPDATE journal_blocks SET hashes = sha256('') || substr(hashes, 33)"),
    ("values", "UPDATE journal_blocks SET at = '-infinity'"),
    ("journal_head", "UPDATE ledgers SET last_at = last_at - interval '1 day'"),
    ("journal_head", "UPDATE ledgers SET sequence = sequence - 1"),
    ("gateway_leg_payment", "UPDATE ledgers SET environment = 'moon' WHERE id = 1"),
    ("event_body", "UPDATE ledgers SET environment = 'moon' WHERE id = 2"),
]


OF_LEGS: list[Corruption] = [
    ("gateway_legs", "DELETE FROM gateway_legs WHERE gateway_id = 'fee_1'"),
    ("gateway_legs", "UPDATE gateway_legs SET amount = amount + 1 WHERE gateway_id = 'po_1'"),
    ("gateway_leg_payment", "UPDATE gateway_legs SET gateway_id = 'x' WHERE gateway_id = 'ch_1'"),
    ("gateway_leg_payment", "UPDATE gateway_legs SET gateway = 'x' WHERE gateway_id = 'ch_1'"),
    ("gateway_leg_payment", "UPDATE gateway_legs SET environment = 'live' WHERE kind = 'fee'"),
    ("gateway_leg_payment", "UPDATE gateway_legs SET kind = 'payout' WHERE gateway_id = 'ch_1'"),
    ("gateway_leg_payment", "UPDATE gateway_legs SET kind = 'x' WHERE gateway_id = 'ch_1'"),
    ("gateway_leg_payment", "UPDATE gateway_legs SET kind = 'x' WHERE kind = 'refund_failure'"),
]

OF_PAYMENTS: list[Corruption] = [
    ("gateway_leg_payment", "DELETE FROM payments"),
    ("transaction_payment", "DELETE FROM payments WHERE status = 'pending' AND kind = 'charge'"),
    ("transaction_payment", "DELETE FROM payments WHERE gateway_id = 'ch_3'"),
    ("transaction_payment", "DELETE FROM payments WHERE gateway_id = 're_3'"),
    ("transaction_payment", "DELETE FROM payments WHERE gateway_id = 'po_3'"),
    ("gateway_leg_payment", "UPDATE payments SET amount = 1 WHERE gateway_id = 'ch_1'"),
    ("payment", "UPDATE payments SET amount = 1 WHERE transaction_id = %(charging)s"),
    ("payment", "UPDATE payments SET currency = 'USD' WHERE transaction_id = %(charging)s"),
    ("payment", "UPDATE payments SET environment = 'live' WHERE transaction_id = %(charging)s"),
    ("payment", "UPDATE payments SET status = 'failed' WHERE transaction_id = %(charged)s"),
    ("payment", "UPDATE payments SET status = 'succeeded' WHERE transaction_id = %(charging)s"),
    ("payment", "UPDATE payments SET status = 'succeeded' WHERE gateway_id = 're_2'"),
    ("payment", "UPDATE payments SET status = 'succeeded' WHERE gateway_id = 'po_2'"),
    ("payment", "UPDATE payments SET status = 'returned' WHERE gateway_id = 'po_1'"),
    ("payment", "UPDATE payments SET status = 'won' WHERE gateway_id = 'dp_2'"),
    ("payment", "UPDATE payments SET status = 'lost' WHERE gateway_id = 'dp_1'"),
    ("payment", "UPDATE payments SET status = 'x' WHERE gateway_id = 'ch_1'"),
    ("payment", "UPDATE payments SET kind = 'payout' WHERE transaction_id = %(charging)s"),
    ("payment", "UPDATE payments SET next_attempt_at = NULL WHERE transaction_id = %(charging)s"),
    ("payment", "UPDATE payments SET next_attempt_at = now() WHERE gateway_id = 'ch_3'"),
    ("payment", "UPDATE payments SET charge_id = NULL WHERE gateway_id = 're_1'"),
    ("payment", "UPDATE payments SET charge_id = 'ch_3' WHERE gateway_id = 're_1'"),
    ("payment", "UPDATE payments SET charge_id = 'ch_9' WHERE gateway_id = 'dp_1'"),
    ("payment", "UPDATE payments SET wallet_id = %(holder)s WHERE gateway_id = 'ch_3'"),
    ("payment", "UPDATE payments SET wallet_id = %(holder)s WHERE gateway_id = 're_1'"),
    (
        "payment",
        "UPDATE payments SET transaction_id = %(held)s WHERE transaction_id = %(charging)s",
    ),
    ("payment", "UPDATE payments SET ledger_id = 2 WHERE gateway_id = 'ch_3'"),
    ("ledger_exists", "UPDATE payments SET ledger_id = 9 WHERE gateway_id = 'ch_3'"),
]

OF_ACCOUNTS: list[Corruption] = [
    ("account_floor", "UPDATE accounts SET floor = NULL WHERE id = %(debtor)s"),
    ("account_floor", "UPDATE accounts SET floor = 1 WHERE id = %(debtor)s"),
    ("account_floor", "UPDATE accounts SET floor = NULL WHERE id = 'partner_settlement:EUR'"),
    ("account_floor", "UPDATE accounts SET floor = 0 WHERE id = 'suspense:EUR'"),
    ("account_floor", "UPDATE ledgers SET settlement_limit = 2 WHERE environment = 'live'"),
    ("account_open", "UPDATE accounts SET is_open = false WHERE id = %(debtor)s"),
    ("account_open", "UPDATE accounts SET is_open = false WHERE id = 'suspense:EUR'"),
    ("account_kind", "UPDATE accounts SET kind = 'suspense' WHERE id = 'gateway_fees:EUR'"),
    ("account_currency", "UPDATE accounts SET currency = 'USD' WHERE credits_posted + version = 0"),
    ("conservation", "UPDATE accounts SET currency = 'USD' WHERE id = 'suspense:EUR'"),
    ("account_currency", "UPDATE wallets SET currency = 'USD' WHERE id = %(debtor)s"),
    ("account_sequence", "UPDATE accounts SET sequence = sequence + 1 WHERE id = %(debtor)s"),
    ("account_sequence", "UPDATE accounts SET sequence = 0 WHERE id = 'gateway_fees:EUR'"),
]

OF_WALLETS: list[Corruption] = [
    ("account_exists", "DELETE FROM accounts WHERE id = 'suspense:USD'"),
    ("wallet_told", "DELETE FROM wallets WHERE id = %(debtor)s"),
    ("account_open", "UPDATE wallets SET status = 'frozen' WHERE id = %(debtor)s"),
    ("wallet_told", "UPDATE wallets SET name = 'x' WHERE id = %(holder)s"),
    ("wallet_told", "UPDATE wallets SET name = 'Wallet 3' WHERE id = %(holder)s"),
    ("wallet_told", "UPDATE wallets SET metadata = '{}' WHERE id = %(debtor)s"),
    ("wallet_told", "UPDATE wallets SET external_user_id = 'x' WHERE id = %(debtor)s"),
    ("wallet_told", "UPDATE wallets SET external_wallet_id = NULL WHERE id = %(debtor)s"),
    ("wallet_told", "UPDATE wallets SET created_at = now() WHERE id = %(debtor)s"),
    ("wallet_told", "UPDATE wallets SET id = left(id, 29) || 'z' WHERE id = %(debtor)s"),
    ("wallet_account", INVENT_WALLET),
    ("ledger_exists", "UPDATE wallets SET ledger_id = 9 WHERE id = %(holder)s"),
]

OF_VOLUMES: list[Corruption] = [
    ("volumes", "UPDATE volumes SET amount = amount + 1"),
    ("volumes", "UPDATE volumes SET amount = amount + 0.5"),
    ("volumes", "UPDATE volumes SET count = count + 1"),
    ("volumes", "UPDATE volumes SET day = day + 1"),
    ("volumes", "UPDATE volumes SET type = 'fee' WHERE type = 'transfer'"),
    ("volumes", "DELETE FROM volumes WHERE type = 'credit' AND ledger_id = 1"),
    ("volumes", "UPDATE volume_cursors SET sequence = 1"),
    ("volumes", "UPDATE volume_cursors SET sequence = 1000000"),
    ("volumes", "DELETE FROM volume_cursors"),
    ("ledger_exists", "UPDATE volumes SET ledger_id = 9 WHERE type = 'credit' AND ledger_id = 1"),
]

CORRUPTIONS = [
    *OF_TRANSACTIONS,
    *OF_ENTRIES,
    *OF_JOURNAL,
    *OF_LEGS,
    *OF_PAYMENTS,
    *OF_ACCOUNTS,
    *OF_WALLETS,
    *OF_VOLUMES,
]


@pytest.mark.parametrize(("rule", "statement"), CORRUPTIONS)
def test_a_corruption_is_found(books: Books, rule: str, statement: LiteralString) -> None:
    assert books.fault_at_rest_after(statement, **attrs.asdict(books.made)).check == rule
