"""What a unit of work does with endpoints and deliveries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve

from payflow_adapters.memory.refusals import require
from payflow_adapters.memory.staging import Staging
from payflow_adapters.memory.tables import Lease
from payflow_domain.ids import DeliveryId, EndpointId, LedgerId
from payflow_domain.ledger.journal import Event
from payflow_domain.webhooks.deliveries import (
    ATTEMPTS_KEPT_MAX,
    Concluded,
    Delivery,
    DeliveryStatus,
)
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey, EndpointStatus
from payflow_domain.webhooks.ports import Taken

_RECOVERABLE = (DeliveryStatus.FAILED, DeliveryStatus.SKIPPED)


class MemoryWebhookUnitOfWork(Staging):
    """Stages endpoints, deliveries and leases."""

    @property
    def unreadable(self) -> Mapping[LedgerId, str]:
        """Return nothing: no other version has written here."""
        return {}

    def add_endpoint(self, endpoint: Endpoint) -> None:
        """Stage a new endpoint."""
        with self._breaking():
            require(endpoint.key not in self._tables.endpoints, "the endpoint exists")
        self._tables.endpoints[endpoint.key] = endpoint

    def replace_endpoint(self, endpoint: Endpoint) -> None:
        """Stage what was changed of an endpoint."""
        with self._breaking():
            known = self._tables.endpoints.get(endpoint.key)
            require(known is not None, "there is no such endpoint")
        if known is not None:
            failing_since = endpoint.failing_since and known.failing_since
            self._tables.endpoints[endpoint.key] = evolve(
                endpoint, planned_through=known.planned_through, failing_since=failing_since
            )

    def remove_endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId, at: datetime) -> None:  # noqa: ARG002 - the port's signature
        """Stage that an endpoint is gone."""
        key = (ledger_id, endpoint_id)
        with self._breaking():
            require(self._tables.endpoints.get(key) is not None, "there is no such endpoint")
        self._tables.endpoints[key] = None

    def endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId) -> Endpoint | None:
        """Return an endpoint as this unit of work sees it."""
        return self._tables.endpoints.get((ledger_id, endpoint_id))

    def count_endpoints(self, ledger_id: LedgerId) -> int:
        """Count the endpoints of a ledger."""
        endpoints = self._tables.endpoints.values()
        return sum(one is not None and one.ledger_id == ledger_id for one in endpoints)

    def skip_pending(self, ledger_id: LedgerId, endpoint_id: EndpointId, limit: int) -> int:
        """Stage that what is pending of an endpoint is skipped."""
        pending = self._pending((ledger_id, endpoint_id))[:limit]
        self._change(pending, status=DeliveryStatus.SKIPPED, next_attempt_at=None)
        return len(pending)

    def add_delivery(self, delivery: Delivery) -> None:
        """Stage a new delivery."""
        with self._breaking():
            require(delivery.key not in self._tables.deliveries, "the delivery exists")
        self._tables.deliveries[delivery.key] = delivery

    def retry_delivery(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, delivery_id: DeliveryId, at: datetime
    ) -> Delivery | None:
        """Stage that a delivery is due."""
        known = self._tables.deliveries.get((ledger_id, endpoint_id, delivery_id))
        if known is None:
            return None
        (due,) = self._make_due([known], at)
        return evolve(due, body=None)

    def recover(
        self,
        ledger_id: LedgerId,
        endpoint_id: EndpointId,
        since: datetime,
        at: datetime,
        limit: int,
    ) -> int:
        """Stage that what failed or was skipped is due."""
        lost = [
            one
            for one in self._of((ledger_id, endpoint_id))
            if one.status in _RECOVERABLE and one.created_at >= since
        ]
        lost = sorted(lost, key=lambda one: one.id)[:limit]
        self._make_due(lost, at)
        return len(lost)

    def take_endpoints(
        self,
        worker: str,
        now: datetime,
        until: datetime,
        of: Collection[LedgerId] | None,
        limit: int,
    ) -> list[Taken]:
        """Lease endpoints; no other worker can be taking the same ones meanwhile."""
        free = [
            Taken(
                one,
                self._tables.ledgers[one.ledger_id].sequence,
                is_due=bool(self._to_do(one, now)),
            )
            for one in self._tables.endpoints.values()
            if one is not None and (of is None or one.ledger_id in of)
            if self._is_free(one, worker, now)
        ]
        with_work = [one for one in free if one.is_behind or one.is_due]
        with_work.sort(key=lambda one: self._longest_ago(one.endpoint))
        for one in with_work[:limit]:
            self._tables.leases[one.endpoint.key] = Lease(worker, until)
        return with_work[:limit]

    def endpoints(self, keys: Collection[EndpointKey]) -> list[Endpoint]:
        """Return endpoints as this unit of work sees them."""
        found = [self._tables.endpoints.get(key) for key in keys]
        return [one for one in found if one is not None]

    def give_back(self, deliveries: Sequence[Delivery], at: datetime) -> None:
        """Stage that deliveries are due which nobody has changed meanwhile."""
        known = [self._tables.deliveries.get(one.key) for one in deliveries]
        as_taken = zip(known, deliveries, strict=True)
        left = [one for one, was in as_taken if one and one.next_attempt_at == was.next_attempt_at]
        self._change(left, next_attempt_at=at)

    def set_aside(self, keys: Collection[EndpointKey]) -> None:
        """Stage that leases are nobody's."""
        for key in keys:
            lease = self._tables.leases.get(key)
            if lease is not None:
                self._tables.leases[key] = evolve(lease, worker="")

    def release_endpoints(self, worker: str) -> None:
        """Stage the end of leases."""
        for key, lease in list(self._tables.leases.items()):
            if lease is not None and lease.worker == worker:
                self._tables.leases[key] = None

    def events(self, wanted: Sequence[tuple[LedgerId, int, int]]) -> list[list[Event]]:
        """Return events as this unit of work sees them."""
        events = self._tables.events
        return [
            [
                events[of, sequence]
                for sequence in range(after + 1, after + count + 1)
                if (of, sequence) in events
            ]
            for of, after, count in wanted
        ]

    def take_deliveries(
        self, rooms: Mapping[EndpointKey, int], now: datetime, until: datetime
    ) -> list[Delivery]:
        """Put deliveries off."""
        due = [one for key, room in rooms.items() for one in self._due(key, now)[:room]]
        due.sort(key=_by_need)
        return [self._with_body(one) for one in self._change(due, next_attempt_at=until)]

    def plan(self, through: Mapping[EndpointKey, int], deliveries: Sequence[Delivery]) -> None:
        """Stage new deliveries of the journal."""
        for key, sequence in through.items():
            known = self._tables.endpoints.get(key)
            with self._breaking():
                goes_on = known is not None and known.planned_through < sequence
                require(goes_on, "the endpoint goes on from where it was")
            if known is not None:
                self._tables.endpoints[key] = evolve(known, planned_through=sequence)
        for delivery in deliveries:
            self.add_delivery(evolve(delivery, body=None))

    def conclude(
        self,
        concluded: Sequence[Concluded],
        healthy: Collection[EndpointKey],
        failing: Mapping[EndpointKey, datetime],
    ) -> Mapping[EndpointKey, datetime]:
        """Stage what came of attempts."""
        for one in concluded:
            known = self._tables.deliveries.get(one.key)
            if known is not None and not _has_kept(known, one):
                self._tables.deliveries[one.key] = _concluded(known, one)
        for key in healthy:
            self._mark(key, None)
        return {key: at for key, first in failing.items() if (at := self._mark(key, first))}

    def purge_deliveries(self, before: DeliveryId, limit: int) -> int:
        """Stage that deliveries are forgotten."""
        old = [
            one
            for one in self._tables.deliveries.values()
            if one is not None
            and (
                self._tables.endpoints.get(one.key[:2]) is None
                or (one.id < before and one.status is not DeliveryStatus.PENDING)
            )
        ]
        for one in old[:limit]:
            self._tables.deliveries[one.key] = None
        return len(old[:limit])

    def _of(self, key: EndpointKey) -> list[Delivery]:
        deliveries = self._tables.deliveries.values()
        return [one for one in deliveries if one is not None and one.key[:2] == key]

    def _pending(self, key: EndpointKey) -> list[Delivery]:
        pending = (one for one in self._of(key) if one.next_attempt_at is not None)
        return sorted(pending, key=_by_need)

    def _due(self, key: EndpointKey, now: datetime) -> list[Delivery]:
        return [one for one in self._pending(key) if _by_need(one)[0] <= now]

    def _to_do(self, endpoint: Endpoint, now: datetime) -> list[Delivery]:
        is_enabled = endpoint.status is EndpointStatus.ENABLED
        return self._due(endpoint.key, now) if is_enabled else self._pending(endpoint.key)

    def _make_due(self, deliveries: Sequence[Delivery], at: datetime) -> list[Delivery]:
        return self._change(deliveries, status=DeliveryStatus.PENDING, next_attempt_at=at, tries=0)

    def _change(self, deliveries: Sequence[Delivery], **changes: Any) -> list[Delivery]:  # noqa: ANN401 - as evolve takes them
        changed = [evolve(one, **changes) for one in deliveries]
        self._tables.deliveries.update({one.key: one for one in changed})
        return changed

    def _is_free(self, endpoint: Endpoint, worker: str, now: datetime) -> bool:
        lease = self._tables.leases.get(endpoint.key)
        return lease is None or lease.worker == worker or lease.until < now

    def _longest_ago(self, endpoint: Endpoint) -> tuple[bool, datetime, EndpointKey]:
        lease = self._tables.leases.get(endpoint.key)
        return lease is not None, lease.until if lease else endpoint.created_at, endpoint.key

    def _with_body(self, delivery: Delivery) -> Delivery:
        if not delivery.sequence:
            return delivery
        event = self._tables.events[delivery.ledger_id, delivery.sequence]
        return evolve(delivery, body=event.body)

    def _mark(self, key: EndpointKey, failed_at: datetime | None) -> datetime | None:
        """Begin, go on with or end a row of failures; returns since when there is one."""
        known = self._tables.endpoints.get(key)
        if known is None:
            return None
        since = failed_at and (known.failing_since or failed_at)
        self._tables.endpoints[key] = evolve(known, failing_since=since)
        return since


def _by_need(delivery: Delivery) -> tuple[datetime, DeliveryId]:
    return delivery.next_attempt_at or delivery.created_at, delivery.id


def _has_kept(known: Delivery, one: Concluded) -> bool:
    return any(attempt.at == one.attempt.at for attempt in known.attempts)


def _concluded(known: Delivery, one: Concluded) -> Delivery:
    is_as_put_off = known.next_attempt_at == one.put_off_to
    has_arrived = known.next_attempt_at is None and one.status is DeliveryStatus.DELIVERED
    made = known.attempts_made + 1
    attempts = (*known.attempts, evolve(one.attempt, number=made))[-ATTEMPTS_KEPT_MAX:]
    tried = evolve(known, attempts=attempts, attempts_made=made)
    if is_as_put_off:
        return evolve(
            tried, status=one.status, next_attempt_at=one.next_attempt_at, tries=one.tries
        )
    return evolve(tried, status=one.status) if has_arrived else tried
