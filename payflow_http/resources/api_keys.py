"""API keys, by partners themselves."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.key_rules import OVERLAP, NewKey
from payflow_domain.access.keys import ApiKey, IssuedKey
from payflow_domain.access.permissions import Permission
from payflow_domain.access.published import publish_key
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Answer, Once
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.published import Published, publish_time
from payflow_http import queries
from payflow_http.answers import send_done, send_json
from payflow_http.directory_bodies import KeyRotationBody, NewKeyBody, NewPartnerKeyBody
from payflow_http.idempotency import once_of
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.services import Api


@frozen
class ApiKeyList:
    """``POST /api-keys`` makes one (201, with ``key`` this once); ``GET`` lists them."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.KEYS_WRITE)
        new = new_key(await req.read(NewKeyBody))
        address = self.api.addresses.of(req)
        create = partial(self.api.services.api_keys.create, actor, new, address)
        await issue_once(self.api, req, resp, create)

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)

        def read(_: object, page: Page) -> list[ApiKey]:
            return list(self.api.services.api_keys.list(actor, page))

        await send_page(
            self.api,
            req,
            resp,
            listing=("api keys", actor.ledger_id),
            filters={},
            read=read,
            publish=publish_key,
            position=key_position,
        )


@frozen
class ApiKeyItem:
    """``GET /api-keys/{id}``, and ``DELETE``, which revokes it for good."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, key_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        key = await self.api.threads.run(self.api.services.api_keys.get, actor, key_id)
        send_json(resp, publish_key(key))

    async def on_delete(self, req: ApiRequest, resp: Response, key_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        revoke, address = self.api.services.api_keys.revoke, self.api.addresses.of(req)
        key = await self.api.threads.run(revoke, actor, key_id, address)
        self.api.authenticator.invalidate(key.digest)
        send_json(resp, publish_key(key))


@frozen
class ApiKeyRotation:
    """``POST /api-keys/{id}/rotate``: a key in its place (201, with ``key`` this once)."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, key_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.KEYS_WRITE)
        overlap = overlap_of(await req.read(KeyRotationBody, may_be_empty=True))
        address = self.api.addresses.of(req)
        rotate = partial(self.api.services.api_keys.rotate, actor, key_id, overlap, address)
        await issue_once(self.api, req, resp, rotate)


def new_key(body: NewKeyBody | NewPartnerKeyBody) -> NewKey:
    """Return the key that a body asks for."""
    networks = body.allowed_networks or ()
    return NewKey(body.name, body.permissions, body.expires_at, tuple(networks))


def overlap_of(body: KeyRotationBody) -> timedelta:
    """Return for how long a replaced key is to work on."""
    seconds = body.old_key_expires_in
    return OVERLAP if seconds is None else timedelta(seconds=seconds)


def publish_issued(issued: IssuedKey) -> Published:
    """Publish a new key with its secret, and the key it replaces with when that ends."""
    old = issued.old
    replaced = None
    if old is not None:
        replaced = {
            "id": old.id,
            "expiresAt": publish_time(old.expires_at) if old.expires_at else None,
        }
    return {**publish_key(issued.key), "key": issued.secret, "oldKey": replaced}


def key_position(key: ApiKey) -> str:
    """Return where a key stands in lists."""
    return key.id


async def issue_once(
    api: Api,
    req: ApiRequest,
    resp: Response,
    issue: Callable[[Once[IssuedKey] | None], IssuedKey | Replayed],
) -> None:
    """Issue a key and answer with it; a repeated request is answered without its secret."""
    issued = await api.threads.run(issue, once_of(req, _render))
    if isinstance(issued, IssuedKey) and issued.old is not None:
        # It may have ended at once.
        api.authenticator.invalidate(issued.old.digest)
    send_done(resp, issued, _render)


def _render(issued: IssuedKey) -> Answer:
    return Answer(int(HTTPStatus.CREATED), orjson.dumps(publish_issued(issued)))
