"""Reading endpoints and deliveries."""

from threading import Lock

from attrs import evolve

from payflow_adapters.memory.tables import Tables
from payflow_domain.ids import DeliveryId, EndpointId, LedgerId
from payflow_domain.ledger.ports import Page
from payflow_domain.webhooks.deliveries import Delivery
from payflow_domain.webhooks.endpoints import Endpoint
from payflow_domain.webhooks.ports import DeliveryFilter


class MemoryWebhookReader:
    """Reads committed endpoints and deliveries."""

    _tables: Tables
    _reading: Lock

    def endpoint(self, ledger_id: LedgerId, endpoint_id: EndpointId) -> Endpoint | None:
        with self._reading:
            return self._tables.endpoints.get((ledger_id, endpoint_id))

    def endpoints(self, ledger_id: LedgerId, page: Page) -> list[Endpoint]:
        with self._reading:
            found = [
                one
                for one in self._tables.endpoints.values()
                if one is not None and one.ledger_id == ledger_id and _is_after(one.id, page)
            ]
        return sorted(found, key=lambda one: one.id, reverse=True)[: page.limit]

    def delivery(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, delivery_id: DeliveryId
    ) -> Delivery | None:
        with self._reading:
            found = self._tables.deliveries.get((ledger_id, endpoint_id, delivery_id))
        return found and evolve(found, body=None)

    def deliveries(
        self, ledger_id: LedgerId, endpoint_id: EndpointId, which: DeliveryFilter, page: Page
    ) -> list[Delivery]:
        with self._reading:
            found = [
                evolve(one, body=None)
                for one in self._tables.deliveries.values()
                if one is not None
                and one.key[:2] == (ledger_id, endpoint_id)
                and which.status in (None, one.status)
                and which.event_type in (None, one.event_type)
                and _is_after(one.id, page)
            ]
        return sorted(found, key=lambda one: one.id, reverse=True)[: page.limit]


def _is_after(position: str, page: Page) -> bool:
    return page.after is None or position < page.after
