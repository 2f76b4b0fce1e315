"""Sending events: what a worker is to attempt, and what is kept of its attempts.

A worker leases an endpoint, so no other one sends to it meanwhile. Before it attempts deliveries
it puts them off to the end of its lease: what it leaves undone, whatever death it dies, is due
then. An attempt ends long before the lease does.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import Factory, frozen

from payflow_domain.clock import Clock
from payflow_domain.ids import DELIVERY, DeliveryId, IdSource, LedgerId, Mint
from payflow_domain.ledger.batch import record
from payflow_domain.ledger.journal import Encode, Event, EventType, event_id
from payflow_domain.ledger.ports import LedgerReader, Wanted
from payflow_domain.webhooks.deliveries import (
    Attempt,
    Concluded,
    Delivery,
    DeliveryStatus,
    Outcome,
    delay_after,
    schedule_of,
)
from payflow_domain.webhooks.endpoints import (
    FAILING_MAX,
    DisabledReason,
    Endpoint,
    EndpointKey,
    EndpointStatus,
    disable,
)
from payflow_domain.webhooks.ports import BeginDispatch, Taken
from payflow_domain.webhooks.published import publish_endpoint

ATTEMPT_SECONDS_MAX = 15
"""How long an attempt may take in all."""

LEASE = timedelta(seconds=2 * ATTEMPT_SECONDS_MAX)
"""How long an endpoint is a worker's after the last work was taken; attempts end well before."""

WINDOW = 64
"""How many attempts may be under way at one endpoint."""

WINDOW_FAILING = 4
"""How many at one that fails."""

RETENTION = timedelta(days=30)
"""How long deliveries are kept; the journal keeps the events."""

_ENDPOINTS_AT_A_TIME = 200
_EVENTS_AT_A_TIME = 500
_PURGED_AT_A_TIME = 1_000
_GONE = 410


@frozen
class Errand:
    """A delivery to be attempted now."""

    endpoint: Endpoint
    delivery: Delivery


@frozen
class Errands:
    """What to attempt now, in this order.

    ``behind`` are endpoints that there is more for, each with the number of attempts under way
    at which it is worth while to take more.
    """

    errands: Sequence[Errand] = ()
    behind: Mapping[EndpointKey, int] = Factory(dict)


