"""What a partner has asked of us."""

import json
from datetime import date
from typing import cast

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.published_usage import publish_report
from payflow_domain.access.usage_service import Report
from payflow_http import queries
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api

DAYS: dict[str, queries.Reader] = {"from": queries.day, "to": queries.day}


@frozen
class UsageReport:
    """``GET /usage?from=DAY&to=DAY``: requests by route and day and by key, and volumes."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        values = queries.read_query(req, DAYS)
        first, last = (cast("date | None", values.get(name)) for name in DAYS)
        report = await self.api.threads.run(self.api.services.usage.report, actor, first, last)
        send_report(resp, report)


def send_report(resp: Response, report: Report) -> None:
    """Answer with a report."""
    # orjson takes no integer beyond 64 bits, and a sum may be one.
    resp.data = json.dumps(publish_report(report)).encode()
