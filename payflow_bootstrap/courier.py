"""The courier: sends events to partners' endpoints, in an event loop of its own.

It is told of new events, and looks by itself now and then. What it cannot do just now it tries
again: nothing that goes wrong ends it.
"""

import asyncio
import contextlib
import math
from collections.abc import Collection, Sequence
from threading import Thread
from time import monotonic

import structlog
import uvloop
from attrs import Factory, define, field, frozen
from uuid_utils import uuid7

from payflow_adapters.postgres.bell import listen
from payflow_adapters.postgres.loop_writer import LoopWriter
from payflow_adapters.webhooks.sender import Sender
from payflow_adapters.webhooks.shortage import ResourcesExhausted
from payflow_bootstrap.containers import Core
from payflow_bootstrap.lanes import Lanes
from payflow_domain.clock import Clock
from payflow_domain.errors import Unavailable
from payflow_domain.ids import LedgerId
from payflow_domain.webhooks.deliveries import Delivery, Outcome, Outgoing
from payflow_domain.webhooks.dispatch import Dispatcher, ToDisable
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey
from payflow_domain.webhooks.rooms import HELD_MAX
from payflow_domain.webhooks.taking import Errand, Errands

LOOK_S = 1.0
"""How often it looks by itself: for retries that are due, and for what it was not told of."""

_PAUSE_S = 1.0
_RECORD_PAUSE_S = 0.01
_TAKE_PAUSE_S = 0.015
"""Between looks: what comes meanwhile is taken together, which leaves more of the processor."""

_DESCRIPTORS_EACH = 4
"""An attempt may try several addresses at once, and its connection stays open for a while."""

_EXHAUSTED_PAUSE_S = 60.0
"""How often it is told at most that descriptors are short."""

_STOP_TIMEOUT_S = 5.0

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


@frozen
class Desk:
    """A dispatcher whose units of work run on the event loop, one after another."""

    writer: LoopWriter
    dispatcher: Dispatcher

    async def take(
        self,
        worker: str,
        of: Collection[LedgerId] | None,
        held: dict[EndpointKey, int],
        room: int,
    ) -> Errands:
        return await self.writer.run(lambda of: self.dispatcher.take(worker, of, held, room), of)

    async def conclude(self, made: Sequence[tuple[Errand, Outcome]]) -> Sequence[ToDisable]:
        return await self.writer.run(self.dispatcher.conclude, made)

    async def disable(self, endpoint: ToDisable) -> Endpoint | None:
        return await self.writer.run(lambda one: self.dispatcher.disable(*one), endpoint)

    async def release(self, worker: str, left: Sequence[Errand]) -> None:
        await self.writer.run(lambda left: self.dispatcher.release(worker, left), left)


