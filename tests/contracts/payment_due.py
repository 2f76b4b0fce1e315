"""What the unit of work promises to workers that ask gateways again."""

import pytest
from attrs import evolve

from payflow_domain.ledger.service import Ledgers
from payflow_domain.payments.model import Payment
from tests.builders.ledger import FundedLedger
from tests.builders.times import START, TICK
from tests.contracts.payment_suite import LIVE, SECOND, PaymentSuite, keep
from tests.contracts.stores import PaymentStore

LATER = START + 100 * SECOND


def take(store: PaymentStore, limit: int = 100) -> list[Payment]:
    """Take what is due at the start, until a hundred seconds later."""
    with store.begin() as uow:
        return uow.take_due(START, LATER, limit)


def put_off(*payments: Payment) -> list[Payment]:
    return [evolve(payment, next_attempt_at=LATER) for payment in payments]


class PaymentDue(PaymentSuite):
    def test_what_is_due_is_put_off_and_returned_longest_due_first(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, three = self.due_payments(ledgers, ledger, -1, -3, -2)
        keep(store, one, two, three)

        assert take(store) == put_off(two, three, one)
        assert store.payment_of(one.transaction_id) == put_off(one)[0]

    def test_what_is_due_at_the_same_time_comes_as_it_was_made(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, three = self.due_payments(ledgers, ledger, 0, 0, 0)
        keep(store, three, one, two)

        assert take(store) == put_off(one, two, three)

    def test_what_is_not_due_is_left_alone(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger, payment: Payment
    ) -> None:
        now, soon = self.due_payments(ledgers, ledger, 0, 0)
        soon = evolve(soon, next_attempt_at=START + TICK)
        keep(store, now, soon, payment)

        assert take(store) == put_off(now)
        assert store.payment_of(soon.transaction_id) == soon
        assert store.payment_of(payment.transaction_id) == payment

    def test_nothing_is_given_out_twice_before_its_time_comes_again(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, three = self.due_payments(ledgers, ledger, -3, -2, -1)
        keep(store, one, two, three)

        taken = [take(store, 2), take(store, 2), take(store, 2)]
        with store.begin() as uow:
            again = uow.take_due(LATER, LATER + SECOND, 100)

        assert taken == [put_off(one, two), put_off(three), []]
        assert [one.transaction_id for one in again] == [
            one.transaction_id for one in (one, two, three)
        ]

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_no_more_is_taken_than_was_asked_for(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger, limit: int
    ) -> None:
        due = self.due_payments(ledgers, ledger, -3, -2, -1)
        keep(store, *due)

        assert take(store, limit) == put_off(*due[:limit])

    def test_a_worker_serves_every_ledger(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        (mine,) = self.due_payments(ledgers, ledger, -1)
        live = evolve(self.new_payment(ledgers, other, LIVE), next_attempt_at=START - TICK)
        keep(store, mine, live)

        assert take(store) == put_off(mine, live)

    def test_nothing_due_is_nothing_taken(self, store: PaymentStore, payment: Payment) -> None:
        keep(store, payment)

        assert take(store) == []
