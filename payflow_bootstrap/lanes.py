"""Lanes: what a courier holds of each endpoint, and in which order it is attempted."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence

from attrs import Factory, define, evolve

from payflow_domain.ids import LedgerId
from payflow_domain.webhooks.deliveries import DeliveryKey
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey
from payflow_domain.webhooks.rooms import window_of
from payflow_domain.webhooks.taking import Errand, Errands


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
class Lanes:
    """Attempts what is held: of each endpoint as many at once as its window has.

    A delivery is held until ``let_go`` is called for it. ``look_into`` is called where it is worth
    while to take more.
    """

    attempt: Callable[[Errand], Awaitable[None]]
    look_into: Callable[[Collection[LedgerId]], None]
    _lanes: dict[EndpointKey, Lane] = Factory(dict)
    _held: set[DeliveryKey] = Factory(set)
    _again: dict[DeliveryKey, Errand] = Factory(dict)
    _runners: set[asyncio.Task[None]] = Factory(set)

    @property
    def held(self) -> int:
        """Return how many deliveries are held in all."""
        return len(self._held) + len(self._again)

    @property
    def are_idle(self) -> bool:
        """Tell whether no attempt is under way."""
        return not self._runners

    def held_of_each(self) -> dict[EndpointKey, int]:
        """Return how many are not attempted yet, or are under way."""
        return {key: lane.held for key, lane in self._lanes.items()}

    def start(self, taken: Errands) -> None:
        """Begin with what was taken."""
        for held, endpoint in taken.held.items():
            self._turn(held, endpoint)
        for errand in taken.errands:
            if errand.delivery.key in self._held:
                # A retry that was asked for while it is attempted: that is made after it.
                self._again[errand.delivery.key] = errand
            else:
                self._hold(errand)
        for key, few in taken.behind.items():
            self._lanes.setdefault(key, Lane()).few = few
        for key in {*taken.behind, *(errand.endpoint.key for errand in taken.errands)}:
            self._move_on(key)

    def let_go(self, key: DeliveryKey) -> None:
        """Be done with a delivery, unless it is to be attempted again at once."""
        self._held.discard(key)
        again = self._again.pop(key, None)
        if again is not None:
            self._hold(again)
            self._move_on(key[:2])

    def drop(self, key: EndpointKey) -> None:
        """Attempt nothing more of an endpoint that was disabled or removed."""
        lane = self._lanes.get(key)
        if lane is not None:
            for errand in lane.waiting:
                self._held.discard(errand.delivery.key)
                self._again.pop(errand.delivery.key, None)
            lane.waiting.clear()

    async def end(self, timeout_s: float) -> Sequence[Errand]:
        """Begin with nothing more, and wait for what is under way, but not for ever.

        Returns what would have been begun.
        """
        left = list(self._again.values())
        self._again.clear()
        for lane in self._lanes.values():
            left += lane.waiting
            lane.waiting.clear()
        if self._runners:
            await asyncio.wait(self._runners, timeout=timeout_s)
        for runner in self._runners:
            runner.cancel()
        await asyncio.gather(*self._runners, return_exceptions=True)
        return left

    def _hold(self, errand: Errand) -> None:
        self._held.add(errand.delivery.key)
        lane = self._lanes.setdefault(errand.endpoint.key, Lane())
        lane.window = window_of(errand.endpoint)
        lane.waiting.append(errand)

    def _turn(self, key: EndpointKey, endpoint: Endpoint | None) -> None:
        """Attempt what waits for an endpoint as that is now."""
        lane = self._lanes.get(key)
        if endpoint is None:
            self.drop(key)
        elif lane is not None and lane.waiting and _has_changed(lane.waiting[0].endpoint, endpoint):
            lane.waiting = deque(evolve(errand, endpoint=endpoint) for errand in lane.waiting)

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
            self.look_into([key[0]])
        if not lane.held and lane.few is None:
            del self._lanes[key]

    async def _attempt_on(self, key: EndpointKey, lane: Lane) -> None:
        """Attempt one delivery after another, as long as there are any and there is room."""
        try:
            while lane.waiting and lane.under_way <= lane.window:
                await self.attempt(lane.waiting.popleft())
                if lane.few is not None and lane.held <= lane.few:
                    self._move_on(key)
        finally:
            lane.under_way -= 1
            if self._lanes.get(key) is lane:
                self._move_on(key)


def _has_changed(before: Endpoint, now: Endpoint) -> bool:
    """Tell whether events are sent elsewhere by now, or signed by other secrets."""
    is_there = before.url == now.url
    is_signed = (before.secret, before.previous_secret) == (now.secret, now.previous_secret)
    return not (is_there and is_signed)
