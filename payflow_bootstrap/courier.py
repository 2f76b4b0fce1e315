"""The courier: sends events to partners' endpoints, in an event loop of its own.

It is told of new events, and looks by itself now and then. What it cannot do just now it tries
again: nothing that goes wrong ends it.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import TypeVar

import structlog
import uvloop
from attrs import Factory, define, field
from uuid_utils import uuid7

from payflow_adapters.postgres.bell import listen
from payflow_adapters.webhooks.sender import Sender
from payflow_bootstrap.containers import Core
from payflow_domain.errors import Unavailable
from payflow_domain.ids import LedgerId
from payflow_domain.webhooks.deliveries import DeliveryKey, Outcome, Outgoing
from payflow_domain.webhooks.dispatch import Dispatcher, Errand, Errands
from payflow_domain.webhooks.endpoints import EndpointKey

LOOK_S = 1.0
"""How often it looks by itself: for retries that are due, and for what it was not told of."""

_PAUSE_S = 1.0
_RECORD_PAUSE_S = 0.005
_UNDER_WAY_MAX = 4_000
_STOP_TIMEOUT_S = 5.0

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

Done = TypeVar("Done")


@define(eq=False)
class Courier:
    """Sends what ``dispatcher`` tells it to, as the worker of that name."""

    dispatcher: Dispatcher
    sender: Sender
    worker: str
    _pool: ThreadPoolExecutor = Factory(lambda: ThreadPoolExecutor(2, "payflow-courier"))
    _ledgers: set[LedgerId] = Factory(set)
    _is_all_new: bool = True
    _called: asyncio.Event = Factory(asyncio.Event)
    _under_way: Counter[EndpointKey] = Factory(Counter)
    _behind: dict[EndpointKey, int] = Factory(dict)
    _open: set[DeliveryKey] = Factory(set)
    _made: list[tuple[Errand, Outcome]] = Factory(list)
    _is_made: asyncio.Event = Factory(asyncio.Event)
    _attempts: set[asyncio.Task[None]] = Factory(set)

    async def run(self, url: str, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set; ``url`` is that of the database, which tells what is new.

        Then attempts under way may end, and what came of them is kept.
        """
        await self.sender.open()
        taking = asyncio.create_task(self._take_forever())
        recording = asyncio.create_task(self._record_forever())
        listening = asyncio.create_task(listen(url, self.call))
        await stop.wait()
        await _cancel(taking, listening)
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=_STOP_TIMEOUT_S)
        await _cancel(*self._attempts)
        await _cancel(recording)
        await self._end()
        await self.sender.close()

    def call(self, ledgers: Collection[LedgerId] | None) -> None:
        """Have it look into these ledgers, or into all."""
        if ledgers is None:
            self._is_all_new = True
        else:
            self._ledgers.update(ledgers)
        self._called.set()

    async def _take_forever(self) -> None:
        while True:
            await self._wait()
            of = None if self._is_all_new else self._ledgers
            self._ledgers, self._is_all_new = set(), False
            try:
                taken = await self._in_thread(self._take, of)
            except Exception as error:  # noqa: BLE001 - nothing ends a courier
                _tell("take", error)
                await asyncio.sleep(_PAUSE_S)
                self.call(None)
            else:
                self._start(taken)

    def _take(self, of: Collection[LedgerId] | None) -> Errands:
        return self.dispatcher.take(self.worker, of, dict(self._under_way))

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._called.wait(), LOOK_S)
            self._called.clear()
            return
        self._is_all_new = True

    def _start(self, taken: Errands) -> None:
        for errand in taken.errands:
            if errand.delivery.key in self._open:
                continue
            self._open.add(errand.delivery.key)
            self._under_way[errand.endpoint.key] += 1
            attempt = asyncio.create_task(self._attempt(errand))
            self._attempts.add(attempt)
            attempt.add_done_callback(self._attempts.discard)
        for key, few in taken.behind.items():
            self._behind[key] = few
            self._catch_up(key)

    def _catch_up(self, key: EndpointKey) -> None:
        """Look for more for an endpoint that is behind, once it is worth while."""
        few = self._behind.get(key)
        if few is not None and self._under_way[key] <= few and len(self._open) < _UNDER_WAY_MAX:
            del self._behind[key]
            self.call([key[0]])

    async def _attempt(self, errand: Errand) -> None:
        endpoint, delivery = errand.endpoint, errand.delivery
        try:
            outcome = await self.sender.send(
                Outgoing(
                    url=endpoint.url,
                    secrets=endpoint.secrets_at(self.dispatcher.clock.now()),
                    id=delivery.event_id,
                    body=delivery.body or b"",
                )
            )
            self._made.append((errand, outcome))
            self._is_made.set()
        except BaseException:
            # It is due again when the lease ends.
            self._open.discard(delivery.key)
            raise
        finally:
            self._under_way[endpoint.key] -= 1
            if not self._under_way[endpoint.key]:
                del self._under_way[endpoint.key]
            self._catch_up(endpoint.key)

    async def _record_forever(self) -> None:
        while True:
            await self._is_made.wait()
            self._is_made.clear()
            await self._record()
            # Others end meanwhile, and are recorded together.
            await asyncio.sleep(_RECORD_PAUSE_S)

    async def _record(self) -> None:
        """Keep what came of attempts, however long the database is away."""
        made, self._made = self._made, []
        while made:
            try:
                await self._keep(made)
            except Exception as error:  # noqa: BLE001 - nothing ends a courier
                _tell("record", error)
                await asyncio.sleep(_PAUSE_S)
            else:
                break
        self._open.difference_update([errand.delivery.key for errand, _ in made])

    async def _keep(self, made: Sequence[tuple[Errand, Outcome]]) -> None:
        for endpoint in await self._in_thread(self.dispatcher.conclude, made):
            _logger.warning(
                "webhook_endpoint_disabled",
                ledger_id=endpoint.ledger_id,
                endpoint_id=endpoint.id,
                reason=endpoint.disabled_reason,
            )

    async def _end(self) -> None:
        """Keep what is not kept yet, and leave the endpoints to others."""
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._record()
                await self._in_thread(self.dispatcher.release, self.worker)
        except (TimeoutError, Unavailable) as error:
            _tell("end", error)
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _in_thread(self, call: Callable[..., Done], *args: object) -> Done:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *args)


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _tell(what: str, error: Exception) -> None:
    if isinstance(error, Unavailable):
        _logger.warning("courier_waits", what=what, why=error.detail)
    else:
        _logger.error("courier_failed", what=what, exc_info=error)


@define(eq=False)
class CourierThread:
    """A courier on a thread of its own."""

    courier: Courier
    url: str = field(repr=False)
    _loop: asyncio.AbstractEventLoop = Factory(uvloop.new_event_loop)
    _stop: asyncio.Event = Factory(asyncio.Event)
    _thread: Thread = field(init=False)

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="payflow-courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Have it end, and wait until it has."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self.courier.run(self.url, self._stop))
        self._loop.close()


def make_courier(core: Core) -> Courier:
    """Make a courier, as a worker that has no like."""
    return Courier(core.dispatcher(), core.sender(), worker=str(uuid7()))
