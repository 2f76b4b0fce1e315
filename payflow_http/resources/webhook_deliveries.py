"""What became of telling an endpoint of events."""

from functools import partial
from http import HTTPStatus
from typing import cast

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Permission
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ports import Page
from payflow_domain.webhooks.deliveries import RECOVERED_AT_A_TIME, Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import TEST_EVENT
from payflow_domain.webhooks.ports import DeliveryFilter
from payflow_domain.webhooks.published import publish_delivery
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.bodies import EmptyBody, RecoveryBody
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.resources.webhook_answers import answer_once
from payflow_http.services import Api

_EVENTS = (*EventType, TEST_EVENT)
_FILTERS = {
    "status": queries.choice({status.value: status for status in DeliveryStatus}),
    "event": queries.choice({str(event): str(event) for event in _EVENTS}),
}


@frozen
class WebhookDeliveryList:
    """``GET /webhook-endpoints/{id}/deliveries``: every delivery with its attempts."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)

        def read(values: dict[str, object], page: Page) -> list[Delivery]:
            which = DeliveryFilter(
                status=cast("DeliveryStatus | None", values.get("status")),
                event_type=cast("str | None", values.get("event")),
            )
            return list(self.api.services.deliveries.list(actor, endpoint_id, which, page))

        await send_page(
            self.api,
            req,
            resp,
            listing=(f"deliveries to {endpoint_id}", actor.ledger_id),
            filters=_FILTERS,
            read=read,
            publish=publish_delivery,
            position=_position,
        )


@frozen
class WebhookDeliveryItem:
    """``GET /webhook-endpoints/{id}/deliveries/{id}``."""

    api: Api

    async def on_get(
        self, req: ApiRequest, resp: Response, endpoint_id: str, delivery_id: str
    ) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        find = self.api.services.deliveries.get
        found = await self.api.threads.run(find, actor, endpoint_id, delivery_id)
        send_json(resp, publish_delivery(found))


@frozen
class WebhookRetries:
    """``POST /webhook-endpoints/{id}/deliveries/{id}/retry``: attempt it at once (202)."""

    api: Api

    async def on_post(
        self, req: ApiRequest, resp: Response, endpoint_id: str, delivery_id: str
    ) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WEBHOOKS_WRITE)
        await req.read(EmptyBody, may_be_empty=True)
        retry = partial(self.api.services.deliveries.retry, actor, endpoint_id, delivery_id)
        await answer_once(self.api, req, resp, _render_delivery, retry)


@frozen
class WebhookRecoveries:
    """``POST /webhook-endpoints/{id}/recover``: what failed or was skipped since (202)."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WEBHOOKS_WRITE)
        body = await req.read(RecoveryBody)
        recover = partial(self.api.services.deliveries.recover, actor, endpoint_id, body.since)
        await answer_once(self.api, req, resp, _render_count, recover)


@frozen
class WebhookTests:
    """``POST /webhook-endpoints/{id}/test``: have a test event sent (202)."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WEBHOOKS_WRITE)
        await req.read(EmptyBody, may_be_empty=True)
        test = partial(self.api.services.deliveries.send_test, actor, endpoint_id)
        await answer_once(self.api, req, resp, _render_delivery, test)


def _render_delivery(delivery: Delivery) -> Answer:
    return Answer(int(HTTPStatus.ACCEPTED), orjson.dumps(publish_delivery(delivery)))


def _render_count(count: int) -> Answer:
    body = {"deliveries": count, "hasMore": count == RECOVERED_AT_A_TIME}
    return Answer(int(HTTPStatus.ACCEPTED), orjson.dumps(body))


def _position(delivery: Delivery) -> str:
    return delivery.id
