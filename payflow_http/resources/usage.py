"""What a partner has asked of us."""

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import cast

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Permission
from payflow_domain.access.published_usage import publish_report
from payflow_domain.access.usage_service import Report
from payflow_http import queries
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api

DAYS: dict[str, queries.Reader] = {"from": queries.day, "to": queries.day}


@frozen
class UsageReport:
    """``GET /usage?from=DAY&to=DAY``: requests by route and day and by key, and volumes.

    Against rate limits each day counts as a request.
    """

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.USAGE_READ)
        values = queries.read_query(req, DAYS)
        first, last = (cast("date | None", values.get(name)) for name in DAYS)
        usage = self.api.services.usage
        self.api.limiter.charge(req, actor, usage.period(first, last).days - 1)
        report = partial(usage.report, actor, first, last)
        await send_report(self.api, resp, report)


async def send_report(api: Api, resp: Response, report: Callable[[], Report]) -> None:
    """Answer with what ``report`` returns, which may be long: a thread writes it as well."""
    resp.data = await api.threads.run(lambda: _render(report()))


def _render(report: Report) -> bytes:
    told = publish_report(report)
    try:
        return orjson.dumps(told)
    except orjson.JSONEncodeError:
        # It takes no integer beyond 64 bits, and a sum may be one; the other one is slow.
        return json.dumps(told).encode()
