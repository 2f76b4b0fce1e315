"""The suite for keepers of the record of use: derive from ``UsageStoreContract``."""

from datetime import date, datetime, timedelta
from itertools import count

import pytest

from payflow_domain.access.usage import (
    ADDRESSES_KEPT_MAX,
    LATENCIES_MS,
    OTHER,
    Counts,
    Flush,
    KeyDay,
    RouteDay,
    RouteMinute,
    Use,
    start_of,
)
from payflow_domain.ids import KeyId, LedgerId
from payflow_domain.partners.service import Partners
from tests.builders.times import START, CountingIds, SettableClock
from tests.contracts.access_store import add
from tests.contracts.key_journeys import another, api_key
from tests.contracts.stores import UsedStore

ONE, TWO = LedgerId(1), LedgerId(2)
KEY = KeyId("key_1")
DAY = date(2026, 1, 31)
MIDNIGHT = start_of(DAY)
MINUTE = timedelta(minutes=1)
FAST = Counts((1,) + (0,) * len(LATENCIES_MS), client_errors=1)
SLOW = Counts((0,) * len(LATENCIES_MS) + (3,), server_errors=1, limited=2)

_numbers = count(1)


def used(
    counts: Counts,
    at: datetime = MIDNIGHT,
    route: str = "GET /wallets",
    ledger_id: LedgerId = ONE,
) -> Use:
    return Use({RouteMinute(ledger_id, at, route): counts}, {}, {})


def by_address(*addresses: str) -> Use:
    return Use({}, {KeyDay(ONE, KEY, DAY, address=one): 1 for one in addresses}, {})


def add_use(store: UsedStore, use: Use) -> None:
    """Add to the record for the first time."""
    store.add_use(use, Flush("process", next(_numbers)))


class UsageStoreContract:
    """What ``UsageWriter`` and ``UsageReader`` promise."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> UsedStore:
        raise NotImplementedError(clock)

    def test_what_is_added_adds_up(self, store: UsedStore) -> None:
        for counts in (FAST, SLOW, FAST):
            add_use(store, used(counts))

        sum_ = FAST + SLOW + FAST
        assert sum_.requests == 5
        assert store.route_days(ONE, DAY, DAY) == [(RouteDay(ONE, DAY, "GET /wallets"), sum_)]
        assert store.minutes(ONE, DAY) == [(start_of(DAY), sum_)]

    def test_what_is_added_again_is_in_the_record_once(self, store: UsedStore) -> None:
        first, second = Flush("again", 1), Flush("again", 2)
        for flush in (first, first, second, second, first, Flush("another", 1)):
            store.add_use(used(FAST), flush)

        ((_, counts),) = store.route_days(ONE, DAY, DAY)
        assert counts.requests == 3
        assert store.minutes(ONE, DAY) == [(start_of(DAY), counts)]

    @pytest.mark.parametrize("day", [date.min, date.max])
    def test_the_first_and_the_last_day_of_all_can_be_asked_for(
        self, store: UsedStore, day: date
    ) -> None:
        assert store.route_days(ONE, day, day) == []
        assert store.minutes(ONE, day) == []
        assert store.key_days(ONE, day, day) == []

    def test_days_are_listed_with_their_routes_in_order(self, store: UsedStore) -> None:
        for day in (DAY, DAY - timedelta(days=1), DAY + timedelta(days=1)):
            for route in ("POST /b", "GET /a"):
                add_use(store, used(FAST, start_of(day), route))

        listed = store.route_days(ONE, DAY - timedelta(days=1), DAY)

        assert [(one.day, one.route) for one, _ in listed] == [
            (DAY - timedelta(days=1), "GET /a"),
            (DAY - timedelta(days=1), "POST /b"),
            (DAY, "GET /a"),
            (DAY, "POST /b"),
        ]

    def test_a_minute_has_all_routes_and_a_day_has_its_own_minutes(self, store: UsedStore) -> None:
        start = start_of(DAY)
        for at in (start - MINUTE, start, start + MINUTE, start + timedelta(days=1)):
            add_use(store, used(FAST, at, "GET /a"))
        add_use(store, used(SLOW, start, "GET /b"))

        assert store.minutes(ONE, DAY) == [(start, FAST + SLOW), (start + MINUTE, FAST)]

    def test_another_ledger_has_a_record_of_its_own(self, store: UsedStore) -> None:
        add_use(store, used(FAST))

        assert store.route_days(TWO, DAY, DAY) == []
        assert store.minutes(TWO, DAY) == []
        assert store.key_days(TWO, DAY, DAY) == []

    def test_keys_are_counted_by_route_and_by_address(self, store: UsedStore) -> None:
        route = KeyDay(ONE, KEY, DAY, route="GET /a")
        address = KeyDay(ONE, KEY, DAY, address="192.0.2.1")
        for _ in range(2):
            add_use(store, Use({}, {address: 3, route: 3}, {}))

        assert store.key_days(ONE, DAY, DAY) == [(route, 6), (address, 6)]

    def test_addresses_of_a_key_are_bounded(self, store: UsedStore) -> None:
        many = [f"a{number:03}" for number in range(ADDRESSES_KEPT_MAX)]
        add_use(store, by_address(*many))
        add_use(store, by_address("b1", "b2", many[0]))

        kept = {one.address: count for one, count in store.key_days(ONE, DAY, DAY)}
        assert len(kept) == ADDRESSES_KEPT_MAX + 1
        assert (kept[OTHER], kept[many[0]], kept[many[1]]) == (2, 2, 1)

    def test_when_a_key_was_last_used_never_goes_back(
        self, store: UsedStore, clock: SettableClock
    ) -> None:
        _, ledger = Partners(store.begin, store, clock, CountingIds()).approve("RoSaBank")
        key, unused = api_key(ledger), another(api_key(ledger))
        add(store, key, unused)
        for at in (START + MINUTE, START):
            add_use(store, Use({}, {}, {key.id: at, KeyId("key_unknown"): at}))

        seen = [store.key_by_digest(one.digest) for one in (key, unused)]
        assert [one and one.last_used_at for one in seen] == [START + MINUTE, None]

    def test_what_is_old_is_forgotten_some_at_a_time(self, store: UsedStore) -> None:
        start = start_of(DAY)
        for days in range(5):
            add_use(store, used(FAST, start - timedelta(days=days)))
            key_day = KeyDay(ONE, KEY, DAY - timedelta(days=days), route="GET /a")
            add_use(store, Use({}, {key_day: 1}, {}))

        gone = [store.forget_use(start, DAY - timedelta(days=2), 2) for _ in range(4)]

        # Four minutes, two days and two days of the key, at most two of each at a time.
        assert gone == [6, 2, 0, 0]
        first = DAY - timedelta(days=9)
        assert len(store.route_days(ONE, first, DAY)) == 3
        assert len(store.key_days(ONE, first, DAY)) == 3
        assert store.minutes(ONE, DAY) == [(start, FAST)]
        assert store.minutes(ONE, DAY - timedelta(days=1)) == []
