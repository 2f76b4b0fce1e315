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

    def test_are_in_the_currency_that_moved(self, books: Books) -> None:
        fault = books.fault_after("UPDATE gateway_legs SET currency = 'USD' WHERE kind = 'charge'")

        assert (fault.check, fault.expected) == ("gateway_legs", "legs of 0 USD")

    def test_are_of_a_transaction_of_their_ledger(self, books: Books) -> None:
        fault = books.fault_after("UPDATE gateway_legs SET ledger_id = 2 WHERE kind = 'charge'")

        assert (fault.check, fault.ledger_id, fault.expected) == (
            "gateway_legs",
            2,
            "legs of 0 EUR",
        )

    @pytest.mark.parametrize("made", ["transferred", "charging", "voided"])
    def test_are_of_a_transaction_that_has_moved_money_there(self, books: Books, made: str) -> None:
        fault = books.fault_after(
            "UPDATE gateway_legs SET transaction_id = %(id)s WHERE kind = 'charge'",
            id=getattr(books.made, made),
        )

        assert (fault.check, fault.expected) == ("gateway_legs", "legs of 0 EUR")

    def test_are_of_a_transaction_that_exists(self, books: Books) -> None:
        fault = books.fault_after("UPDATE gateway_legs SET transaction_id = 'txn_unknown'")

        assert (fault.check, fault.subject) == ("gateway_legs", "transaction txn_unknown")

    def test_of_one_movement_are_there_once(self, books: Books) -> None:
        fault = books.fault_after(
            "INSERT INTO gateway_legs SELECT gateway, environment, kind, 'another', ledger_id, "
            "transaction_id, amount, currency, at FROM gateway_legs WHERE kind = 'charge'"
        )

        assert (fault.check, fault.found) == ("gateway_legs", "400")
