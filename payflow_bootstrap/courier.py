"""The courier: sends events to partners' endpoints, in an event loop of its own.

It is told of new events, and looks by itself now and then. What it cannot do just now it tries
again: nothing that goes wrong ends it.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Collection, Sequence
from threading import Thread
from time import monotonic

import structlog
import uvloop
from attrs import Factory, define, evolve, field, frozen
from uuid_utils import uuid7

from payflow_adapters.postgres.bell import listen
from payflow_adapters.postgres.loop_writer import LoopWriter
from payflow_adapters.webhooks.sender import Sender
from payflow_adapters.webhooks.shortage import ResourcesExhausted
from payflow_bootstrap.containers import Core
from payflow_domain.clock import Clock
from payflow_domain.errors import Unavailable
from payflow_domain.ids import LedgerId
from payflow_domain.webhooks.deliveries import Delivery, DeliveryKey, Outcome, Outgoing
from payflow_domain.webhooks.dispatch import Dispatcher
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey
from payflow_domain.webhooks.rooms import HELD_MAX, window_of
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

    async def conclude(self, made: Sequence[tuple[Errand, Outcome]]) -> Sequence[Endpoint]:
        return await self.writer.run(self.dispatcher.conclude, made)

    async def release(self, worker: str, left: Sequence[Errand]) -> None:
        await self.writer.run(lambda left: self.dispatcher.release(worker, left), left)


@define(eq=False)
class Lane:
    """What is held for one endpoint; ``few`` is set while there is more for it to be taken."""

    window: int = 0
    waiting: deque[Errand] = Factory(deque)
    under_way: int = 0
    few: int | None = None

    @property
    def held(self) -> int:
        return len(self.waiting) + self.under_way


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
    _lanes: dict[EndpointKey, Lane] = Factory(dict)
    _open: set[DeliveryKey] = Factory(set)
    _again: dict[DeliveryKey, Errand] = Factory(dict)
    _runners: set[asyncio.Task[None]] = Factory(set)
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
        left = self._drop_all()
        if self._runners:
            await asyncio.wait(self._runners, timeout=_STOP_TIMEOUT_S)
        await _cancel(*self._runners)
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
            held = {key: lane.held for key, lane in self._lanes.items()}
            try:
                room = self.held_max - len(self._open) - len(self._again)
                taken = await self.taking.take(self.worker, of, held, room)
                self._start(taken)
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

    def _start(self, taken: Errands) -> None:
        for ledger_id, why in taken.unreadable.items():
            _logger.warning("webhooks_unreadable", ledger_id=ledger_id, why=why)
        for held, endpoint in taken.held.items():
            self._turn(held, endpoint)
        for errand in taken.errands:
            if errand.delivery.key in self._open:
                # A retry that was asked for while it is attempted: that is made after it.
                self._again[errand.delivery.key] = errand
            else:
                self._hold(errand)
        for key, few in taken.behind.items():
            self._lanes.setdefault(key, Lane()).few = few
        for key in {*taken.behind, *(errand.endpoint.key for errand in taken.errands)}:
            self._move_on(key)

    def _hold(self, errand: Errand) -> None:
        self._open.add(errand.delivery.key)
        lane = self._lanes.setdefault(errand.endpoint.key, Lane())
        lane.window = window_of(errand.endpoint)
        lane.waiting.append(errand)

    def _let_go(self, key: DeliveryKey) -> None:
        """Be done with a delivery, unless it is to be attempted again at once."""
        self._open.discard(key)
        again = self._again.pop(key, None)
        if again is not None:
            self._hold(again)
            self._move_on(key[:2])

    def _move_on(self, key: EndpointKey) -> None:
        """Fill the window of an endpoint, and look for more where that is worth while."""
        lane = self._lanes.get(key)
        if lane is None:
            return
        for _ in range(min(len(lane.waiting), lane.window - lane.under_way)):
            lane.under_way += 1
            runner = asyncio.create_task(self._attempt_on(key, lane))
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)
        if lane.few is not None and lane.held <= lane.few:
            lane.few = None
            self.call([key[0]])
        if not lane.held and lane.few is None:
            del self._lanes[key]

    async def _attempt_on(self, key: EndpointKey, lane: Lane) -> None:
        """Attempt one delivery after another, as long as there are any and there is room."""
        try:
            while lane.waiting and lane.under_way <= lane.window:
                await self._attempt(lane.waiting.popleft())
                if lane.few is not None and lane.held <= lane.few:
                    self._move_on(key)
        finally:
            lane.under_way -= 1
            if self._lanes.get(key) is lane:
                self._move_on(key)

    async def _attempt(self, errand: Errand) -> None:
        outcome = None
        try:
            outcome = await self._send(errand)
        finally:
            if outcome is None:
                self._let_go(errand.delivery.key)
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
        while not (stop.is_set() and not self._runners):
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
        for errand, _ in made:
            self._let_go(errand.delivery.key)

    async def _keep(self, made: Sequence[tuple[Errand, Outcome]]) -> None:
        for endpoint in await self.concluding.conclude(made):
            self._drop(endpoint.key)
            _logger.warning(
                "webhook_endpoint_disabled",
                ledger_id=endpoint.ledger_id,
                endpoint_id=endpoint.id,
                reason=endpoint.disabled_reason,
            )

    def _turn(self, key: EndpointKey, endpoint: Endpoint | None) -> None:
        """Attempt what waits for an endpoint as that is now."""
        lane = self._lanes.get(key)
        if endpoint is None:
            self._drop(key)
        elif lane is not None and lane.waiting and _has_changed(lane.waiting[0].endpoint, endpoint):
            lane.waiting = deque(evolve(errand, endpoint=endpoint) for errand in lane.waiting)

    def _drop(self, key: EndpointKey) -> None:
        """Attempt nothing more of an endpoint that was disabled or removed."""
        lane = self._lanes.get(key)
        if lane is not None:
            for errand in lane.waiting:
                self._open.discard(errand.delivery.key)
                self._again.pop(errand.delivery.key, None)
            lane.waiting.clear()

    def _drop_all(self) -> Sequence[Errand]:
        """Begin with nothing more; returns what would have been begun."""
        left = list(self._again.values())
        self._again.clear()
        for lane in self._lanes.values():
            left += lane.waiting
            lane.waiting.clear()
        return left

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


def _has_changed(before: Endpoint, now: Endpoint) -> bool:
    """Tell whether events are sent elsewhere by now, or signed by other secrets."""
    is_there = before.url == now.url
    is_signed = (before.secret, before.previous_secret) == (now.secret, now.previous_secret)
    return not (is_there and is_signed)


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
