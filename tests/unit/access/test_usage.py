"""The record of use: adding up, and what share of requests took how long."""

from datetime import UTC, date, datetime
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.access.usage import (
    LATENCIES_MS,
    NO_COUNTS,
    Counts,
    RouteDay,
    RouteMinute,
    Use,
)
from payflow_domain.access.usage_service import FORGOTTEN_AT_A_TIME, Usage
from payflow_domain.ids import LedgerId
from tests.builders.times import SettableClock

SIZE = len(LATENCIES_MS) + 1
latencies = st.lists(st.integers(0, 1000), min_size=SIZE, max_size=SIZE).map(tuple)
counts = st.builds(Counts, latencies, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))


def took(*bounds_ms: int) -> Counts:
    """Return requests that took as long as these bounds."""
    return Counts((*(bounds_ms.count(bound) for bound in LATENCIES_MS), bounds_ms.count(99_999)))


@given(counts, counts, counts)
def test_counts_add_up_in_any_order(one: Counts, two: Counts, three: Counts) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + NO_COUNTS == one
    assert (one + two).requests == one.requests + two.requests


@given(counts, st.integers(1, 100))
def test_so_many_percent_took_no_longer_and_fewer_took_less(one: Counts, percent: int) -> None:
    bound = one.latency_ms(percent)
    within = [sum(one.latencies[: index + 1]) for index in range(len(LATENCIES_MS))]

    if bound is None:
        assert not one.requests or within[-1] * 100 < one.requests * percent
    else:
        index = LATENCIES_MS.index(bound)
        assert within[index] * 100 >= one.requests * percent
        assert not index or within[index - 1] * 100 < one.requests * percent


@pytest.mark.parametrize(
    ("one", "p50", "p99"),
    [
        (took(1), 1, 1),
        (took(*[1] * 50, *[100] * 50), 1, 100),
        (took(*[1] * 49, *[100] * 51), 100, 100),
        (took(*[1] * 98, 500, 99_999), 1, 500),
        (took(1, 99_999), 1, None),
        (NO_COUNTS, None, None),
    ],
)
def test_percentiles(one: Counts, p50: int | None, p99: int | None) -> None:
    assert (one.latency_ms(50), one.latency_ms(99)) == (p50, p99)


def test_minutes_add_up_to_days() -> None:
    def minute(day: int, number: int, route: str) -> RouteMinute:
        return RouteMinute(LedgerId(1), datetime(2026, 1, day, 23, number, tzinfo=UTC), route)

    use = Use(
        {minute(1, 58, "a"): took(1), minute(1, 59, "a"): took(5), minute(2, 0, "a"): took(1)},
        {},
        {},
    )

    assert use.days() == {
        RouteDay(LedgerId(1), date(2026, 1, 1), "a"): took(1, 5),
        RouteDay(LedgerId(1), date(2026, 1, 2), "a"): took(1),
    }


class Kept:
    """A record with so many rows that have been kept long enough."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def forget_use(self, _minutes_before: datetime, _days_before: date, limit: int) -> int:
        gone = min(self.rows, limit)
        self.rows -= gone
        return gone

    def __getattr__(self, name: str) -> NoReturn:
        raise NotImplementedError(name)


@pytest.mark.parametrize(
    ("rows", "left"), [(0, 0), (FORGOTTEN_AT_A_TIME * 3 + 1, 0), (FORGOTTEN_AT_A_TIME * 21, 5_000)]
)
def test_what_is_kept_long_enough_goes_some_at_a_time(rows: int, left: int) -> None:
    kept = Kept(rows)

    assert Usage(kept, SettableClock()).forget() == rows - left
    assert kept.rows == left
