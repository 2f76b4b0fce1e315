"""What a process does beside requests, again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from payflow_domain.errors import Unavailable
from payflow_http.threads import Threads

_THREADS = 2
_WAITING_MAX = 100
FIRST_TIME_S_MAX = 2.0
"""How long requests wait for what is done first."""

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Periodic:
    """Does ``work`` at once, every ``period_s`` seconds, and once more in the end.

    What goes wrong is logged, and tried again the next time.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], period_s: float) -> None:
        self._name = name
        self._work = work
        self._period_s = period_s
        self._stop = asyncio.Event()
        self._begun = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin, and return once it was done for the first time, or that takes too long."""
        self._stop.clear()
        self._begun.clear()
        self._task = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._begun.wait(), FIRST_TIME_S_MAX)

    async def close(self) -> None:
        """Return once it was done for the last time."""
        self._stop.set()
        if self._task is not None:
            await self._task
            await self._try()

    async def _run(self) -> None:
        while not self._stop.is_set():
            await self._try()
            self._begun.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._period_s)

    async def _try(self) -> None:
        try:
            await self._work()
        except Unavailable as error:
            _logger.warning("periodic_unavailable", work=self._name, why=error.detail)
        except Exception:
            _logger.exception("periodic_failed", work=self._name)


class Background:
    """All that a process does beside requests, on threads of its own."""

    def __init__(self) -> None:
        self.threads = Threads(_THREADS, _WAITING_MAX)
        self._each: list[Periodic] = []

    def add(self, name: str, work: Callable[[], Awaitable[None]], period_s: float) -> None:
        """Do ``work`` every ``period_s`` seconds, from ``open`` to ``close``."""
        self._each.append(Periodic(name, work, period_s))

    async def open(self) -> None:
        """Begin with all of it."""
        self.threads.open("payflow-background")
        await asyncio.gather(*[one.open() for one in self._each])

    async def close(self) -> None:
        """Return once all of it was done for the last time."""
        await asyncio.gather(*[one.close() for one in self._each])
        await self.threads.close()
