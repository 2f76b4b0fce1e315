"""The use cases of deliveries, for partners."""

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from payflow_domain.access.permissions import Actor
from payflow_domain.ids import DELIVERY, EVENT, DeliveryId, IdSource, is_id
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Once
from payflow_domain.ledger.journal import Encode
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.published import publish_time
from payflow_domain.webhooks.deliveries import RECOVERED_AT_A_TIME, Delivery, DeliveryStatus
from payflow_domain.webhooks.desk import EndpointDesk, find_enabled
from payflow_domain.webhooks.endpoints import TEST_EVENT, DeliveryNotFound, Endpoint
from payflow_domain.webhooks.ports import DeliveryFilter, EndpointUnitOfWork


@frozen
class Deliveries:
    """Shows what became of deliveries, and has some attempted at once.

    What changes something returns what was done, or the answer that was given before where the
    idempotency key is spent.
    """

    desk: EndpointDesk
    ids: IdSource
    encode: Encode

    def send_test(
        self, actor: Actor, endpoint_id: str, once: Once[Delivery] | None
    ) -> Delivery | Replayed:
        """Have a test event sent, whatever the endpoint hears of otherwise.

        Raises ``EndpointNotFound``, ``EndpointDisabled``.
        """

        def effect(uow: EndpointUnitOfWork, ledger: Ledger, at: datetime) -> Delivery:
            delivery = self._test_delivery(find_enabled(uow, actor, endpoint_id), ledger, at)
            uow.add_delivery(delivery)
            return delivery

        return self.desk.do_once(actor, effect, once)

    def get(self, actor: Actor, endpoint_id: str, delivery_id: str) -> Delivery:
        """Return one delivery; raises ``EndpointNotFound``, ``DeliveryNotFound``."""
        endpoint = self.desk.get(actor, endpoint_id)
        found = None
        if is_id(delivery_id, DELIVERY):
            found = self.desk.reader.delivery(actor.ledger_id, endpoint.id, DeliveryId(delivery_id))
        if found is None:
            raise _not_found(delivery_id)
        return found

    def list(
        self, actor: Actor, endpoint_id: str, which: DeliveryFilter, page: Page
    ) -> Sequence[Delivery]:
        """Return deliveries, newest first; raises ``EndpointNotFound``."""
        endpoint = self.desk.get(actor, endpoint_id)
        return self.desk.reader.deliveries(actor.ledger_id, endpoint.id, which, page)

    def retry(
        self, actor: Actor, endpoint_id: str, delivery_id: str, once: Once[Delivery] | None
    ) -> Delivery | Replayed:
        """Have a delivery attempted at once, whatever became of it, on a new schedule.

        Raises ``EndpointNotFound``, ``EndpointDisabled``, ``DeliveryNotFound``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, at: datetime) -> Delivery:
            endpoint = find_enabled(uow, actor, endpoint_id)
            sought = DeliveryId(delivery_id)
            delivery = (
                uow.retry_delivery(actor.ledger_id, endpoint.id, sought, at)
                if is_id(delivery_id, DELIVERY)
                else None
            )
            if delivery is None:
                raise _not_found(delivery_id)
            return delivery

        return self.desk.do_once(actor, effect, once)

    def recover(
        self, actor: Actor, endpoint_id: str, since: datetime, once: Once[int] | None
    ) -> int | Replayed:
        """Have attempted again what failed or was skipped, of events since ``since``.

        Returns how many deliveries they are; if they are ``RECOVERED_AT_A_TIME``, the oldest
        ones, there may be more. Raises ``EndpointNotFound``, ``EndpointDisabled``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, at: datetime) -> int:
            endpoint = find_enabled(uow, actor, endpoint_id)
            return uow.recover(actor.ledger_id, endpoint.id, since, at, RECOVERED_AT_A_TIME)

        return self.desk.do_once(actor, effect, once)

    def _test_delivery(self, endpoint: Endpoint, ledger: Ledger, at: datetime) -> Delivery:
        mint = self.ids.minting(at)
        event_id = mint(EVENT)
        body = {
            "id": event_id,
            "event": TEST_EVENT,
            "sequence": 0,
            "environment": ledger.environment,
            "createdAt": publish_time(at),
            "data": {"webhookEndpointId": endpoint.id},
        }
        return Delivery(
            ledger_id=ledger.id,
            endpoint_id=endpoint.id,
            id=DeliveryId(mint(DELIVERY)),
            sequence=0,
            event_id=event_id,
            event_type=TEST_EVENT,
            status=DeliveryStatus.PENDING,
            created_at=at,
            next_attempt_at=at,
            body=self.encode(body),
        )


def _not_found(delivery_id: str) -> DeliveryNotFound:
    detail = "There is no such delivery; check its id."
    return DeliveryNotFound(detail, subject=delivery_id)
