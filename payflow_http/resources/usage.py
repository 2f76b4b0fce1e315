"""What a partner has asked of us."""

from datetime import date
from typing import cast

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.published_usage import publish_report
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api

DAYS: dict[str, queries.Reader] = {"from": queries.day, "to": queries.day}


@frozen
class UsageReport:
    """``GET /usage?from=DAY&to=DAY``: requests by route and day, and by key."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        values = queries.read_query(req, DAYS)
        first, last = (cast("date | None", values.get(name)) for name in DAYS)
        report = await self.api.threads.run(self.api.services.usage.report, actor, first, last)
        send_json(resp, publish_report(report))
