"""What the unit of work and the reader promise of payments themselves."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from attrs import evolve

from payflow_domain.errors import PayFlowError
from payflow_domain.ids import PartnerId, TransactionId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ports import Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.payments.gateway import PaymentKind
from payflow_domain.payments.model import Payment, PaymentStatus
from tests.builders.ledger import FundedLedger, open_funded_ledger
from tests.builders.times import START, TICK
from tests.contracts.payment_suite import (
    CLAIM,
    LIVE,
    MOCK,
    SANDBOX,
    SECOND,
    Crash,
    PaymentSuite,
    keep,
)
from tests.contracts.stores import PaymentStore

UNICODE = 'pm "März" 🏠 \u202e'
ABSENT = TransactionId("txn_00000000000000000000000000")


def replace(store: PaymentStore, payment: Payment) -> None:
    with store.begin() as uow:
        uow.load({payment.ledger_id: Wanted()})
        uow.replace_payment(payment)


def whole(payment: Payment) -> Payment:
    """Return a payment of which everything is said."""
    return evolve(
        payment,
        gateway_id="ch_1",
        reference=UNICODE,
        charge_id="ch_0",
        next_attempt_at=START + TICK,
        attempts=3,
        claim=CLAIM,
        request_id="01a208e1-1fd1-77c8-8da1-4a0e2752211e",
    )


def of_another_transaction(payment: Payment) -> Payment:
    return evolve(payment, transaction_id=ABSENT)


class PaymentKeeping(PaymentSuite):
    @pytest.mark.parametrize("complete", [lambda payment: payment, whole], ids=["least", "whole"])
    def test_a_payment_is_read_as_it_was_added(
        self, store: PaymentStore, payment: Payment, complete: Callable[[Payment], Payment]
    ) -> None:
        added = complete(payment)
        keep(store, added)

        with store.begin() as uow:
            uow.load({added.ledger_id: Wanted()})
            inside = uow.payment(added.ledger_id, added.transaction_id)

        assert inside == added
        assert store.payment_of(added.transaction_id) == added

    def test_every_kind_and_status_is_kept(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        new = partial(self.new_payment, ledgers, ledger)
        added = [evolve(new(), kind=kind) for kind in PaymentKind]
        added += [evolve(new(), status=status) for status in PaymentStatus]
        keep(store, *added)

        assert [store.payment_of(one.transaction_id) for one in added] == added

    def test_what_was_changed_of_a_payment_replaces_what_was_before(
        self, store: PaymentStore, payment: Payment
    ) -> None:
        keep(store, payment)
        pending = evolve(whole(payment), reference=None, charge_id=None, request_id="")
        ended = pending.moved(PaymentStatus.SUCCEEDED)

        replace(store, pending)
        assert store.payment_of(payment.transaction_id) == pending

        replace(store, ended)
        assert store.payment_of(payment.transaction_id) == ended

    def test_one_payment_is_replaced_and_no_other(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger, payment: Payment
    ) -> None:
        second = self.new_payment(ledgers, ledger)
        keep(store, payment, second)

        replace(store, payment.moved(PaymentStatus.FAILED))

        assert store.payment_of(second.transaction_id) == second

    def test_what_does_not_exist_is_none(self, store: PaymentStore, payment: Payment) -> None:
        keep(store, evolve(payment, gateway_id="ch_1"))

        with store.begin() as uow:
            uow.load({payment.ledger_id: Wanted()})
            absent = uow.payment(payment.ledger_id, ABSENT)
            unknown = uow.payment_at_gateway(payment.ledger_id, MOCK, "ch_2")

        assert (absent, unknown) == (None, None)
        assert store.payment_of(ABSENT) is None
        assert store.payment(payment.ledger_id, ABSENT) is None
        assert store.payment_with_gateway_id(MOCK, SANDBOX, "ch_2") is None

    def test_a_payment_is_found_in_its_own_ledger_only(
        self, store: PaymentStore, payment: Payment, other: FundedLedger
    ) -> None:
        keep(store, payment)

        assert store.payment(payment.ledger_id, payment.transaction_id) == payment
        assert store.payment(other.id, payment.transaction_id) is None

    def test_a_payment_is_found_by_its_id_at_the_gateway(
        self,
        store: PaymentStore,
        ledgers: Ledgers,
        ledger: FundedLedger,
        other: FundedLedger,
        payment: Payment,
    ) -> None:
        mine = evolve(payment, gateway_id="ch_1")
        live = evolve(self.new_payment(ledgers, other, LIVE), gateway_id="ch_1")
        elsewhere = evolve(self.new_payment(ledgers, ledger), gateway="stripe", gateway_id="ch_1")
        keep(store, mine, live, elsewhere, self.new_payment(ledgers, ledger))

        assert store.payment_with_gateway_id(MOCK, SANDBOX, "ch_1") == mine
        assert store.payment_with_gateway_id(MOCK, LIVE, "ch_1") == live
        assert store.payment_with_gateway_id("stripe", SANDBOX, "ch_1") == elsewhere
        assert store.payment_with_gateway_id("stripe", LIVE, "ch_1") is None

    def test_a_unit_of_work_sees_the_payments_of_one_ledger(
        self, store: PaymentStore, ledgers: Ledgers, payment: Payment
    ) -> None:
        other = open_funded_ledger(ledgers, partner_id=PartnerId("ptr_other"))
        mine = evolve(payment, gateway_id="ch_1")
        theirs = evolve(self.new_payment(ledgers, other), gateway_id="ch_2")
        keep(store, mine, theirs)

        with store.begin() as uow:
            uow.load({payment.ledger_id: Wanted(), other.id: Wanted()})
            found = uow.payment_at_gateway(payment.ledger_id, MOCK, "ch_1")
            foreign = uow.payment_at_gateway(payment.ledger_id, MOCK, "ch_2")
            misplaced = uow.payment(other.id, payment.transaction_id)

        assert (found, foreign, misplaced) == (mine, None, None)

    def test_a_gateway_id_is_found_once_it_is_known(
        self, store: PaymentStore, payment: Payment
    ) -> None:
        keep(store, payment)
        assert store.payment_with_gateway_id(MOCK, SANDBOX, "ch_1") is None

        known = evolve(payment, gateway_id="ch_1")
        replace(store, known)

        assert store.payment_with_gateway_id(MOCK, SANDBOX, "ch_1") == known

    def test_two_payments_never_share_a_gateway_id(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger, payment: Payment
    ) -> None:
        second = self.new_payment(ledgers, ledger)
        keep(store, evolve(payment, gateway_id="ch_1"), second)

        with pytest.raises(CommitFailed):
            keep(store, evolve(self.new_payment(ledgers, ledger), gateway_id="ch_1"))
        with pytest.raises(CommitFailed):
            replace(store, evolve(second, gateway_id="ch_1"))

        assert store.payment_of(second.transaction_id) == second

    def test_a_transaction_has_one_payment(self, store: PaymentStore, payment: Payment) -> None:
        keep(store, payment)

        with pytest.raises(CommitFailed):
            keep(store, evolve(payment, reference="another"))

        assert store.payment_of(payment.transaction_id) == payment

    def test_a_payment_is_of_a_transaction_of_its_ledger(
        self, store: PaymentStore, other: FundedLedger, payment: Payment
    ) -> None:
        with pytest.raises(CommitFailed):
            keep(store, of_another_transaction(payment))
        with pytest.raises(CommitFailed):
            keep(store, evolve(payment, ledger_id=other.id))

    def test_a_payment_that_was_not_added_is_not_replaced(
        self, store: PaymentStore, payment: Payment
    ) -> None:
        with pytest.raises(CommitFailed):
            replace(store, payment)

    def test_a_refusal_that_is_caught_still_changes_nothing(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger, payment: Payment
    ) -> None:
        keep(store, payment)
        second = self.new_payment(ledgers, ledger)

        with suppress(PayFlowError), store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            uow.add_payment(second)
            with suppress(PayFlowError):
                uow.add_payment(payment)

        assert store.payment_of(second.transaction_id) is None

    def test_a_payment_is_seen_only_when_it_is_committed(
        self, store: PaymentStore, payment: Payment
    ) -> None:
        known = evolve(payment, gateway_id="ch_1")
        with store.begin() as uow:
            uow.load({payment.ledger_id: Wanted()})
            uow.add_payment(payment)
            added = uow.payment(payment.ledger_id, payment.transaction_id)
            uow.replace_payment(known)
            replaced = uow.payment_at_gateway(payment.ledger_id, MOCK, "ch_1")
            outside = store.payment_of(payment.transaction_id)

        assert (added, replaced, outside) == (payment, known, None)
        assert store.payment_of(payment.transaction_id) == known

    def test_an_exception_keeps_no_payment_and_no_change(
        self, store: PaymentStore, ledgers: Ledgers, ledger: FundedLedger, payment: Payment
    ) -> None:
        due = evolve(payment, next_attempt_at=START)
        second = self.new_payment(ledgers, ledger)
        keep(store, due)

        def crash() -> None:
            with store.begin() as uow:
                uow.load({ledger.id: Wanted()})
                uow.replace_payment(evolve(due, attempts=1))
                uow.take_due(START, START + SECOND, 10)
                uow.add_payment(second)
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert store.payment_of(payment.transaction_id) == due
        assert store.payment_of(second.transaction_id) is None
