"""Calls that block, kept off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from payflow_http.problems import overloaded

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """A bounded pool: ``workers`` calls run at a time, and ``waiting_max`` may run or wait."""

    def __init__(self, workers: int, waiting_max: int) -> None:
        self._workers = workers
        self._waiting_max = waiting_max
        self._pool: ThreadPoolExecutor | None = None
        self._count = 0

    def open(self, name: str) -> None:
        """Start to take calls, on threads of that name."""
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix=name)

    async def close(self) -> None:
        """Take no more calls, and return once those that were taken are done."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``call`` returns; raises a ``Problem`` where too many wait."""
        if self._pool is None or self._count >= self._waiting_max:
            raise overloaded()
        self._count += 1
        try:
            bound = partial(copy_context().run, call, *args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._pool, bound)
        finally:
            self._count -= 1
