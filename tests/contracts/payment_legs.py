"""What the unit of work and the reader promise of legs."""

from contextlib import suppress

import pytest
from attrs import evolve

from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ports import Wanted
from payflow_domain.payments.gateway import MovementKind
from payflow_domain.payments.model import Leg, Payment
from tests.builders.ledger import FundedLedger
from tests.builders.times import START, TICK
from tests.contracts.payment_keeping import of_another_transaction
from tests.contracts.payment_suite import (
    LIVE,
    MOCK,
    SANDBOX,
    SECOND,
    Crash,
    PaymentSuite,
    keep_legs,
    leg_of,
)
from tests.contracts.stores import PaymentStore

HOUR = 3600 * SECOND


def all_legs(store: PaymentStore) -> list[Leg]:
    """Return all legs of the sandbox that are of about the time of the start."""
    return store.legs(MOCK, SANDBOX, START - HOUR, START + HOUR)


def has_leg(store: PaymentStore, leg: Leg) -> bool:
    with store.begin() as uow:
        uow.load({leg.ledger_id: Wanted()})
        return uow.has_leg(leg)


class PaymentLegs(PaymentSuite):
    @pytest.fixture
    def leg(self, payment: Payment) -> Leg:
        """A leg that is not given to the store yet."""
        return leg_of(payment)

    @pytest.mark.parametrize("amount", [2**53 - 1, -1])
    def test_legs_of_every_kind_are_read_as_they_were_added(
        self, store: PaymentStore, leg: Leg, amount: int
    ) -> None:
        added = [
            evolve(leg, kind=kind, amount=amount, at=START + n * TICK)
            for n, kind in enumerate(MovementKind)
        ]
        keep_legs(store, *added)

        assert all_legs(store) == added

    def test_a_leg_is_known_by_where_it_is_of_its_kind_and_the_gateways_id(
        self, store: PaymentStore, leg: Leg
    ) -> None:
        assert not has_leg(store, leg)
        keep_legs(store, leg)

        assert has_leg(store, leg)
        assert has_leg(store, evolve(leg, amount=1, currency="JPY", at=START + HOUR))
        assert not has_leg(store, evolve(leg, gateway="stripe"))
        assert not has_leg(store, evolve(leg, environment=LIVE))
        assert not has_leg(store, evolve(leg, kind=MovementKind.FEE))
        assert not has_leg(store, evolve(leg, gateway_id="ch_2"))

    def test_a_leg_is_booked_once_whatever_the_ledger(
        self, store: PaymentStore, leg: Leg, payment: Payment
    ) -> None:
        keep_legs(store, leg)

        with pytest.raises(CommitFailed):
            keep_legs(store, leg_of(payment, "ch_2"), evolve(leg, amount=1))

        assert all_legs(store) == [leg]

    def test_a_refusal_that_is_caught_still_keeps_nothing(
        self, store: PaymentStore, leg: Leg
    ) -> None:
        with suppress(CommitFailed), store.begin() as uow:
            uow.load({leg.ledger_id: Wanted()})
            uow.add_leg(leg)
            with suppress(CommitFailed):
                uow.add_leg(leg)

        assert all_legs(store) == []

    def test_a_leg_is_of_a_transaction_of_its_ledger(
        self, store: PaymentStore, payment: Payment, other: FundedLedger
    ) -> None:
        with pytest.raises(CommitFailed):
            keep_legs(store, leg_of(of_another_transaction(payment)))
        with pytest.raises(CommitFailed):
            keep_legs(store, evolve(leg_of(payment), ledger_id=other.id))

    def test_a_leg_is_seen_only_when_it_is_committed(self, store: PaymentStore, leg: Leg) -> None:
        with store.begin() as uow:
            uow.load({leg.ledger_id: Wanted()})
            uow.add_leg(leg)
            inside, outside = uow.has_leg(leg), all_legs(store)

        assert (inside, outside) == (True, [])
        assert all_legs(store) == [leg]

    def test_an_exception_keeps_no_leg(self, store: PaymentStore, leg: Leg) -> None:
        def crash() -> None:
            with store.begin() as uow:
                uow.load({leg.ledger_id: Wanted()})
                uow.add_leg(leg)
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert all_legs(store) == []
        assert not has_leg(store, leg)

    def test_legs_are_read_from_a_start_to_before_an_end_oldest_first(
        self, store: PaymentStore, leg: Leg
    ) -> None:
        times = [START + SECOND, START, START + SECOND - TICK, START - TICK]
        after, first, last, before = (
            evolve(leg, gateway_id=f"ch_{n}", at=at) for n, at in enumerate(times)
        )
        keep_legs(store, after, first, last, before)

        assert store.legs(MOCK, SANDBOX, START, START + SECOND) == [first, last]
        assert store.legs(MOCK, SANDBOX, START, START) == []
        assert all_legs(store) == [before, first, last, after]

    def test_legs_are_read_of_one_gateway_in_one_environment(
        self, store: PaymentStore, leg: Leg
    ) -> None:
        live, stripe = evolve(leg, environment=LIVE), evolve(leg, gateway="stripe")
        keep_legs(store, leg, live, stripe)
        between = START, START + TICK
        wanted = [(leg.kind, leg.gateway_id)]

        assert store.legs(MOCK, SANDBOX, *between) == [leg]
        assert store.legs(MOCK, LIVE, *between) == [live]
        assert store.legs("stripe", SANDBOX, *between) == [stripe]
        assert store.legs("stripe", LIVE, *between) == []
        assert store.legs_at_gateway(MOCK, LIVE, wanted) == [live]
        assert store.legs_at_gateway("stripe", SANDBOX, wanted) == [stripe]
        assert store.legs_at_gateway("stripe", LIVE, wanted) == []

    def test_legs_are_found_by_what_moved_the_balance(self, store: PaymentStore, leg: Leg) -> None:
        charge, fee = MovementKind.CHARGE, MovementKind.FEE
        one, two = evolve(leg, gateway_id="ch_1"), evolve(leg, gateway_id="ch_2")
        of_one = evolve(leg, gateway_id="ch_1", kind=fee, amount=-1)
        keep_legs(store, one, two, of_one)

        def found(*wanted: tuple[MovementKind, str]) -> set[Leg]:
            legs = store.legs_at_gateway(MOCK, SANDBOX, wanted)
            assert len(legs) == len(set(legs))
            return set(legs)

        assert found((charge, "ch_1"), (fee, "ch_1")) == {one, of_one}
        assert found((charge, "ch_2"), (fee, "ch_2"), (charge, "ch_2")) == {two}
        assert found((charge, "ch_3"), (MovementKind.PAYOUT, "ch_1")) == set()
        assert found() == set()
