"""Limits and usage of partners, for staff."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import cast

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.limits import Limit
from payflow_domain.access.operators import StaffPermission
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.partners.metering import OwnLimits
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.incoming import ApiRequest
from payflow_http.limit_bodies import LimitsBody
from payflow_http.problems import Fault, malformed
from payflow_http.resources.usage import DAYS, send_report
from payflow_http.services import Api

_ENVIRONMENT: dict[str, queries.Reader] = {
    "environment": queries.choice({each.value: each for each in Environment})
}


@frozen
class AdminPartnerLimits:
    """``GET``, ``PUT`` and ``DELETE /api/admin/partners/{id}/limits``.

    ``DELETE`` with ``?environment=`` returns to the limits of the environment. Each answers with
    the limits of every ledger. A change holds within a second in every process.
    """

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)
        queries.read_query(req, {})
        look_up = self.api.services.metering.look_up
        _send(resp, await self.api.threads.run(look_up, staff, partner_id))

    async def on_put(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)
        staff.require(StaffPermission.ADMINISTER)
        body = await req.read(LimitsBody)
        api, money = Limit(body.rate, body.burst), _money_limit(body)
        change = self.api.services.metering.change
        run = self.api.threads.run
        _send(resp, await run(change, staff, partner_id, body.environment, api, money))

    async def on_delete(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)
        staff.require(StaffPermission.ADMINISTER)
        environment = _environment(queries.read_query(req, _ENVIRONMENT))
        change = self.api.services.metering.change
        run = self.api.threads.run
        _send(resp, await run(change, staff, partner_id, environment, None, None))


@frozen
class AdminPartnerUsage:
    """``GET /api/admin/partners/{id}/usage?environment=&from=&to=``: as the partner sees it."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, partner_id: str) -> None:
        staff = await self.api.staff.identify(req)
        values = queries.read_query(req, {**_ENVIRONMENT, **DAYS})
        first, last = (cast("date | None", values.get(name)) for name in DAYS)
        environment = _environment(values)
        tell = self.api.services.metering.report
        report = partial(tell, staff, partner_id, environment, first, last)
        await send_report(self.api, resp, report)


def _environment(values: dict[str, object]) -> Environment:
    environment = values.get("environment")
    if environment is None:
        detail = "Say which environment: sandbox or live."
        raise malformed([Fault("environment", "missing_parameter", detail, in_query=True)])
    return cast("Environment", environment)


def _money_limit(body: LimitsBody) -> Limit | None:
    rate, burst = body.money_rate, body.money_burst
    if (rate is None) != (burst is None):
        where = "/moneyRate" if rate is None else "/moneyBurst"
        detail = "Name moneyRate and moneyBurst, or neither."
        raise malformed([Fault(where, "missing_member", detail)])
    return None if rate is None or burst is None else Limit(rate, burst)


def _send(resp: Response, limits: Sequence[OwnLimits]) -> None:
    send_json(resp, {"limits": [each.publish() for each in limits]})
