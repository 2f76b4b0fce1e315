"""Stripe's API as it goes over the wire: requests with form-encoded bodies, answers in JSON."""

import json
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import frozen

Thing = dict[str, Any]
"""A JSON object."""

_HOST = "127.0.0.1"
_PART = re.compile(r"[^\[\]]+")


@frozen
class Request:
    """What the stand-in was asked; a test may look at it afterwards."""

    method: str
    path: str
    params: Thing
    idempotency_key: str | None
    api_key: str

    @property
    def parts(self) -> list[str]:
        """Return the path without its version."""
        return [unquote(part) for part in self.path.removeprefix("/v1/").split("/")]


@frozen
class Answer:
    status: int
    body: Thing


class Refusal(Exception):
    """An error as Stripe tells it; ``members`` are those of its body beside type and message."""

    def __init__(self, status: int, type_: str, message: str, **members: object) -> None:
        super().__init__(message)
        told = {name: value for name, value in members.items() if value is not None}
        self.answer = Answer(status, {"error": {"type": type_, "message": message, **told}})


def invalid(message: str, code: str | None = None, param: str | None = None) -> Refusal:
    return Refusal(400, "invalid_request_error", message, code=code, param=param)


def missing(what: str, id_: str, param: str = "id") -> Refusal:
    status = 404 if param == "id" else 400
    message = f"No such {what}: '{id_}'"
    return Refusal(status, "invalid_request_error", message, code="resource_missing", param=param)


def nested(form: str) -> Thing:
    """Read ``a[b]=c`` as an object in an object; a list stays an object with numbers as names."""
    params: Thing = {}
    for name, value in parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form)):
        *outer, last = _PART.findall(name)
        place = params
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return params


class WireServer(ThreadingHTTPServer):
    """Serves ``answer``, which returns ``None`` where nothing is ever to be answered."""

    daemon_threads = False  # so that leaving waits for them

    def __init__(self, answer: Callable[[Request], Answer | None]) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.answer = answer

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    """Each answer closes its connection: none is left open when a test ends."""

    server: WireServer
    wbufsize = -1  # head and body in one packet

    def do_GET(self) -> None:
        self._serve(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _serve(self, form: str) -> None:
        request = Request(
            self.command,
            urlsplit(self.path).path,
            nested(form),
            self.headers.get("Idempotency-Key"),
            self.headers.get("Authorization", "").removeprefix("Bearer "),
        )
        answer = self.server.answer(request)
        if answer is not None:
            self._tell(answer.status, answer.body)

    def _tell(self, status: int, body: Mapping[str, object]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Request-Id", "req_stand_in")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass
