"""What is written down about each request."""

from time import perf_counter

import structlog
from falcon.asgi import Response
from structlog.contextvars import bind_contextvars
from uuid_utils import uuid7

from payflow_http.incoming import ApiRequest

REQUEST_ID = "Payflow-Request-Id"

_ACCESS = "payflow.access"

Logger = structlog.typing.FilteringBoundLogger


def new_request_id() -> str:
    """Make the id by which a caller and we can speak of one request."""
    return str(uuid7())


class RequestIds:
    """Gives each request an id, which is in the answer, in problems and in the log, and a start."""

    async def process_request(self, req: ApiRequest, resp: Response) -> None:
        req.started_at = perf_counter()
        req.request_id = request_id = new_request_id()
        # The server runs each request in a task of its own, so this does not leak to the next.
        bind_contextvars(request_id=request_id)
        resp.set_header(REQUEST_ID, request_id)
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Content-Type-Options", "nosniff")


class AccessLog:
    """Writes one line for each request: not where it went, which may tell whom it is about."""

    def __init__(self) -> None:
        self._logger: Logger = structlog.get_logger(_ACCESS)

    async def process_startup(self, _scope: object, _event: object) -> None:
        # Bound once: what get_logger returns binds anew at every call.
        self._logger = structlog.get_logger(_ACCESS).bind()

    async def process_response(
        self,
        req: ApiRequest,
        resp: Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001 - Falcon's signature
    ) -> None:
        self._logger.info(
            "request",
            method=req.method,
            route=req.uri_template,
            status=resp.status_code,
            elapsed_ms=round((perf_counter() - req.started_at) * 1000, 2),
        )
