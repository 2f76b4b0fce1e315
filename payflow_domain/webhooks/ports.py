"""What webhooks need of a store."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from attrs import frozen

from payflow_domain.access.audit import AuditUnitOfWork
from payflow_domain.ids import DeliveryId, EndpointId, LedgerId
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ports import Page, UnitOfWork
from payflow_domain.webhooks.deliveries import Concluded, Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey


class CheckUrl(Protocol):
    """Tells whether events may be sent to an address."""

    def check_url(self, url: str) -> None:
        """Raise ``UnsafeUrl`` where they may not."""
        ...


class EndpointUnitOfWork(UnitOfWork, Protocol):
    """One database transaction on a ledger's endpoints.

    What is of a ledger is read and written only after ``load`` has locked that ledger, so what a
    partner says of an endpoint has one writer at a time.
    """

    def add_endpoint(self, endpoint: Endpoint) -> None:
        """Keep a new endpoint."""
        ...

    def replace_endpoint(self, endpoint: Endpoint) -> None:
        """Keep what was changed of it: all but ``planned_through``.

        ``failing_since`` is left as it is unless it is to be ``None``.
        """
        ...

    def remove_endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId, at: datetime) -> None:
        """Forget an endpoint: nothing is sent to it any more, and it is in no list."""
        ...

    def endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId) -> Endpoint | None:
        """Return an endpoint of a locked ledger."""
        ...

    def count_endpoints(self, ledger_id: LedgerId) -> int:
        """Return how many endpoints a locked ledger has."""
        ...

    def skip_pending(self, ledger_id: LedgerId, endpoint_id: EndpointId, limit: int) -> int:
        """Make up to ``limit`` that are pending of an endpoint skipped; return how many.

        Those that are due first come first.
        """
        ...

    def add_delivery(self, delivery: Delivery) -> None:
        """Keep a new delivery, which brings its body along."""
        ...

    def retry_delivery(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, delivery_id: DeliveryId, at: datetime
    ) -> Delivery | None:
        """Make one delivery pending and due at ``at``, with no tries; return it."""
        ...

    def recover(
        self,
        ledger_id: LedgerId,
        endpoint_id: EndpointId,
        since: datetime,
        at: datetime,
        limit: int,
    ) -> int:
        """Do so with the first that failed or were skipped, and are of events since ``since``.

        Returns how many they are: at most ``limit``.
        """
        ...


BeginEndpoints = Callable[[], AbstractContextManager[EndpointUnitOfWork]]


@frozen
class Taken:
    """An endpoint that this worker may send to until its lease ends.

    ``sequence`` is the last event of its ledger's journal; ``is_due`` tells whether deliveries
    are, or wait where it is disabled: those are to be skipped.
    """

    endpoint: Endpoint
    sequence: int
    is_due: bool

    @property
    def is_behind(self) -> bool:
        """Tell whether events are to be planned for it."""
        return self.endpoint.planned_through < self.sequence


class DispatchUnitOfWork(EndpointUnitOfWork, AuditUnitOfWork, Protocol):
    """One database transaction of a worker that sends events, of whatever ledger.

    What this version cannot read, because a newer one wrote it, is passed over, and holds up
    nothing else. ``unreadable`` says why, of each ledger in which there was any.
    """

    @property
    def unreadable(self) -> Mapping[LedgerId, str]:
        """Return what was passed over so far."""
        ...

    def take_endpoints(
        self,
        worker: str,
        now: datetime,
        until: datetime,
        of: Collection[LedgerId] | None,
        limit: int,
    ) -> list[Taken]:
        """Lease endpoints that something is to be done for, to ``worker`` and until ``until``.

        That is where events are not planned yet, or deliveries are due at ``now``, or where any
        wait although it is disabled. Only those of
        the ledgers ``of``, if that is given. None that is leased to another worker at ``now``, or
        that another one is taking just now. Those that were taken longest ago come first.
        """
        ...

    def endpoints(self, keys: Collection[EndpointKey]) -> list[Endpoint]:
        """Return those of these endpoints that are there, of whatever ledger, locked or not."""
        ...

    def give_back(self, deliveries: Sequence[Delivery], at: datetime) -> None:
        """Make due at ``at`` what is put off as it was when these were taken."""
        ...

    def set_aside(self, keys: Collection[EndpointKey]) -> None:
        """Make leases nobody's: whoever comes first after their end may have the endpoints."""
        ...

    def release_endpoints(self, worker: str) -> None:
        """End the leases of ``worker``."""
        ...

    def events(self, wanted: Sequence[tuple[LedgerId, int, int]]) -> list[list[Event]]:
        """Return, for each ledger, number and count, that many events after that number.

        They end before the first that cannot be read.
        """
        ...

    def take_deliveries(
        self, rooms: Mapping[EndpointKey, int], now: datetime, until: datetime
    ) -> list[Delivery]:
        """Put off to ``until`` what is due at ``now``; return it with the bodies.

        Of each endpoint at most as many as ``rooms`` says, longest due first, and then as they
        were made.
        """
        ...

    def plan(self, through: Mapping[EndpointKey, int], deliveries: Sequence[Delivery]) -> None:
        """Keep new deliveries, and through which event there are all of them."""
        ...

    def conclude(
        self,
        concluded: Sequence[Concluded],
        healthy: Collection[EndpointKey],
        failing: Mapping[EndpointKey, datetime],
    ) -> Mapping[EndpointKey, datetime]:
        """Keep what came of attempts; what is gone meanwhile is passed over.

        So is an attempt, known by when it was made, that is kept already. Attempts are numbered
        as they are kept: another worker may have made one meanwhile.

        A row of failures ends at ``healthy`` endpoints, and begins, or goes on, at ``failing``
        ones: returns since when for each of those.
        """
        ...

    def purge_deliveries(self, before: DeliveryId, limit: int) -> int:
        """Forget up to ``limit`` deliveries of removed endpoints, or with ids below ``before``.

        Pending ones of endpoints that are there stay. Returns how many there were.
        """
        ...


BeginDispatch = Callable[[], AbstractContextManager[DispatchUnitOfWork]]


@frozen
class DeliveryFilter:
    """Which deliveries to list; ``None`` means any."""

    status: DeliveryStatus | None = None
    event_type: str | None = None


class EndpointReader(Protocol):
    """Reads committed endpoints and deliveries. Every call names the ledger."""

    def endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId) -> Endpoint | None:
        """Return one endpoint."""
        ...

    def endpoints(self, ledger_id: LedgerId, page: Page) -> list[Endpoint]:
        """Return endpoints, newest first. The position of an item is its id."""
        ...

    def delivery(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, delivery_id: DeliveryId
    ) -> Delivery | None:
        """Return one delivery, without its body."""
        ...

    def deliveries(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, which: DeliveryFilter, page: Page
    ) -> list[Delivery]:
        """Return deliveries without their bodies, newest first. A position is an id."""
        ...
