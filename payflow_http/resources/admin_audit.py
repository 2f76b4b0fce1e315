"""What was done, for staff."""

from datetime import datetime
from typing import cast

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.audit import AuditFilter, AuditRecord
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.published import Published, publish_time
from payflow_http import queries
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.services import Api

_FILTERS = {
    "actor": queries.words,
    "action": queries.words,
    "subject": queries.words,
    "partnerId": queries.words,
    "since": queries.moment,
    "until": queries.moment,
}


@frozen
class AuditLog:
    """``GET /api/admin/audit``, newest first."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.staff.identify(req)

        def read(values: dict[str, object], page: Page) -> list[AuditRecord]:
            return list(self.api.services.staff.audit(actor, _filter(values), page))

        await send_page(
            self.api,
            req,
            resp,
            listing=("audit", None),
            filters=_FILTERS,
            read=read,
            publish=_publish,
            position=_position,
        )


def _filter(values: dict[str, object]) -> AuditFilter:
    return AuditFilter(
        actor=cast("str | None", values.get("actor")),
        action=cast("str | None", values.get("action")),
        subject=cast("str | None", values.get("subject")),
        partner_id=cast("str | None", values.get("partnerId")),
        since=cast("datetime | None", values.get("since")),
        until=cast("datetime | None", values.get("until")),
    )


def _position(record: AuditRecord) -> str:
    return record.position


def _publish(record: AuditRecord) -> Published:
    entry = record.entry
    return {
        "number": record.number,
        "at": publish_time(entry.at),
        "actor": entry.actor,
        "username": record.username,
        "action": entry.action,
        "subject": entry.subject,
        "address": entry.address,
        "partnerId": entry.partner_id,
        "reason": entry.reason,
        "before": entry.before,
        "after": entry.after,
        "facts": entry.facts,
    }
