"""Requests that wait together are served together."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import structlog
from attrs import frozen

from payflow_domain.errors import Unavailable
from payflow_http.problems import Problem, internal_error, overloaded, problem_of

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Runner(Protocol):
    """Has the work of a group done without blocking the event loop."""

    async def __call__(
        self,
        work: Callable[[Sequence[Any]], Sequence[Any]],
        items: Sequence[Any],
        when_handed_over: Callable[[], None],
    ) -> Sequence[Any]:
        """Return what ``work`` makes of ``items``.

        ``when_handed_over`` is called as soon as only the store has work left, or at once where
        that cannot be told.
        """
        ...


_ANSWER_DELAY_MAX_S = 0.01

_Waiting = tuple[Item, "asyncio.Future[Outcome]"]

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


@frozen
class _Failure:
    """An item got no outcome; ``problem`` makes an exception anew for each caller."""

    problem: Callable[[], Problem]


def _one(_: object) -> int:
    return 1


class Grouped(Generic[Item, Outcome]):
    """An awaitable queue in front of ``work``, which takes many items at once.

    ``run`` calls ``work`` (on a thread of the queue's own, unless told otherwise), one group after
    another, with everything that waits up to ``items_max`` items and a weight of
    ``weight_max`` in all (one item may weigh more), and returns an outcome for each in their order.
    The next group starts as soon as the last one is done: there is no timer, and an item that
    comes alone goes alone. ``waiting_max`` bounds the queue, which is opened once.

    Callers are woken when the next group has been handed to the store, at the latest after
    ``_ANSWER_DELAY_MAX_S``: the store then works while the loop answers, not before.

    ``work`` either does all of a group or nothing and raises. Where it raises ``Unavailable`` each
    caller of the group gets that. Any other exception is a fault of one of the items, so they are
    tried one by one, and only the faulty ones get ``internal_error``.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Outcome]],
        *,
        name: str,
        items_max: int = 256,
        weight_max: int = 2_000,
        waiting_max: int = 10_000,
        weigh: Callable[[Item], int] = _one,
        run: Runner | None = None,
    ) -> None:
        self._work = work
        self._name = name
        self._items_max = items_max
        self._weight_max = weight_max
        self._waiting_max = waiting_max
        self._weigh = weigh
        self._waiting: deque[_Waiting[Item, Outcome]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        # It starts its thread when that is first needed.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._run: Runner = run or self._run_on_thread
        self._serving: asyncio.Task[None] | None = None
        self._served: list[tuple[list[_Waiting[Item, Outcome]], Sequence[Outcome | _Failure]]] = []
        self._is_busy = False
        self._idle = asyncio.Event()

    def open(self) -> None:
        """Start to take items, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._idle.set()

    async def close(self) -> None:
        """Take no more items, and return once those that wait are done."""
        self._loop = None
        await self._idle.wait()
        self._thread.shutdown()

    async def submit(self, item: Item) -> Outcome:
        """Return what ``work`` makes of ``item``.

        Raises a ``Problem``: ``overloaded`` where too many wait or the queue is closed, or what
        became of the group. A caller that is cancelled before its group starts is left out of it;
        later, its item is done all the same.
        """
        if self._loop is None or len(self._waiting) >= self._waiting_max:
            raise overloaded()
        future: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting.append((item, future))
        if not self._is_busy:
            self._is_busy = True
            self._idle.clear()
            # After what else is ready now, so that requests that came together go together.
            self._loop.call_soon(self._start)
        return await future

    def _start(self) -> None:
        """Have the next group served."""
        group = self._take()
        if not group:
            self._wake()
            self._is_busy = False
            self._idle.set()
            return
        loop = group[0][1].get_loop()
        self._serving = loop.create_task(self._serve_group(group))
        if self._served:
            loop.call_later(_ANSWER_DELAY_MAX_S, self._wake)

    async def _serve_group(self, group: "list[_Waiting[Item, Outcome]]") -> None:
        try:
            outcomes = await self._run(self._serve, [item for item, _ in group], self._wake)
        except Exception:
            _logger.exception("group_not_run", queue=self._name, items=len(group))
            outcomes = [_Failure(internal_error)] * len(group)
        self._wake()
        self._served.append((group, outcomes))
        self._start()

    async def _run_on_thread(
        self,
        work: Callable[[Sequence[Any]], Sequence[Any]],
        items: Sequence[Any],
        when_handed_over: Callable[[], None],
    ) -> Sequence[Any]:
        when_handed_over()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, items)

    def _take(self) -> "list[_Waiting[Item, Outcome]]":
        group: list[_Waiting[Item, Outcome]] = []
        waiting, weight = self._waiting, 0
        while waiting and len(group) < self._items_max:
            item, future = waiting[0]
            if not future.done():
                weight += self._weigh(item)
                if group and weight > self._weight_max:
                    break
                group.append((item, future))
            waiting.popleft()
        return group

    def _serve(self, items: Sequence[Item]) -> Sequence[Outcome | _Failure]:
        """Do the work of a group."""
        try:
            return self._work(items)
        except Unavailable as error:
            _logger.warning("group_unavailable", queue=self._name, items=len(items), why=str(error))
            return [_Failure(partial(problem_of, error))] * len(items)
        except Exception:
            _logger.exception("group_failed", queue=self._name, items=len(items))
            if len(items) == 1:
                return [_Failure(internal_error)]
            return [outcome for item in items for outcome in self._serve([item])]

    def _wake(self) -> None:
        """Wake the callers of every group that has been served."""
        served, self._served = self._served, []
        for group, outcomes in served:
            for (_, future), outcome in zip(group, outcomes, strict=True):
                if future.done():
                    continue
                if isinstance(outcome, _Failure):
                    future.set_exception(outcome.problem())
                else:
                    future.set_result(outcome)
