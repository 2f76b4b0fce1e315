"""Reading endpoints and deliveries."""

from typing import Any

from attrs import frozen
from sqlalchemy import BindParameter, Select, Text, bindparam, select

from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.tables import ledgers, webhook_deliveries, webhook_endpoints
from payflow_adapters.postgres.webhook_rows import (
    DELIVERY_COLUMNS,
    ENDPOINT_COLUMNS,
    delivery_of,
    endpoint_of,
)
from payflow_domain.ids import DeliveryId, EndpointId, LedgerId
from payflow_domain.ledger.ports import Page
from payflow_domain.webhooks.deliveries import Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint
from payflow_domain.webhooks.ports import DeliveryFilter

_ENDPOINTS = (
    select(*ENDPOINT_COLUMNS)
    .join_from(webhook_endpoints, ledgers, ledgers.c.id == webhook_endpoints.c.ledger_id)
    .where(webhook_endpoints.c.deleted_at.is_(None))
)


@frozen(slots=False)  # so that one store can be all the readers
class PostgresWebhookReader:
    """Reads committed endpoints and deliveries."""

    database: Database

    def endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId) -> Endpoint | None:
        query = _ENDPOINTS.where(
            webhook_endpoints.c.ledger_id == ledger_id, webhook_endpoints.c.id == endpoint_id
        )
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return endpoint_of(row) if row else None

    def endpoints(self, ledger_id: LedgerId, page: Page) -> list[Endpoint]:
        query = _ENDPOINTS.where(webhook_endpoints.c.ledger_id == ledger_id)
        if page.after is not None:
            query = query.where(webhook_endpoints.c.id < page.after)
        query = query.order_by(webhook_endpoints.c.id.desc()).limit(page.limit)
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [endpoint_of(row) for row in rows]

    def delivery(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, delivery_id: DeliveryId
    ) -> Delivery | None:
        query = select(*DELIVERY_COLUMNS).where(
            webhook_deliveries.c.ledger_id == ledger_id,
            webhook_deliveries.c.endpoint_id == endpoint_id,
            webhook_deliveries.c.id == delivery_id,
        )
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return delivery_of(row) if row else None

    def deliveries(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, which: DeliveryFilter, page: Page
    ) -> list[Delivery]:
        query = deliveries_query(ledger_id, endpoint_id, which, page)
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [delivery_of(row) for row in rows]


def deliveries_query(
    ledger_id: LedgerId, endpoint_id: EndpointId, which: DeliveryFilter, page: Page
) -> Select[Any]:
    """Ask for a page of deliveries, in a way that their indexes answer."""
    columns = webhook_deliveries.c
    query = select(*DELIVERY_COLUMNS).where(
        columns.ledger_id == ledger_id, columns.endpoint_id == endpoint_id
    )
    if which.status is not None:
        query = query.where(columns.status == _spelled(which.status))
    if which.status is DeliveryStatus.PENDING:
        query = query.where(columns.next_attempt_at.is_not(None))
    if which.event_type is not None:
        query = query.where(columns.event_type == _spelled(which.event_type))
    if page.after is not None:
        query = query.where(columns.id < page.after)
    return query.order_by(columns.id.desc()).limit(page.limit)


def _spelled(value: str) -> BindParameter[str]:
    """Have a value in the text of a statement: whether an index has it is known by its value."""
    return bindparam(None, str(value), Text, literal_execute=True)
