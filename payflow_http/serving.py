"""Falcon, where it does otherwise than it should: outside its error handlers, and for OPTIONS."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import falcon.asgi
import structlog
from falcon.asgi import Response
from falcon.routing import CompiledRouter

from payflow_http.incoming import ApiRequest
from payflow_http.observing import REQUEST_ID, new_request_id
from payflow_http.problems import MEDIA_TYPE, internal_error

_Scope = dict[str, Any]
_Receive = Callable[[], Awaitable[Mapping[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class App(falcon.asgi.App[ApiRequest, Response]):
    """Answers with a problem whatever goes wrong."""

    async def __call__(  # type: ignore[override]  # as Falcon's own overrides that of WSGI
        self, scope: _Scope, receive: _Receive, send: _Send
    ) -> None:
        try:
            await super().__call__(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise
            request_id = new_request_id()
            _logger.exception("request_failed", request_id=request_id, route=None)
            await _send_failure(send, request_id)


async def _send_failure(send: _Send, request_id: str) -> None:
    """Tell of a fault of ours; the server refuses this where an answer was begun already."""
    problem = internal_error()
    body = problem.body(request_id)
    headers = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        REQUEST_ID.lower(): request_id,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class Router(CompiledRouter):
    """Answers OPTIONS with 204 and the methods of the path, where Falcon would send empty JSON."""

    def map_http_methods(self, resource: object, **kwargs: Any) -> Any:  # noqa: ANN401 - Falcon's own types are private
        methods = super().map_http_methods(resource, **kwargs)
        allowed = ", ".join(sorted([*methods, "OPTIONS"]))

        async def tell_methods(_req: ApiRequest, resp: Response, **_params: object) -> None:
            resp.status = int(HTTPStatus.NO_CONTENT)
            resp.set_header("Allow", allowed)

        return {**methods, "OPTIONS": tell_methods}
