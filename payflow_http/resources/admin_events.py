"""What gateways told, and what should not have been tried, for staff."""

from http import HTTPStatus
from typing import cast

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.operators import StaffPermission
from payflow_domain.access.security import SecurityEvent
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.published import Published, publish_time
from payflow_domain.payments.model import KeptNotice, NoticeNotFound, NoticeStatus
from payflow_domain.texts import InvalidText, check_text
from payflow_http import queries
from payflow_http.answers import send_done
from payflow_http.bodies import EmptyBody
from payflow_http.idempotency import once_of
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.services import Api

_STATUS = {"status": queries.choice({status.value: status for status in NoticeStatus})}
_ENVIRONMENTS = {environment.value: environment for environment in Environment}
# Ids of Stripe's have up to so many characters.
_NAME_LENGTH_MAX = 255


@frozen
class GatewayEventList:
    """``GET /api/admin/gateway-events``: the notices of gateways, newest first."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.staff.identify(req)

        def read(values: dict[str, object], page: Page) -> list[KeptNotice]:
            status = cast("NoticeStatus | None", values.get("status"))
            return self.api.services.oversight.list_notices(actor, status, page)

        await send_page(
            self.api,
            req,
            resp,
            listing=("gateway-events", None),
            filters=_STATUS,
            read=read,
            publish=_publish_notice,
            position=_notice_position,
        )


@frozen
class GatewayEventReplay:
    """``POST /api/admin/gateway-events/{gateway}/{environment}/{id}/replay``: book it again."""

    api: Api

    async def on_post(
        self, req: ApiRequest, resp: Response, gateway: str, environment: str, notice_id: str
    ) -> None:
        actor = await self.api.staff.identify(req)
        actor.require(StaffPermission.REVIEW)
        await req.read(EmptyBody, may_be_empty=True)
        known = _ENVIRONMENTS.get(environment)
        if known is None or not _can_be(gateway, notice_id):
            detail = "There is no such notice; check its id, gateway and environment."
            raise NoticeNotFound(detail, subject=notice_id)
        # It may ask the gateway how things stand.
        run, replay = self.api.gateway_threads.run, self.api.services.oversight.replay_notice
        once = once_of(req, _render_notice)
        done = await run(replay, actor, gateway, known, notice_id, once)
        send_done(resp, done, _render_notice)


@frozen
class SecurityEventList:
    """``GET /api/admin/security-events``, newest first."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.staff.identify(req)
        await send_page(
            self.api,
            req,
            resp,
            listing=("security-events", None),
            filters={},
            read=lambda _, page: self.api.services.oversight.list_security_events(actor, page),
            publish=_publish_security_event,
            position=_security_position,
        )


def _can_be(*names: str) -> bool:
    """Tell whether gateways and notices can have these names."""
    try:
        return all(check_text(name, _NAME_LENGTH_MAX) for name in names)
    except InvalidText:
        return False


def _notice_position(notice: KeptNotice) -> str:
    return notice.position


def _render_notice(notice: KeptNotice) -> Answer:
    return Answer(int(HTTPStatus.OK), orjson.dumps(_publish_notice(notice)))


def _publish_notice(notice: KeptNotice) -> Published:
    """Tell of a notice, but for its payload: that may say who pays, and with what."""
    return {
        "gateway": notice.gateway,
        "environment": notice.environment.value,
        "id": notice.id,
        "type": notice.type,
        "status": notice.status.value,
        "deliveries": notice.deliveries,
        "receivedAt": publish_time(notice.received_at),
    }


def _security_position(event: SecurityEvent) -> str:
    return str(event.number)


def _publish_security_event(event: SecurityEvent) -> Published:
    return {
        "number": event.number,
        "at": publish_time(event.at),
        "kind": event.kind.value,
        "detail": event.detail,
        "address": event.address,
        "facts": event.facts,
    }
