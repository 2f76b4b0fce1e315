"""Sending events: what a worker is to attempt, and what is kept of its attempts.

A worker leases an endpoint, so no other one sends to it meanwhile. Before it attempts deliveries
it puts them off to the end of its lease: what it leaves undone, whatever death it dies, is due
then. An attempt ends long before the lease does.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from payflow_domain.access.audit import WORKER, AuditEntry
from payflow_domain.clock import Clock
from payflow_domain.ids import DELIVERY, DeliveryId, IdSource, LedgerId
from payflow_domain.ledger.batch import record
from payflow_domain.ledger.journal import Encode, EventType
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Wanted
from payflow_domain.webhooks.deliveries import (
    SKIPPED_AT_A_TIME,
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
from payflow_domain.webhooks.ports import BeginDispatch, DispatchUnitOfWork, Taken
from payflow_domain.webhooks.published import publish_endpoint
from payflow_domain.webhooks.rooms import HELD_MAX, WINDOWS_HELD
from payflow_domain.webhooks.taking import Errand, Errands, Taking

ATTEMPT_MAX = timedelta(seconds=15)
"""How long an attempt may take in all, unless it is said otherwise."""

RETENTION = timedelta(days=30)
"""How long deliveries are kept; the journal keeps the events."""

ENDPOINTS_AT_A_TIME = 200
"""How many endpoints are leased in one transaction."""

_PURGED_AT_A_TIME = 1_000
_GONE = 410


ToDisable = tuple[Endpoint, DisabledReason]
"""An endpoint as it was tried, and why it is to be disabled."""


@frozen
class Dispatcher:
    """Tells a worker what to send, and keeps what came of it.

    ``luck`` draws a number in [0, 1), which spreads retries. ``attempt_max`` is how long an
    attempt may take in all.
    """

    begin: BeginDispatch
    clock: Clock
    ids: IdSource
    encode: Encode
    luck: Callable[[], float]
    attempt_max: timedelta = ATTEMPT_MAX

    @property
    def lease(self) -> timedelta:
        """Return how long an endpoint is a worker's after the last work was taken.

        However slow the endpoint is, what was taken has been attempted by then.
        """
        return (WINDOWS_HELD + 1) * self.attempt_max

    def take(
        self,
        worker: str,
        of: Collection[LedgerId] | None,
        held: Mapping[EndpointKey, int],
        room: int = HELD_MAX,
    ) -> Errands:
        """Take what is due of the ledgers ``of`` (``None``: of all) for ``worker``.

        ``held`` says of which endpoints it has taken how many that are not attempted yet, or are
        under way; ``room`` how many more it may have in all.
        """
        now = self.clock.now()
        until = now + self.lease
        with self.begin() as uow:
            taken = uow.take_endpoints(worker, now, until, of, ENDPOINTS_AT_A_TIME)
            held_at = _present(uow, taken, [key for key in held if of is None or key[0] in of])
            taking = Taking(uow, taken, Counter(held), room, now, until)
            if taken:
                taking.skip()
                taking.take_due()
                taking.plan(self.ids.minting(now))
        return Errands(
            taking.errands(),
            taking.when_to_take_more(),
            is_cut_short=len(taken) == ENDPOINTS_AT_A_TIME,
            held=held_at,
            unreadable=uow.unreadable,
        )

    def conclude(self, attempts: Sequence[tuple[Errand, Outcome]]) -> Sequence[ToDisable]:
        """Keep what came of attempts; returns the endpoints to disable for it, and why."""
        concluded = [self._conclude(errand, outcome) for errand, outcome in attempts]
        healthy, failing = _health(attempts)
        with self.begin() as uow:
            since = uow.conclude(concluded, healthy, failing)
        tried = {errand.endpoint.key: errand.endpoint for errand, _ in attempts}
        failed = [
            (tried[key], DisabledReason.FAILING)
            for key, at in failing.items()
            if key in since and at - since[key] >= FAILING_MAX
        ]
        gone = {e.endpoint.key: e.endpoint for e, outcome in attempts if outcome.status == _GONE}
        return [*((endpoint, DisabledReason.GONE) for endpoint in gone.values()), *failed]

    def disable(self, tried: Endpoint, reason: DisabledReason) -> Endpoint | None:
        """Disable an endpoint as it was ``tried``, and let the partner's other ones hear of it.

        One that is disabled or has moved since, or that failed and has a clean record by now,
        stays as it is.
        """
        ledger_id, endpoint_id = tried.key
        with self.begin() as uow:
            books = uow.load({ledger_id: Wanted()})[ledger_id]
            found = next(iter(uow.endpoints([tried.key])), None)
            if found is None or not _stands_as(tried, found, reason):
                return None
            at = books.ledger.next_moment(self.clock.now())
            endpoint = disable(found, reason, at)
            facts = [(EventType.WEBHOOK_ENDPOINT_DISABLED, publish_endpoint(endpoint))]
            uow.write([record(books.ledger, facts, at, self.ids.minting(at), self.encode)])
            uow.replace_endpoint(endpoint)
            uow.skip_pending(ledger_id, endpoint_id, SKIPPED_AT_A_TIME)
            uow.add_audit(_audit(found, endpoint, books.ledger, at))
        return endpoint

    def release(self, worker: str, left: Sequence[Errand] = ()) -> None:
        """Leave the endpoints of a worker, which has nothing under way, to others.

        What is ``left`` of its errands is due at once: so others begin with that.
        """
        with self.begin() as uow:
            uow.give_back([errand.delivery for errand in left], self.clock.now())
            uow.release_endpoints(worker)

    def purge(self) -> int:
        """Forget some of what is kept too long; returns how much."""
        bound = DeliveryId(self.ids.minting(self.clock.now() - RETENTION)(DELIVERY))
        with self.begin() as uow:
            return uow.purge_deliveries(bound, _PURGED_AT_A_TIME)

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


def _stands_as(tried: Endpoint, now: Endpoint, reason: DisabledReason) -> bool:
    """Tell whether the reason to disable an endpoint holds for what it is now."""
    has_reason = reason is DisabledReason.GONE or now.failing_since is not None
    return now.status is EndpointStatus.ENABLED and now.url == tried.url and has_reason


def _audit(before: Endpoint, after: Endpoint, ledger: Ledger, at: datetime) -> AuditEntry:
    return AuditEntry(
        at=at,
        actor=WORKER,
        action=EventType.WEBHOOK_ENDPOINT_DISABLED,
        subject=after.id,
        partner_id=ledger.partner_id,
        reason=after.disabled_reason,
        before=publish_endpoint(before),
        after=publish_endpoint(after),
    )


def _present(
    uow: DispatchUnitOfWork, taken: Sequence[Taken], keys: Sequence[EndpointKey]
) -> Mapping[EndpointKey, Endpoint | None]:
    at_hand = {one.endpoint.key: one.endpoint for one in taken}
    others = [key for key in keys if key not in at_hand]
    found = [*at_hand.values(), *(uow.endpoints(others) if others else ())]
    enabled = {one.key: one for one in found if one.status is EndpointStatus.ENABLED}
    return {key: enabled.get(key) for key in keys}


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