@define(eq=False)
class Courier:
    """Sends what there is to send, as the worker of that name.

    It takes at one desk and hands in at another, so that neither waits for the other. It holds
    at most ``held_max`` deliveries, so no more attempts are under way.
    """

    taking: Desk
    concluding: Desk
    sender: Sender
    clock: Clock
    worker: str
    held_max: int = HELD_MAX
    _ledgers: set[LedgerId] = Factory(set)
    _is_all_new: bool = True
    _is_called: asyncio.Event = Factory(asyncio.Event)
    _lanes: Lanes = Factory(lambda self: Lanes(self._attempt, self.call), takes_self=True)
    _made: list[tuple[Errand, Outcome]] = Factory(list)
    _is_made: asyncio.Event = Factory(asyncio.Event)
    _exhausted_at: float = -math.inf

    async def run(self, url: str, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set; ``url`` is that of the database, which tells what is new.

        Then attempts under way may end, and what came of them is kept.
        """
        await self.sender.open()
        listening = asyncio.create_task(listen(url, self.call))
        recording = asyncio.create_task(self._record_until(stop))
        await self._take_until(stop)
        await _cancel(listening)
        left = await self._lanes.end(_STOP_TIMEOUT_S)
        self._is_made.set()
        await asyncio.wait({recording}, timeout=_STOP_TIMEOUT_S)
        await _cancel(recording)
        await self._end(left)
        await self.sender.close()

    def call(self, ledgers: Collection[LedgerId] | None) -> None:
        """Have it look into these ledgers, or into all."""
        if ledgers is None:
            self._is_all_new = True
        else:
            self._ledgers.update(ledgers)
        self._is_called.set()

    async def _take_until(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._is_called.set())
        while True:
            await self._wait()
            if stop.is_set():
                return
            of = None if self._is_all_new else self._ledgers
            self._ledgers, self._is_all_new = set(), False
            held, room = self._lanes.held_of_each(), self.held_max - self._lanes.held
            try:
                taken = await self.taking.take(self.worker, of, held, room)
                _tell_unreadable(taken)
                self._lanes.start(taken)
                if taken.is_cut_short:
                    self.call(of)
                await asyncio.sleep(_TAKE_PAUSE_S)
            except Exception as error:  # noqa: BLE001 - nothing ends a courier
                _tell("take", error)
                await asyncio.sleep(_PAUSE_S)
                self.call(None)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._is_called.wait()
        except TimeoutError:
            self._is_all_new = True
        self._is_called.clear()

    async def _attempt(self, errand: Errand) -> None:
        outcome = None
        try:
            outcome = await self._send(errand)
        finally:
            if outcome is None:
                self._lanes.let_go(errand.delivery.key)
        if outcome is not None:
            self._made.append((errand, outcome))
            self._is_made.set()

    async def _send(self, errand: Errand) -> Outcome | None:
        """Make an attempt, or none where another worker may have it before this one would end.

        It is due again then. That we lack a descriptor is no attempt: there may be one soon.
        """
        endpoint, delivery = errand.endpoint, errand.delivery
        while (message := self._message(endpoint, delivery)) is not None:
            try:
                return await self.sender.send(message)
            except ResourcesExhausted as error:
                self._tell_exhausted(error)
                await asyncio.sleep(_PAUSE_S)
        return None

    def _message(self, endpoint: Endpoint, delivery: Delivery) -> Outgoing | None:
        now, put_off_to = self.clock.now(), delivery.next_attempt_at
        if put_off_to is None or put_off_to - now < self.taking.dispatcher.attempt_max:
            return None
        if delivery.body is None:
            return None
        secrets = endpoint.secrets_at(now)
        return Outgoing(endpoint.url, secrets, delivery.event_id, delivery.body)

    def _tell_exhausted(self, error: ResourcesExhausted) -> None:
        now = monotonic()
        if now - self._exhausted_at >= _EXHAUSTED_PAUSE_S:
            self._exhausted_at = now
            _logger.error("webhooks_short_of_descriptors", why=str(error))

    async def _record_until(self, stop: asyncio.Event) -> None:
        while not (stop.is_set() and self._lanes.are_idle):
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
                to_disable = await self.concluding.conclude(made)
            except Exception as error:  # noqa: BLE001 - nothing ends a courier
                _tell("record", error)
                await asyncio.sleep(_PAUSE_S)
            else:
                await self._disable(to_disable)
                break
        for errand, _ in made:
            self._lanes.let_go(errand.delivery.key)

    async def _disable(self, endpoints: Sequence[ToDisable]) -> None:
        """Disable endpoints; where that fails the next attempt will ask for it again."""
        for one in endpoints:
            try:
                disabled = await self.concluding.disable(one)
            except Exception as error:  # noqa: BLE001 - what is wrong with one keeps no other back
                _tell("disable", error)
                continue
            if disabled is not None:
                self._lanes.drop(disabled.key)
                _logger.warning(
                    "webhook_endpoint_disabled",
                    ledger_id=disabled.ledger_id,
                    endpoint_id=disabled.id,
                    reason=disabled.disabled_reason,
                )

    async def _end(self, left: Sequence[Errand]) -> None:
        """Keep what is not kept yet, and leave the endpoints and what is ``left`` to others."""
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._record()
                await self.concluding.release(self.worker, left)
        except (TimeoutError, Unavailable) as error:
            _tell("end", error)
        for desk in (self.taking, self.concluding):
            await desk.writer.close()


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _tell_unreadable(taken: Errands) -> None:
    for ledger_id, why in taken.unreadable.items():
        _logger.warning("webhooks_unreadable", ledger_id=ledger_id, why=why)


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
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self.courier.run(self.url, self._stop))
        self._loop.close()


def make_courier(core: Core, descriptors: int) -> Courier:
    """Make a courier, as a worker that has no like and may open so many ``descriptors``."""
    held_max = min(HELD_MAX, descriptors // _DESCRIPTORS_EACH)
    return Courier(
        _desk(core), _desk(core), core.sender(), core.clock(), str(uuid7()), held_max=held_max
    )


def _desk(core: Core) -> Desk:
    writer = core.new_loop_writer()
    return Desk(writer, core.dispatcher(begin=writer.begin))
