"""Webhook endpoints: where a partner hears of events."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Answer, Once
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.published import Published
from payflow_domain.webhooks.endpoints import (
    OVERLAP_DEFAULT,
    Endpoint,
    EndpointChange,
    NewEndpoint,
)
from payflow_domain.webhooks.published import publish_endpoint, publish_with_secret
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.bodies import (
    EmptyBody,
    NewWebhookEndpointBody,
    SecretRotationBody,
    WebhookEndpointChangeBody,
)
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.resources.webhook_answers import answer_once
from payflow_http.services import Api

EndpointAction = Callable[[Actor, str, Once[Endpoint] | None], Endpoint | Replayed]


@frozen
class WebhookEndpointList:
    """``POST /webhook-endpoints`` makes one (201, with its secret this once); ``GET`` lists."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WEBHOOKS_WRITE)
        body = await req.read(NewWebhookEndpointBody)
        new = NewEndpoint(body.url, frozenset(body.events or ()), body.description)
        create = partial(self.api.services.webhooks.create, actor, new)
        await answer_once(
            self.api, req, resp, partial(_render, HTTPStatus.CREATED, with_secret=True), create
        )

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)

        def read(_: object, page: Page) -> list[Endpoint]:
            return list(self.api.services.webhooks.list(actor, page))

        await send_page(
            self.api,
            req,
            resp,
            listing=("webhook endpoints", actor.ledger_id),
            filters={},
            read=read,
            publish=publish_endpoint,
            position=_position,
        )


@frozen
class WebhookEndpointItem:
    """``GET /webhook-endpoints/{id}``, ``PATCH`` and ``DELETE`` of it."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        endpoint = await self.api.threads.run(self.api.services.webhooks.get, actor, endpoint_id)
        send_json(resp, publish_endpoint(endpoint))

    async def on_patch(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WEBHOOKS_WRITE)
        body = await req.read(WebhookEndpointChangeBody)
        events = None if body.events is None else frozenset(body.events)
        change = EndpointChange(body.url, events, body.description)
        run, webhooks = self.api.threads.run, self.api.services.webhooks
        send_json(resp, publish_endpoint(await run(webhooks.change, actor, endpoint_id, change)))

    async def on_delete(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        await self.api.threads.run(self.api.services.webhooks.remove, actor, endpoint_id)
        resp.status = int(HTTPStatus.NO_CONTENT)


@frozen
class WebhookEndpointSwitch:
    """``POST /webhook-endpoints/{id}/disable`` and ``.../enable``; they need no body."""

    api: Api
    switch: EndpointAction

    async def on_post(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WEBHOOKS_WRITE)
        await req.read(EmptyBody, may_be_empty=True)
        act = partial(self.switch, actor, endpoint_id)
        await answer_once(self.api, req, resp, partial(_render, HTTPStatus.OK), act)


@frozen
class WebhookSecretRotation:
    """``POST /webhook-endpoints/{id}/rotate-secret``: a new secret, told this once.

    The present one signs as well for ``overlapSeconds``: 24 hours unless told otherwise.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, endpoint_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WEBHOOKS_WRITE)
        body = await req.read(SecretRotationBody, may_be_empty=True)
        given = body.overlap_seconds
        overlap = OVERLAP_DEFAULT if given is None else timedelta(seconds=given)
        rotate = partial(self.api.services.webhooks.rotate_secret, actor, endpoint_id, overlap)
        await answer_once(
            self.api, req, resp, partial(_render, HTTPStatus.OK, with_secret=True), rotate
        )


def _render(status: HTTPStatus, endpoint: Endpoint, *, with_secret: bool = False) -> Answer:
    publish: Callable[[Endpoint], Published] = (
        publish_with_secret if with_secret else publish_endpoint
    )
    return Answer(int(status), orjson.dumps(publish(endpoint)))


def _position(endpoint: Endpoint) -> str:
    return endpoint.id
