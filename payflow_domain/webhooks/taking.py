"""What a worker takes at one look: what is due, and what the journals have for its endpoints."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import Factory, define, frozen

from payflow_domain.ids import DELIVERY, DeliveryId, LedgerId, Mint
from payflow_domain.ledger.journal import Event, event_id
from payflow_domain.webhooks.deliveries import SKIPPED_AT_A_TIME, Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey, EndpointStatus
from payflow_domain.webhooks.ports import DispatchUnitOfWork, Taken
from payflow_domain.webhooks.rooms import few_of, room_of, share_room

EVENTS_AT_A_TIME = 500
"""How many events of a journal are looked at for an endpoint that does not hear of all."""


@frozen
class Errand:
    """A delivery to be attempted."""

    endpoint: Endpoint
    delivery: Delivery


@frozen
class Errands:
    """What to attempt, in this order.

    ``behind`` are endpoints that there is more for, each with the number of deliveries held at
    which it is worth while to take more. ``is_cut_short`` where there may be other endpoints that
    something is to be done for: more than are taken at a time.
    """

    errands: Sequence[Errand] = ()
    behind: Mapping[EndpointKey, int] = Factory(dict)
    is_cut_short: bool = False
    held: Mapping[EndpointKey, Endpoint | None] = Factory(dict)
    """What endpoints that deliveries are held for are by now, ``None`` if nothing is sent there."""
    unreadable: Mapping[LedgerId, str] = Factory(dict)
    """In which ledgers something was passed over that this version cannot read, and why."""


@define
class Taking:
    """One look, within one unit of work.

    ``held`` and ``room`` go with what is taken: how many of each endpoint the worker has, and how
    many more it may have in all. What is taken is put off to ``until``.
    """

    uow: DispatchUnitOfWork
    taken: Sequence[Taken]
    held: Counter[EndpointKey]
    room: int
    now: datetime
    until: datetime
    deliveries: list[Delivery] = Factory(list)
    behind: set[EndpointKey] = Factory(set)

    def errands(self) -> list[Errand]:
        endpoints = {one.endpoint.key: one.endpoint for one in self.taken}
        return [Errand(endpoints[one.key[:2]], one) for one in self.deliveries]

    def when_to_take_more(self) -> dict[EndpointKey, int]:
        """Return to how many held deliveries of which endpoints it has to come."""
        return {
            one.endpoint.key: few_of(one.endpoint, self.held[one.endpoint.key])
            for one in self.taken
            if one.endpoint.key in self.behind
        }

    def skip(self) -> None:
        """Skip some of what waits for endpoints that are disabled."""
        for one in self.taken:
            if one.is_due and _is_off(one.endpoint):
                skipped = self.uow.skip_pending(*one.endpoint.key, SKIPPED_AT_A_TIME)
                if skipped == SKIPPED_AT_A_TIME:
                    self.behind.add(one.endpoint.key)

    def take_due(self) -> None:
        """Put off what is due of endpoints that are enabled."""
        due = [one.endpoint for one in self.taken if one.is_due and not _is_off(one.endpoint)]
        rooms = self._share({one.key: room_of(one, self.held[one.key]) for one in due})
        deliveries: list[Delivery] = []
        if any(rooms.values()):
            deliveries = self.uow.take_deliveries(rooms, self.now, self.until)
        self._hold(deliveries)
        counts = Counter(one.key[:2] for one in deliveries)
        for key, room in rooms.items():
            if counts[key] == room:
                self._has_more(key, room)

    def plan(self, mint: Mint) -> None:
        """Plan deliveries of events that come next, skipped ones where they are disabled."""
        behind = [one for one in self.taken if one.is_behind]
        rooms = self._share({one.endpoint.key: self._wanted(one) for one in behind})
        rooms |= {one.endpoint.key: EVENTS_AT_A_TIME for one in behind if _is_off(one.endpoint)}
        plans = self._plans(
            [one.endpoint for one in behind if rooms[one.endpoint.key]], rooms, mint
        )
        if through := {plan.key: plan.through for plan in plans if plan.moves_on}:
            self.uow.plan(through, [one for plan in plans for one in plan.deliveries])
        if stuck := {plan.key for plan in plans if not plan.moves_on}:
            self.uow.set_aside(stuck)
        pending = [one for plan in plans for one in plan.deliveries if one.next_attempt_at]
        self._hold(pending)
        for one in behind:
            key = one.endpoint.key
            if key not in stuck and through.get(key, one.endpoint.planned_through) < one.sequence:
                self._has_more(key, rooms[key])

    def _share(self, wanted: Mapping[EndpointKey, int]) -> dict[EndpointKey, int]:
        return share_room(wanted, self.held, self.room)

    def _wanted(self, one: Taken) -> int:
        events = one.sequence - one.endpoint.planned_through
        return min(room_of(one.endpoint, self.held[one.endpoint.key]), events)

    def _plans(
        self, endpoints: Sequence[Endpoint], rooms: Mapping[EndpointKey, int], mint: Mint
    ) -> list["Plan"]:
        places = [_place(endpoint, rooms[endpoint.key]) for endpoint in endpoints]
        distinct = list(dict.fromkeys(places))
        events = dict(zip(distinct, self.uow.events(distinct), strict=True))
        return [
            plan_endpoint(endpoint, events[place], rooms[endpoint.key], self.until, mint)
            for endpoint, place in zip(endpoints, places, strict=True)
        ]

    def _hold(self, deliveries: Sequence[Delivery]) -> None:
        self.deliveries += deliveries
        self.held.update(one.key[:2] for one in deliveries)
        self.room -= len(deliveries)

    def _has_more(self, key: EndpointKey, room: int) -> None:
        """Note that there is more of an endpoint, unless nothing would tell when to look again."""
        if room or self.held[key]:
            self.behind.add(key)


@frozen
class Plan:
    """The deliveries of an endpoint's next events.

    It ``moves_on`` unless there are no such events, although there should be: they cannot be read.
    """

    key: EndpointKey
    through: int
    deliveries: Sequence[Delivery]
    moves_on: bool


def plan_endpoint(
    endpoint: Endpoint, events: Sequence[Event], room: int, until: datetime, mint: Mint
) -> Plan:
    """Plan deliveries of ``events``, which come next, until there are ``room``.

    Where the endpoint is disabled they are skipped.
    """
    is_enabled = not _is_off(endpoint)
    through = endpoint.planned_through
    deliveries: list[Delivery] = []
    for event in events:
        if endpoint.hears(event.type):
            if len(deliveries) == room:
                break
            deliveries.append(
                Delivery(
                    ledger_id=endpoint.ledger_id,
                    endpoint_id=endpoint.id,
                    id=DeliveryId(mint(DELIVERY)),
                    sequence=event.sequence,
                    event_id=event_id(event),
                    event_type=event.type,
                    status=DeliveryStatus.PENDING if is_enabled else DeliveryStatus.SKIPPED,
                    created_at=event.at,
                    next_attempt_at=until if is_enabled else None,
                    body=event.body,
                )
            )
        through = event.sequence
    return Plan(endpoint.key, through, deliveries, moves_on=bool(events))


def _place(endpoint: Endpoint, room: int) -> tuple[LedgerId, int, int]:
    """Tell which events to look at: more than there is room for, where not all are heard of."""
    count = EVENTS_AT_A_TIME if endpoint.events else room
    return endpoint.ledger_id, endpoint.planned_through, count


def _is_off(endpoint: Endpoint) -> bool:
    return endpoint.status is EndpointStatus.DISABLED
