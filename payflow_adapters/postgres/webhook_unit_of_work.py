"""What a unit of work does with endpoints and deliveries."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from attrs import Factory, define, field

from payflow_adapters.postgres import webhook_statements as statements
from payflow_adapters.postgres.arrays import moments, numbers, texts
from payflow_adapters.postgres.blocks import EVENTS_MAX, events_of
from payflow_adapters.postgres.drivers import Driver, Query
from payflow_adapters.postgres.rows import Values
from payflow_adapters.postgres.webhook_rows import (
    DELIVERY_WIDTH,
    ENDPOINT_WIDTH,
    concluded_columns,
    delivery_of,
    endpoint_columns,
    endpoint_of,
    plan_columns,
)
from payflow_domain.ids import DeliveryId, EndpointId, LedgerId
from payflow_domain.ledger.journal import Event
from payflow_domain.webhooks.deliveries import Concluded, Delivery
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey
from payflow_domain.webhooks.ports import Taken

Read = TypeVar("Read")

_UNREADABLE = (ValueError, TypeError, KeyError)
"""What is raised where a row is not as this version would have written it."""


@define(slots=False)  # so that one unit of work can be all of them
class PostgresWebhookUnitOfWork:
    """Writes endpoints and deliveries on one connection.

    ``stirred`` are the ledgers in which there is something new for those who send events.
    """

    driver: Driver
    stirred: set[LedgerId] = field(default=Factory(set), kw_only=True)
    unreadable: dict[LedgerId, str] = field(default=Factory(dict), kw_only=True)

    def add_endpoint(self, endpoint: Endpoint) -> None:
        self.driver.send((statements.INSERT_ENDPOINT, endpoint_columns(endpoint)))

    def replace_endpoint(self, endpoint: Endpoint) -> None:
        self.driver.send((statements.UPDATE_ENDPOINT, endpoint_columns(endpoint)))
        self.stirred.add(endpoint.ledger_id)

    def remove_endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId, at: datetime) -> None:
        self.driver.send((statements.REMOVE_ENDPOINT, [at, ledger_id, endpoint_id]))
        self.stirred.add(ledger_id)

    def endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId) -> Endpoint | None:
        (rows,) = self.driver.run((statements.LOAD_ENDPOINT, [ledger_id, endpoint_id]))
        return endpoint_of(rows[0]) if rows else None

    def count_endpoints(self, ledger_id: LedgerId) -> int:
        ((row,),) = self.driver.run((statements.COUNT_ENDPOINTS, [ledger_id]))
        return int(row[0])

    def skip_pending(self, ledger_id: LedgerId, endpoint_id: EndpointId, limit: int) -> int:
        values = {"ledger_id": ledger_id, "endpoint_id": endpoint_id, "limit": limit}
        ((row,),) = self.driver.run((statements.SKIP_PENDING, values))
        return int(row[0])

    def add_delivery(self, delivery: Delivery) -> None:
        values = [
            delivery.ledger_id,
            delivery.endpoint_id,
            delivery.id,
            delivery.sequence,
            delivery.event_id,
            delivery.event_type,
            delivery.status,
            delivery.created_at,
            delivery.next_attempt_at,
            None if delivery.body is None else delivery.body.decode(),
        ]
        self.driver.send((statements.INSERT_DELIVERY, values))
        self.stirred.add(delivery.ledger_id)

    def retry_delivery(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, delivery_id: DeliveryId, at: datetime
    ) -> Delivery | None:
        values = [at, ledger_id, endpoint_id, delivery_id]
        (rows,) = self.driver.run((statements.RETRY_DELIVERY, values))
        self.stirred.add(ledger_id)
        return delivery_of(rows[0]) if rows else None

    def recover(
        self,
        ledger_id: LedgerId,
        endpoint_id: EndpointId,
        since: datetime,
        at: datetime,
        limit: int,
    ) -> int:
        values = [ledger_id, endpoint_id, since, limit, at]
        ((row,),) = self.driver.run((statements.RECOVER, values))
        self.stirred.add(ledger_id)
        return int(row[0])

    def take_endpoints(
        self,
        worker: str,
        now: datetime,
        until: datetime,
        of: Collection[LedgerId] | None,
        limit: int,
    ) -> list[Taken]:
        values = {
            "worker": worker,
            "now": now,
            "until": until,
            "of": None if of is None else numbers(of),
            "limit": limit,
        }
        (rows,) = self.driver.run((statements.TAKE_ENDPOINTS, values))
        taken = self._readable(rows, _taken_of)
        if len(taken) < len(rows):
            there = {one.endpoint.key for one in taken}
            self.set_aside([key for key in map(_key_of, rows) if key not in there])
        return taken

    def endpoints(self, keys: Collection[EndpointKey]) -> list[Endpoint]:
        (rows,) = self.driver.run((statements.LOAD_ENDPOINTS, _names(keys)))
        return self._readable(rows, endpoint_of)

    def give_back(self, deliveries: Sequence[Delivery], at: datetime) -> None:
        values = [
            *_names([one.key[:2] for one in deliveries]),
            texts([one.id for one in deliveries]),
            moments([one.next_attempt_at for one in deliveries]),
            at,
        ]
        self.driver.send((statements.GIVE_BACK, values))

    def set_aside(self, keys: Collection[EndpointKey]) -> None:
        self.driver.send((statements.SET_ASIDE, _names(keys)))

    def release_endpoints(self, worker: str) -> None:
        self.driver.send((statements.RELEASE_ENDPOINTS, [worker]))

    def events(self, wanted: Sequence[tuple[LedgerId, int, int]]) -> list[list[Event]]:
        if not wanted:
            return []
        # The block of the last one wanted may go on beyond it.
        queries: list[Query] = [
            (
                statements.LOAD_EVENTS,
                {"ledger_id": of, "after": after, "before": after + count + EVENTS_MAX},
            )
            for of, after, count in wanted
        ]
        return [
            [
                event
                for event in self._events_in(of, rows)
                if after < event.sequence <= after + count
            ]
            for (of, after, count), rows in zip(wanted, self.driver.run(*queries), strict=True)
        ]

    def take_deliveries(
        self, rooms: Mapping[EndpointKey, int], now: datetime, until: datetime
    ) -> list[Delivery]:
        if not rooms:
            return []
        values = [*_names(rooms), numbers(rooms.values()), now, until]
        (rows,) = self.driver.run((statements.TAKE_DELIVERIES, values))
        return self._readable(
            rows, lambda row: delivery_of(row[:DELIVERY_WIDTH], row[DELIVERY_WIDTH])
        )

    def plan(self, through: Mapping[EndpointKey, int], deliveries: Sequence[Delivery]) -> None:
        self.driver.send((statements.PLAN, plan_columns(through, deliveries)))

    def conclude(
        self,
        concluded: Sequence[Concluded],
        healthy: Collection[EndpointKey],
        failing: Mapping[EndpointKey, datetime],
    ) -> Mapping[EndpointKey, datetime]:
        if healthy:
            self.driver.send((statements.MARK_HEALTHY, _names(healthy)))
        rows: list[Values] = []
        if failing:
            values = [*_names(failing), moments(failing.values())]
            (rows,) = self.driver.run((statements.MARK_FAILING, values))
        self.driver.send((statements.CONCLUDE, concluded_columns(concluded)))
        return {(LedgerId(row[0]), EndpointId(row[1])): row[2] for row in rows}

    def purge_deliveries(self, before: DeliveryId, limit: int) -> int:
        values = {"before": before, "limit": limit}
        (((purged,),), _) = self.driver.run(
            (statements.PURGE_DELIVERIES, values), (statements.PURGE_ENDPOINTS, [])
        )
        return int(purged)

    def _readable(self, rows: Iterable[Values], read: Callable[[Values], Read]) -> list[Read]:
        """Read rows, which begin with their ledger; those that cannot be read are passed over."""
        found = []
        for row in rows:
            try:
                found.append(read(row))
            except _UNREADABLE as error:
                self._pass_over(row[0], error)
        return found

    def _events_in(self, ledger_id: LedgerId, blocks: Iterable[Values]) -> Iterator[Event]:
        try:
            for block in blocks:
                yield from list(events_of(*block))
        except _UNREADABLE as error:
            self._pass_over(ledger_id, error)

    def _pass_over(self, ledger_id: LedgerId, error: Exception) -> None:
        self.unreadable[ledger_id] = f"{type(error).__name__}: {error}"


def _taken_of(row: Values) -> Taken:
    return Taken(endpoint_of(row[:ENDPOINT_WIDTH]), *row[ENDPOINT_WIDTH:])


def _key_of(row: Values) -> EndpointKey:
    """Name an endpoint by what is certain of its row, which may be unreadable otherwise."""
    return LedgerId(row[0]), EndpointId(row[2])


def _names(keys: Collection[EndpointKey]) -> list[object]:
    return [numbers([of for of, _ in keys]), texts([name for _, name in keys])]
