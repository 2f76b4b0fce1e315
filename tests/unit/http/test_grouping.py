"""Requests that wait together are served together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.ledger.errors import CommitFailed
from payflow_http.grouping import Grouped
from payflow_http.problems import Problem

Numbers = Grouped[int, int]


def run(
    use: Callable[[Numbers], Awaitable[None]],
    work: Callable[[Sequence[int]], Sequence[int]],
    **bounds: Any,  # noqa: ANN401  # the bounds of a queue
) -> None:
    """Open a queue in front of ``work``, use it, and close it."""

    async def main() -> None:
        queue: Numbers = Grouped(work, name="numbers", weigh=abs, **bounds)
        queue.open()
        await use(queue)
        await queue.close()

    asyncio.run(main())


async def outcome_of(queue: Numbers, item: int) -> int | str:
    try:
        return await queue.submit(item)
    except Problem as problem:
        return problem.code


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 8), st.integers(1, 20))
def test_each_caller_gets_its_own_outcome_and_groups_keep_order_and_bounds(
    items: list[int], items_max: int, weight_max: int
) -> None:
    groups: list[list[int]] = []

    def double(group: Sequence[int]) -> list[int]:
        groups.append(list(group))
        return [item * 2 for item in group]

    async def use(queue: Numbers) -> None:
        outcomes = await asyncio.gather(*[queue.submit(item) for item in items])
        assert outcomes == [item * 2 for item in items]

    run(use, double, items_max=items_max, weight_max=weight_max)

    assert [item for group in groups for item in group] == items
    assert all(len(group) <= items_max for group in groups)
    assert all(len(group) == 1 or sum(group) <= weight_max for group in groups)


@given(st.lists(st.integers(0, 5), max_size=20))
def test_only_the_item_that_breaks_the_work_gets_an_error(items: list[int]) -> None:
    def fail_at_3(group: Sequence[int]) -> list[int]:
        if 3 in group:
            raise ValueError(group)
        return list(group)

    async def use(queue: Numbers) -> None:
        outcomes = await asyncio.gather(*[outcome_of(queue, item) for item in items])
        assert outcomes == ["internal_error" if item == 3 else item for item in items]

    run(use, fail_at_3)


def test_what_is_unavailable_is_told_to_the_whole_group_and_the_queue_goes_on() -> None:
    calls: list[Sequence[int]] = []

    def fail_once(group: Sequence[int]) -> Sequence[int]:
        calls.append(group)
        if len(calls) == 1:
            raise CommitFailed("The database is away.")
        return group

    async def use(queue: Numbers) -> None:
        first = await asyncio.gather(*[outcome_of(queue, item) for item in (1, 2)])
        assert first == ["commit_failed", "commit_failed"]
        assert await queue.submit(3) == 3

    run(use, fail_once)

    assert [list(group) for group in calls] == [[1, 2], [3]]


def test_items_that_arrive_meanwhile_go_together_next() -> None:
    started, go_on = Event(), Event()
    groups: list[list[int]] = []

    def wait(group: Sequence[int]) -> Sequence[int]:
        groups.append(list(group))
        started.set()
        go_on.wait(10)
        return group

    async def use(queue: Numbers) -> None:
        first = asyncio.create_task(queue.submit(1))
        await asyncio.to_thread(started.wait, 10)
        others = [asyncio.create_task(queue.submit(item)) for item in (2, 3)]
        await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(first, *others)

    run(use, wait)

    assert groups == [[1], [2, 3]]


def test_a_caller_that_goes_away_harms_nobody() -> None:
    started, go_on = Event(), Event()
    served: list[int] = []

    def wait(group: Sequence[int]) -> Sequence[int]:
        served.extend(group)
        started.set()
        go_on.wait(10)
        return group

    async def use(queue: Numbers) -> None:
        tasks = [asyncio.create_task(queue.submit(item)) for item in (1, 2, 3)]
        await asyncio.to_thread(started.wait, 10)
        late = [asyncio.create_task(queue.submit(item)) for item in (4, 5)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        late[0].cancel()
        go_on.set()
        outcomes = await asyncio.gather(*tasks, *late, return_exceptions=True)
        assert [o for o in outcomes if isinstance(o, int)] == [2, 3, 5]

    run(use, wait)

    assert served == [1, 2, 3, 5]


def test_too_many_waiting_are_turned_away() -> None:
    async def use(queue: Numbers) -> None:
        outcomes = await asyncio.gather(*[outcome_of(queue, item) for item in range(5)])
        assert outcomes == [0, 1, 2, "overloaded", "overloaded"]

    run(use, lambda group: group, waiting_max=3)


def test_a_queue_that_closes_finishes_what_waits_and_takes_no_more() -> None:
    async def use(queue: Numbers) -> None:
        waiting = [asyncio.create_task(queue.submit(item)) for item in range(3)]
        await asyncio.sleep(0)
        await queue.close()
        assert await asyncio.gather(*waiting) == [0, 1, 2]
        with pytest.raises(Problem, match="waiting"):
            await queue.submit(4)

    run(use, lambda group: group, items_max=1)
