"""Partners, for staff."""

from http import HTTPStatus
from typing import cast

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.operators import StaffPermission
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.published import Published
from payflow_domain.partners.model import Partner, PartnerStatus
from payflow_domain.partners.onboarding import PartnerFile, StatusWish
from payflow_domain.partners.ports import PartnerFilter
from payflow_domain.partners.profile import Profile
from payflow_domain.partners.published import (
    publish_certification,
    publish_change,
    publish_ledger,
    publish_partner,
)
from payflow_http import queries
from payflow_http.answers import send_done, send_json
from payflow_http.directory_bodies import NewPartnerBody, PartnerStatusBody
from payflow_http.idempotency import once_of
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.services import Api

_FILTERS = {
    "status": queries.choice({status.value: status for status in PartnerStatus}),
    "name": queries.words,
}


@frozen
class AdminPartnerList:
    """``GET /api/admin/partners``, newest first; ``POST`` takes one in at once."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        staff = await self.api.staff.identify(req)

        def read(values: dict[str, object], page: Page) -> list[Partner]:
            which = PartnerFilter(
                status=cast("PartnerStatus | None", values.get("status")),
                name=cast("str | None", values.get("name")),
            )
            return list(self.api.services.onboarding.list(staff, which, page))

        await send_page(
            self.api,
            req,
            resp,
            listing=("partners", None),
            filters=_FILTERS,
            read=read,
            publish=publish_partner,
            position=_position,
        )

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        staff = await self.api.staff.identify(req)
        staff.require(StaffPermission.REVIEW)
        body = await req.read(NewPartnerBody)
        profile = Profile(
            legal_name=body.legal_name,
            country=body.country,
            website=body.website,
            contact_email=body.contact_email,
        )
        create = self.api.services.onboarding.create
        once = once_of(req, _render_created)
        made = await self.api.threads.run(create, staff, body.name, profile, once)
        send_done(resp, made, _render_created)


@frozen
class AdminPartnerItem:
    """``GET /api/admin/partners/{id}``: with its history, ledgers and certification."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)
        queries.read_query(req, {})
        look_up = self.api.services.onboarding.look_up
        send_json(resp, _publish_file(await self.api.threads.run(look_up, staff, partner_id)))


@frozen
class AdminPartnerStatus:
    """``PATCH /api/admin/partners/{id}/status``."""

    api: Api

    async def on_patch(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)
        staff.require(StaffPermission.REVIEW)
        body = await req.read(PartnerStatusBody)
        wish = StatusWish(body.status, body.reason, bool(body.override), body.expected_status)
        change = self.api.services.onboarding.change_status
        partner = await self.api.threads.run(change, staff, partner_id, wish)
        # What its keys may do acts at once here, and within a second elsewhere.
        self.api.authenticator.invalidate()
        send_json(resp, publish_partner(partner))


def _render_created(partner: Partner) -> Answer:
    return Answer(int(HTTPStatus.CREATED), orjson.dumps(publish_partner(partner)))


def _position(partner: Partner) -> str:
    return partner.id


def _publish_file(file: PartnerFile) -> Published:
    certification = file.certification
    return {
        **publish_partner(file.partner),
        "ledgers": [publish_ledger(ledger) for ledger in file.ledgers],
        "certification": publish_certification(certification) if certification else None,
        "changes": [publish_change(change) for change in file.changes],
        "liveKeys": file.live_keys,
    }
