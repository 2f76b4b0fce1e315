"""When a failed delivery is attempted again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.ledger.ledgers import Environment
from payflow_domain.webhooks.deliveries import RetrySchedule, delay_after, schedule_of

_HOUR = 3_600
PLANNED = {
    Environment.LIVE: [
        5, 300, 1_800, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR
    ],
    Environment.SANDBOX: [5, 30, 300],
}  # fmt: skip

schedules = st.sampled_from(Environment).map(schedule_of)
lucks = st.floats(0, 1, exclude_max=True)
waits = st.none() | st.integers(0, 10**7)


@st.composite
def tries(draw: st.DrawFn) -> tuple[RetrySchedule, int]:
    """A schedule, and a number of tries after which there is another one."""
    schedule = draw(schedules)
    return schedule, draw(st.integers(1, len(schedule.delays_s)))


@pytest.mark.parametrize(("environment", "attempts"), [("live", 10), ("sandbox", 4)])
def test_there_are_so_many_attempts_in_all(environment: str, attempts: int) -> None:
    schedule = schedule_of(Environment(environment))

    delays = [delay_after(schedule, number, None, 0.5) for number in range(1, 20)]

    made = delays.index(None) + 1
    assert made == attempts
    assert delays[made - 1 :] == [None] * (20 - made)
    assert delays[: made - 1] == pytest.approx(PLANNED[Environment(environment)])


def test_live_deliveries_are_attempted_for_three_days() -> None:
    waited = timedelta(seconds=sum(schedule_of(Environment.LIVE).delays_s))

    assert timedelta(days=3) < waited < timedelta(days=3.5)


@given(tries(), lucks)
def test_every_delay_is_within_a_fifth_of_the_plan(
    of: tuple[RetrySchedule, int], luck: float
) -> None:
    schedule, number = of
    planned = schedule.delays_s[number - 1]

    delay = delay_after(schedule, number, None, luck)

    assert delay is not None
    assert 0.8 * planned <= delay <= 1.2 * planned


@given(tries())
def test_luck_spreads_delays_over_the_whole_range(of: tuple[RetrySchedule, int]) -> None:
    schedule, number = of
    planned = schedule.delays_s[number - 1]

    delays = [delay_after(schedule, number, None, luck) for luck in (0, 0.25, 0.5, 0.75)]

    assert delays == pytest.approx([planned * part for part in (0.8, 0.9, 1, 1.1)])


@given(tries(), lucks, waits)
def test_what_the_endpoint_asks_for_counts_up_to_twice_the_plan(
    of: tuple[RetrySchedule, int], luck: float, retry_after_s: int | None
) -> None:
    schedule, number = of
    planned = delay_after(schedule, number, None, luck)

    delay = delay_after(schedule, number, retry_after_s, luck)

    assert planned is not None
    assert delay is not None
    assert planned <= delay <= 2 * planned
    if retry_after_s is not None and planned <= retry_after_s <= 2 * planned:
        assert delay == retry_after_s


@given(schedules, lucks, waits)
def test_nothing_that_an_endpoint_asks_for_makes_another_attempt(
    schedule: RetrySchedule, luck: float, retry_after_s: int | None
) -> None:
    assert delay_after(schedule, len(schedule.delays_s) + 1, retry_after_s, luck) is None
