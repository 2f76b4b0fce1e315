"""The suite for stores of limits: derive from ``LimitStoreContract``."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.access.limits import Limit
from payflow_domain.access.shared_limits import Taken, Total
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.partners.service import Partners
from tests.builders.times import CountingIds, SettableClock
from tests.contracts.stores import LimitedStore

SECOND = timedelta(seconds=1)
# So much that what comes back while a test runs is nothing beside it.
MANY = 10**12
SLOW = 1


def used(totals: list[Total]) -> dict[str, int]:
    return {total.key: round(total.used / MANY) for total in totals}


class LimitStoreContract:
    """What ``LimitExchange``, ``LimitReader`` and ``LimitUnitOfWork`` promise."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> LimitedStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def ledger(self, store: LimitedStore, clock: SettableClock) -> Ledger:
        return Partners(store.begin, store, clock, CountingIds()).approve("RoSaBank")[1]

    def test_what_is_taken_adds_up_bucket_by_bucket(self, store: LimitedStore) -> None:
        first = store.exchange_taken([Taken("b", 2 * MANY, SLOW), Taken("a", MANY, SLOW)])
        second = store.exchange_taken([Taken("a", 3 * MANY, SLOW)])

        assert used(first) == {"a": 1, "b": 2}
        assert used(second) == {"a": 4}

    def test_each_time_a_bucket_is_told_of_is_a_version(self, store: LimitedStore) -> None:
        told = [store.exchange_taken([Taken("a", MANY, SLOW)]) for _ in range(3)]

        assert [total.version for (total,) in told] == [1, 2, 3]

    def test_what_is_given_back_is_taken_off_and_nothing_is_below_zero(
        self, store: LimitedStore
    ) -> None:
        store.exchange_taken([Taken("a", 3 * MANY, SLOW)])

        assert used(store.exchange_taken([Taken("a", -MANY, SLOW)])) == {"a": 2}
        assert used(store.exchange_taken([Taken("a", -5 * MANY, SLOW)])) == {"a": 0}
        assert used(store.exchange_taken([Taken("b", -MANY, SLOW)])) == {"b": 0}

    def test_what_comes_back_is_taken_off(self, store: LimitedStore, clock: SettableClock) -> None:
        store.exchange_taken([Taken("a", 10, 1_000_000)])
        clock.advance(SECOND)

        (total,) = store.exchange_taken([Taken("a", 0, 1_000_000)])

        assert total.used == 0

    def test_without_limits_of_their_own_no_ledgers_are_listed(
        self, store: LimitedStore, ledger: Ledger
    ) -> None:
        assert ledger.id
        assert store.limits_changed_since(None) == []

    @pytest.mark.parametrize("money", [Limit(3, 4), None])
    def test_limits_are_read_as_they_were_given(
        self, store: LimitedStore, ledger: Ledger, money: Limit | None
    ) -> None:
        give(store, ledger, Limit(1, 2), money)

        (kept,) = store.limits_changed_since(None)
        assert (kept.ledger_id, kept.environment) == (ledger.id, Environment.SANDBOX)
        assert (kept.api, kept.money) == (Limit(1, 2), money)

    def test_only_what_was_changed_since_is_listed(
        self, store: LimitedStore, ledger: Ledger, clock: SettableClock
    ) -> None:
        give(store, ledger, Limit(1, 2))
        (first,) = store.limits_changed_since(None)
        clock.advance(SECOND)

        assert store.limits_changed_since(first.changed_at) == []
        give(store, ledger, None)
        (second,) = store.limits_changed_since(first.changed_at)
        assert (second.api, second.money) == (None, None)
        assert len(store.limits_changed_since(None)) == 1

    def test_who_changes_limits_sees_what_they_were(
        self, store: LimitedStore, ledger: Ledger
    ) -> None:
        give(store, ledger, Limit(1, 2))

        with store.begin() as uow:
            kept = uow.limits(ledger.id)

        assert [kept] == store.limits_changed_since(None)

    def test_who_changes_limits_first_sees_none(self, store: LimitedStore, ledger: Ledger) -> None:
        with store.begin() as uow:
            kept = uow.limits(ledger.id)

        assert kept is None or (kept.api, kept.money) == (None, None)

    def test_a_ledger_that_is_not_there_gets_no_limits(
        self, store: LimitedStore, ledger: Ledger
    ) -> None:
        nowhere = evolve(ledger, id=LedgerId(ledger.id + 999))

        with pytest.raises(CommitFailed):
            give(store, nowhere, Limit(1, 2))

        assert store.limits_changed_since(None) == []


def give(
    store: LimitedStore, ledger: Ledger, api: Limit | None, money: Limit | None = None
) -> None:
    with store.begin() as uow:
        uow.keep_limits(ledger.id, api, money)
