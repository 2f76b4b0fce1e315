"""Token buckets: the laws of limits."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.access.limits import (
    BURST_MAX,
    RATE_MAX,
    Decision,
    Level,
    Limit,
    batch_cost,
    join,
    settle,
    take,
)

SECOND_US = 1_000_000

limits = st.builds(Limit, st.integers(1, 2000), st.integers(1, 50), st.integers(1, 60))
steps = st.lists(st.tuples(st.integers(0, 3 * SECOND_US), st.integers(1, 8)), max_size=60)
levels = st.builds(Level, st.integers(0, 10**9), st.integers(0, SECOND_US))


def play(limit: Limit, asked: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ask as ``asked`` has it (a pause, a cost); return when how many units were had."""
    level, had = Level(), []
    times = accumulate(pause for pause, _ in asked)
    for now_us, (_, cost) in zip(times, asked, strict=True):
        level, decision = take(level, limit, now_us, cost)
        had.append((now_us, min(cost, limit.burst) if decision.is_allowed else 0))
    return had


@given(limits, steps)
def test_in_any_window_there_is_no_more_than_the_burst_and_what_comes_back(
    limit: Limit, asked: list[tuple[int, int]]
) -> None:
    had = play(limit, asked)

    for first, (start_us, _) in enumerate(had):
        units = 0
        for end_us, cost in had[first:]:
            units += cost
            back = (end_us - start_us) * limit.rate
            assert units * limit.grains <= limit.capacity + back


@given(limits, st.integers(0, 10**12))
def test_the_whole_burst_can_be_had_at_once_and_not_one_unit_more(
    limit: Limit, now_us: int
) -> None:
    level, allowed = Level(), []
    for _ in range(limit.burst + 1):
        level, decision = take(level, limit, now_us)
        allowed.append(decision.is_allowed)

    assert allowed == [True] * limit.burst + [False]


@given(limits, levels, st.integers(1, 8))
def test_who_waits_as_long_as_told_gets_it_and_not_a_microsecond_earlier(
    limit: Limit, level: Level, cost: int
) -> None:
    level, decision = take(level, limit, level.at_us, cost)

    if not decision.is_allowed:
        assert decision.wait_us > 0
        ready_us = level.at_us + decision.wait_us
        assert not take(level, limit, ready_us - 1, cost)[1].is_allowed
        assert take(level, limit, ready_us, cost)[1].is_allowed
    else:
        assert decision.wait_us == 0


@given(limits, levels)
def test_the_next_unit_comes_back_when_it_was_told_to(limit: Limit, level: Level) -> None:
    _, decision = take(level, limit, level.at_us, 0)

    if decision.more_us:
        for wait_us, remaining in ((0, 0), (decision.more_us, 1)):
            _, later = take(level, limit, level.at_us + wait_us, 0)
            assert later.remaining == decision.remaining + remaining
    else:
        assert decision.remaining == limit.burst


@given(limits, levels, st.integers(0, SECOND_US), st.integers(0, SECOND_US))
def test_time_only_gives_back(limit: Limit, level: Level, sooner: int, later: int) -> None:
    one = settle(level, limit, level.at_us + sooner)
    two = settle(one, limit, one.at_us + later)

    assert two.used <= one.used <= level.used
    assert two == settle(level, limit, level.at_us + sooner + later)


@given(limits, levels, st.integers(1, 8))
def test_what_is_refused_takes_nothing(limit: Limit, level: Level, cost: int) -> None:
    after, decision = take(level, limit, level.at_us, cost)

    assert decision.is_allowed == (after.used > level.used)


@given(limits, levels, st.integers(0, 10**9))
def test_what_others_have_used_counts_and_never_frees(
    limit: Limit, level: Level, used: int
) -> None:
    joined = join(level, limit, level.at_us, used)

    assert joined.used == max(level.used, used)


def test_a_clock_that_goes_back_stands_still() -> None:
    level = Level(used=5 * SECOND_US, at_us=SECOND_US)

    assert settle(level, Limit(1, 5), 0) == level


def test_what_costs_more_than_the_burst_takes_all_of_it() -> None:
    level, decision = take(Level(), Limit(1, 5), 0, cost=20)

    assert decision == Decision(is_allowed=True, remaining=0, more_us=SECOND_US)
    assert not take(level, Limit(1, 5), 5 * SECOND_US - 1, cost=20)[1].is_allowed


@pytest.mark.parametrize(
    ("limit", "window_s"), [(Limit(100, 500), 5), (Limit(3, 10), 4), (Limit(10, 20, 60), 120)]
)
def test_the_window_is_how_long_the_burst_takes_to_come_back(limit: Limit, window_s: int) -> None:
    assert limit.window_s == window_s


@pytest.mark.parametrize(
    ("rate", "burst"), [(0, 1), (1, 0), (RATE_MAX + 1, 1), (1, BURST_MAX + 1), (-1, 5)]
)
def test_a_limit_is_within_bounds(rate: int, burst: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Limit(rate, burst)


@pytest.mark.parametrize(("items", "cost"), [(1, 0), (49, 0), (50, 1), (1000, 20)])
def test_a_batch_costs_one_more_for_each_fifty_items(items: int, cost: int) -> None:
    assert batch_cost(items) == cost


@given(limits, levels)
def test_nothing_can_always_be_had_whatever_others_have_used(limit: Limit, level: Level) -> None:
    beyond = Level(level.used + limit.capacity, level.at_us)

    after, decision = take(beyond, limit, beyond.at_us, 0)

    assert after == beyond
    assert (decision.is_allowed, decision.remaining) == (True, 0)
    assert take(beyond, limit, beyond.at_us + decision.more_us, 0)[1].remaining == 1
