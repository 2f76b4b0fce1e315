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
    ("event_body", "UPDATE ledgers SET environment = 'moon' WHERE id = 1"),
]


class TestCorruptions:
    @pytest.mark.parametrize(("rule", "statement"), OF_TRANSACTIONS)
    def test_of_transactions_are_found(
        self, books: Books, rule: str, statement: LiteralString
    ) -> None:
        assert books.fault_at_rest_after(statement, **attrs.asdict(books.made)).check == rule

    @pytest.mark.parametrize(("rule", "statement"), OF_ENTRIES)
    def test_of_entries_are_found(self, books: Books, rule: str, statement: LiteralString) -> None:
        assert books.fault_at_rest_after(statement, **attrs.asdict(books.made)).check == rule

    @pytest.mark.parametrize(("rule", "statement"), OF_JOURNAL)
    def test_of_the_journal_are_found(
        self, books: Books, rule: str, statement: LiteralString
    ) -> None:
        assert books.fault_at_rest_after(statement, **attrs.asdict(books.made)).check == rule
