"""Spoiled legs are found."""

import pytest

from payflow_adapters.postgres.verify import Fault
from tests.integration.verify.books import Books


class TestLegs:
    @pytest.mark.parametrize("amount", [199, 201, -200])
    def test_are_of_the_amount_that_moved(self, books: Books, amount: int) -> None:
        fault = books.fault_after(
            "UPDATE gateway_legs SET amount = %(amount)s WHERE transaction_id = %(id)s",
            amount=amount,
            id=books.made.charged,
        )

        assert fault == Fault(
            check="gateway_legs",
            ledger_id=books.made.ledger_id,
            subject=f"transaction {books.made.charged}",
            expected="legs of 200 EUR",
            found=str(amount),
        )

    def test_of_fees_and_refunds_are_below_zero(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE gateway_legs SET amount = 7 WHERE transaction_id = %(id)s", id=books.made.fee
        )
        refund = books.fault_after("UPDATE gateway_legs SET amount = 80 WHERE kind = 'refund'")

        assert (fault.check, fault.expected) == ("gateway_legs", "legs of -7 EUR")
        assert (refund.check, refund.expected) == ("gateway_legs", "legs of -80 EUR")

    def test_are_of_what_is_booked_of_the_gateway_s_account(self, books: Books) -> None:
        fault = books.fault_after("DELETE FROM gateway_legs WHERE gateway_id = 'ch_1'")

        assert fault == Fault(
            check="gateway_legs",
            ledger_id=books.made.ledger_id,
            subject=f"transaction {books.made.charged}",
            expected="legs of 200 EUR",
            found="0",
        )

    def test_are_in_the_currency_that_moved(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE gateway_legs SET currency = 'CHF' WHERE gateway_id = 'ch_1'"
        )

        assert (fault.check, fault.expected) == ("gateway_legs", "legs of 0 CHF")

    def test_are_of_a_transaction_of_their_ledger(self, books: Books) -> None:
        fault = books.fault_after("UPDATE gateway_legs SET ledger_id = 2 WHERE gateway_id = 'ch_1'")

        assert (fault.check, fault.subject) == (
            "gateway_legs",
            f"transaction {books.made.charged}",
        )

    @pytest.mark.parametrize("made", ["transferred", "charging", "voided"])
    def test_are_of_a_transaction_that_has_moved_money_there(self, books: Books, made: str) -> None:
        transaction_id = getattr(books.made, made)
        fault = books.fault_after(
            "UPDATE gateway_legs SET transaction_id = %(id)s WHERE gateway_id = 'ch_1'",
            id=transaction_id,
        )

        assert fault.check == "gateway_legs"
        assert fault.subject in {
            f"transaction {transaction_id}",
            f"transaction {books.made.charged}",
        }

    def test_are_of_a_transaction_that_exists(self, books: Books) -> None:
        fault = books.fault_after("UPDATE gateway_legs SET transaction_id = 'txn_1'")

        assert (fault.check, fault.expected, fault.found) == (
            "gateway_legs",
            "legs of 200 EUR",
            "0",
        )

    def test_of_one_movement_are_there_once(self, books: Books) -> None:
        fault = books.fault_after(
            "INSERT INTO gateway_legs SELECT gateway, environment, kind, 'another', ledger_id, "
            "transaction_id, amount, currency, at FROM gateway_legs WHERE gateway_id = 'ch_1'"
        )

        assert (fault.check, fault.found) == ("gateway_legs", "400 in 2 legs")

    def test_of_one_movement_are_not_in_parts(self, books: Books) -> None:
        fault = books.fault_after(
            "INSERT INTO gateway_legs SELECT gateway, environment, kind, 'another', ledger_id, "
            "transaction_id, 50, currency, at FROM gateway_legs WHERE gateway_id = 'ch_1'",
            "UPDATE gateway_legs SET amount = 150 WHERE gateway_id = 'ch_1'",
        )

        assert (fault.check, fault.found) == ("gateway_legs", "200 in 2 legs")
