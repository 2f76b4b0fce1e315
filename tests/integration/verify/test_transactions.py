"""Spoiled transactions are found."""

import pytest

from payflow_adapters.postgres.verify import Fault
from tests.integration.verify.books import Books


class TestTransactions:
    def test_balance_in_each_phase(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE entries SET transaction_id = %(held)s "
            "WHERE transaction_id = %(settled)s AND phase = 'settled' AND side = 'debit'",
            held=books.made.held,
            settled=books.made.settled,
        )

        assert fault.check == "transaction_balance"
        assert fault.expected == "equal debits and credits settled in EUR"

    def test_are_in_the_currency_of_their_accounts(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET currency = 'USD' WHERE id = %(id)s", id=books.made.settled
        )

        assert fault == Fault(
            check="transaction_currency",
            ledger_id=books.made.ledger_id,
            subject=f"transaction {books.made.settled}",
            expected="entries in USD",
            found="entries in EUR",
        )

    def test_are_of_the_amount_of_their_postings(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET amount = amount + 1 WHERE id = %(id)s", id=books.made.settled
        )

        assert fault.check == "transaction_amount"

    def test_have_postings(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET postings = '[]' WHERE id = %(id)s", id=books.made.settled
        )

        assert (fault.check, fault.found) == ("transaction_amount", "[]")

    @pytest.mark.parametrize(
        ("made", "status"),
        [
            ("held", "posted"),
            ("held", "voided"),
            ("settled", "pending"),
            ("settled", "voided"),
            ("voided", "pending"),
            ("voided", "posted"),
            ("transferred", "pending"),
            ("transferred", "voided"),
            ("transferred", "lost"),
        ],
    )
    def test_are_of_the_status_of_their_entries(self, books: Books, made: str, status: str) -> None:
        transaction_id = getattr(books.made, made)
        fault = books.fault_after(
            "UPDATE transactions SET status = %(status)s WHERE id = %(id)s",
            status=status,
            id=transaction_id,
        )

        assert fault.check == "transaction_status"
        assert fault.subject.startswith(f"transaction {transaction_id}")
        assert fault.expected == f"{status} {100 if made == 'transferred' else 50}"

    def test_have_entries_of_the_amount_of_their_postings(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET amount = 7, postings = "
            "replace(postings::text, '50', '7')::json WHERE id = %(id)s",
            id=books.made.settled,
        )

        assert (fault.check, fault.expected) == ("transaction_status", "posted 7")

    def test_have_entries(self, books: Books) -> None:
        fault = books.fault_after(
            "INSERT INTO transactions SELECT (jsonb_populate_record("
            't, \'{"id": "txn_invented", "reversed_amount": 0}\')).* '
            "FROM transactions t WHERE id = %(id)s",
            id=books.made.transferred,
        )

        assert (fault.check, fault.found) == ("transaction_status", "no entries")

    def test_that_entries_name_exist(self, books: Books) -> None:
        fault = books.fault_after(
            "DELETE FROM transactions WHERE id = %(id)s", id=books.made.settled
        )

        assert (fault.check, fault.expected) == ("transaction_status", "nothing")

    def test_are_reversed_by_what_their_reversals_come_to(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET reversed_amount = 31 WHERE id = %(id)s",
            id=books.made.transferred,
        )

        assert fault == Fault(
            check="reversed_amount",
            ledger_id=books.made.ledger_id,
            subject=f"transaction {books.made.transferred}",
            expected="35 reversed and 8 about to be",
            found="31 and 8",
        )

    def test_are_about_to_be_reversed_by_what_pending_reversals_come_to(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET reversing_amount = 9 WHERE id = %(id)s",
            id=books.made.transferred,
        )

        assert (fault.check, fault.found) == ("reversed_amount", "35 and 9")

    @pytest.mark.parametrize("column", ["reversed_amount", "reversing_amount"])
    def test_without_reversals_are_not_reversed(self, books: Books, column: str) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET reversed_amount = (%(column)s = 'reversed_amount')::int, "
            "reversing_amount = (%(column)s = 'reversing_amount')::int WHERE id = %(id)s",
            column=column,
            id=books.made.settled,
        )

        assert (fault.check, fault.expected) == (
            "reversed_amount",
            "0 reversed and 0 about to be",
        )

    def test_that_reversals_name_exist(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE transactions SET reverses = 'txn_unknown' WHERE reverses IS NOT NULL",
            "UPDATE transactions SET reversed_amount = 0, reversing_amount = 0",
        )

        assert (fault.check, fault.found) == ("reversed_amount", "no such transaction")