@frozen
class Dispatcher:
    """Tells a worker what to send, and keeps what came of it.

    ``luck`` draws a number in [0, 1), which spreads retries.
    """

    begin: BeginDispatch
    reader: LedgerReader
    clock: Clock
    ids: IdSource
    encode: Encode
    luck: Callable[[], float]

    def take(
        self,
        worker: str,
        of: Collection[LedgerId] | None,
        under_way: Mapping[EndpointKey, int],
    ) -> Errands:
        """Take what is due of the ledgers ``of`` (``None``: of all) for ``worker``.

        ``under_way`` says how many attempts it has under way at which endpoints.
        """
        now = self.clock.now()
        until = now + LEASE
        with self.begin() as uow:
            taken = uow.take_endpoints(worker, now, until, of, _ENDPOINTS_AT_A_TIME)
            if not taken:
                return Errands()
            rooms = {one.endpoint.key: _room(one.endpoint, under_way) for one in taken}
            due = uow.take_deliveries(
                {key: room for key, room in rooms.items() if room}, now, until
            )
            for delivery in due:
                rooms[delivery.key[:2]] -= 1
            plans = self._plan(taken, rooms, now, until)
            through = {plan.key: plan.through for plan in plans}
            fresh = [delivery for plan in plans for delivery in plan.deliveries]
            if through:
                uow.plan(through, fresh)
        endpoints = {one.endpoint.key: one.endpoint for one in taken}
        pending = [one for one in (*due, *fresh) if one.status is DeliveryStatus.PENDING]
        return Errands(
            [Errand(endpoints[delivery.key[:2]], delivery) for delivery in pending],
            {
                one.endpoint.key: _window(one.endpoint) // 2
                for one in taken
                if through.get(one.endpoint.key, one.endpoint.planned_through) < one.sequence
                or (rooms[one.endpoint.key] == 0 and one.endpoint.status is EndpointStatus.ENABLED)
            },
        )

    def conclude(self, attempts: Sequence[tuple[Errand, Outcome]]) -> Sequence[Endpoint]:
        """Keep what came of attempts; returns the endpoints that were disabled for it."""
        concluded = [self._conclude(errand, outcome) for errand, outcome in attempts]
        healthy, failing = _health(attempts)
        with self.begin() as uow:
            since = uow.conclude(concluded, healthy, failing)
        reasons = {
            key: DisabledReason.FAILING
            for key, at in failing.items()
            if key in since and at - since[key] >= FAILING_MAX
        }
        gone = {e.endpoint.key for e, outcome in attempts if outcome.status == _GONE}
        reasons.update(dict.fromkeys(gone, DisabledReason.GONE))
        disabled = [self._disable(key, reason) for key, reason in reasons.items()]
        return [endpoint for endpoint in disabled if endpoint is not None]

    def release(self, worker: str) -> None:
        """Leave the endpoints of a worker, which has nothing under way, to others."""
        with self.begin() as uow:
            uow.release_endpoints(worker)

    def purge(self) -> int:
        """Forget some of what is kept too long; returns how much."""
        bound = DeliveryId(self.ids.minting(self.clock.now() - RETENTION)(DELIVERY))
        with self.begin() as uow:
            return uow.purge_deliveries(bound, _PURGED_AT_A_TIME)

    def _plan(
        self,
        taken: Sequence[Taken],
        rooms: Mapping[EndpointKey, int],
        now: datetime,
        until: datetime,
    ) -> list["Plan"]:
        mint = self.ids.minting(now)
        read: dict[tuple[LedgerId, int], list[Event]] = {}
        plans = []
        for one in taken:
            endpoint = one.endpoint
            is_enabled = endpoint.status is EndpointStatus.ENABLED
            room = rooms[endpoint.key] if is_enabled else _EVENTS_AT_A_TIME
            if not one.is_behind or room <= 0:
                continue
            place = (endpoint.ledger_id, endpoint.planned_through)
            if place not in read:
                read[place] = self.reader.events(*place, _EVENTS_AT_A_TIME)
            plans.append(plan_endpoint(endpoint, read[place], room, until, mint))
        return plans

    def _conclude(self, errand: Errand, outcome: Outcome) -> Concluded:
        delivery, now = errand.delivery, self.clock.now()
        tries = delivery.tries + 1
        delay = None
        if not outcome.is_success:
            schedule = schedule_of(errand.endpoint.environment)
            delay = delay_after(schedule, tries, outcome.retry_after_s, self.luck())
        again = None if delay is None else now + timedelta(seconds=delay)
        is_over = DeliveryStatus.DELIVERED if outcome.is_success else DeliveryStatus.FAILED
        assert delivery.next_attempt_at is not None  # noqa: S101  # it was put off when taken
        return Concluded(
            key=delivery.key,
            put_off_to=delivery.next_attempt_at,
            status=is_over if again is None else DeliveryStatus.PENDING,
            next_attempt_at=again,
            tries=tries,
            attempt=_attempt(delivery, outcome),
        )

    def _disable(self, key: EndpointKey, reason: DisabledReason) -> Endpoint | None:
        """Disable an endpoint that is not yet, and let the partner's other ones hear of it."""
        ledger_id, endpoint_id = key
        with self.begin() as uow:
            books = uow.load({ledger_id: Wanted()})[ledger_id]
            found = uow.endpoint(ledger_id, endpoint_id)
            if found is None or found.status is EndpointStatus.DISABLED:
                return None
            at = books.ledger.next_moment(self.clock.now())
            endpoint = disable(found, reason, at)
            facts = [(EventType.WEBHOOK_ENDPOINT_DISABLED, publish_endpoint(endpoint))]
            uow.write([record(books.ledger, facts, at, self.ids.minting(at), self.encode)])
            uow.replace_endpoint(endpoint)
            uow.skip_pending(ledger_id, endpoint_id)
        return endpoint


@frozen
class Plan:
    """The deliveries of an endpoint's next events."""

    key: EndpointKey
    through: int
    deliveries: Sequence[Delivery]


def plan_endpoint(
    endpoint: Endpoint, events: Sequence[Event], room: int, until: datetime, mint: Mint
) -> Plan:
    """Plan deliveries of ``events``, which come next, until there are ``room``.

    Where the endpoint is disabled they are skipped.
    """
    is_enabled = endpoint.status is EndpointStatus.ENABLED
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
    return Plan(endpoint.key, through, deliveries)


def _room(endpoint: Endpoint, under_way: Mapping[EndpointKey, int]) -> int:
    if endpoint.status is EndpointStatus.DISABLED:
        return 0
    return max(0, _window(endpoint) - under_way.get(endpoint.key, 0))


def _window(endpoint: Endpoint) -> int:
    return WINDOW if endpoint.failing_since is None else WINDOW_FAILING


def _health(
    attempts: Sequence[tuple[Errand, Outcome]],
) -> tuple[set[EndpointKey], dict[EndpointKey, datetime]]:
    """Tell which endpoints took something, and when the others first failed."""
    healthy = {errand.endpoint.key for errand, outcome in attempts if outcome.is_success}
    failing: dict[EndpointKey, datetime] = {}
    for errand, outcome in attempts:
        key = errand.endpoint.key
        if key not in healthy:
            failing[key] = min(outcome.at, failing.get(key, outcome.at))
    return healthy, failing


def _attempt(delivery: Delivery, outcome: Outcome) -> Attempt:
    return Attempt(
        number=delivery.attempts_made + 1,
        at=outcome.at,
        latency_ms=outcome.latency_ms,
        status=outcome.status,
        error=outcome.error,
        # PostgreSQL keeps no NUL in a text.
        answer=outcome.answer.decode("utf-8", "replace").replace("\x00", "\ufffd"),
    )
