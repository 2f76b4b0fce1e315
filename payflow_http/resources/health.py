"""Whether the process lives, and whether it can serve."""

from http import HTTPStatus

from attrs import frozen
from falcon.asgi import Response

from payflow_http.incoming import ApiRequest
from payflow_http.problems import Problem
from payflow_http.services import Api


class Health:
    """``GET /health``: 200 as long as the process answers."""

    async def on_get(self, _req: ApiRequest, resp: Response) -> None:
        resp.data = b'{"status":"ok"}'


@frozen
class Ready:
    """``GET /ready``: 200 where requests can be served, else 503."""

    api: Api

    async def on_get(self, _req: ApiRequest, resp: Response) -> None:
        if not await self.api.threads.run(self.api.services.ready):
            detail = "The service is not ready to serve requests; ask again in a moment."
            status = HTTPStatus.SERVICE_UNAVAILABLE
            raise Problem(status, "not_ready", detail, headers={"Retry-After": "1"})
        resp.data = b'{"status":"ready"}'
