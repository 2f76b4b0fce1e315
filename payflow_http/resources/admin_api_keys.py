"""API keys of partners, for staff."""

from functools import partial

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.keys import ApiKey
from payflow_domain.access.operators import StaffPermission
from payflow_domain.access.published import publish_key
from payflow_domain.ledger.ports import Page
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.directory_bodies import KeyRotationBody, NewPartnerKeyBody
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.resources.api_keys import (
    issue_once,
    key_position,
    new_key,
    overlap_of,
)
from payflow_http.services import Api


@frozen
class AdminPartnerKeys:
    """``GET /api/admin/partners/{id}/api-keys``, newest first; ``POST`` makes one."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)

        def read(_: object, page: Page) -> list[ApiKey]:
            self.api.services.onboarding.get(staff, partner_id)
            return list(self.api.services.api_keys.list_of(staff, partner_id, page))

        await send_page(
            self.api,
            req,
            resp,
            listing=(f"api keys of {partner_id}", None),
            filters={},
            read=read,
            publish=publish_key,
            position=key_position,
        )

    async def on_post(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)
        staff.require(StaffPermission.ADMINISTER)
        body = await req.read(NewPartnerKeyBody)
        run, create = self.api.threads.run, self.api.services.api_keys.create_for
        await run(self.api.services.onboarding.get, staff, partner_id)
        issue = partial(create, staff, partner_id, body.environment, new_key(body))
        await issue_once(self.api, req, resp, issue)


@frozen
class AdminApiKey:
    """``DELETE /api/admin/api-keys/{id}`` revokes it for good."""

    api: Api

    async def on_delete(self, req: ApiRequest, resp: Response, key_id: str) -> None:
        staff = await self.api.staff.identify(req)
        queries.read_query(req, {})
        revoke = self.api.services.api_keys.revoke_as_staff
        key = await self.api.threads.run(revoke, staff, key_id)
        self.api.authenticator.invalidate(key.digest)
        send_json(resp, publish_key(key))


@frozen
class AdminApiKeyRotation:
    """``POST /api/admin/api-keys/{id}/rotate``: a key in its place, told this once."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, key_id: str) -> None:
        staff = await self.api.staff.identify(req)
        staff.require(StaffPermission.ADMINISTER)
        overlap = overlap_of(await req.read(KeyRotationBody, may_be_empty=True))
        rotate = self.api.services.api_keys.rotate_as_staff
        await issue_once(self.api, req, resp, partial(rotate, staff, key_id, overlap))
