"""A small HTTP client for tests: one connection, kept open, nothing retried."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import orjson
from attrs import Factory, define, field, frozen

HOST = "127.0.0.1"
BASE = "/api/v1"
# A busy machine may stop a server for half a minute; nothing here takes nearly as long.
TIMEOUT_S = 90

Json = dict[str, Any]


@frozen
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Json:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def code(self) -> str | None:
        """The code of a problem."""
        return self.json.get("code")

    @property
    def outcome(self) -> tuple[int, str | None]:
        return self.status, self.code

    @property
    def is_replayed(self) -> bool:
        return self.headers["Idempotent-Replayed"] == "true"


@frozen
class Chunks:
    """A body that is sent in pieces, without its length."""

    pieces: Sequence[bytes]


@define
class Client:
    """A caller of the API, with a key or without one; ``own`` headers go with every request."""

    port: int
    key: str | None = field(default=None, repr=False)
    own: Mapping[str, str] = field(default=Factory(dict), repr=False)
    _connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Answer:
        return self.send("GET", BASE + path)

    def post(self, path: str, body: object = None, key: str | None = None) -> Answer:
        """Post ``body``: bytes as they are, None as nothing, anything else as JSON."""
        return self.send("POST", BASE + path, body, idempotency(key))

    def patch(self, path: str, body: object) -> Answer:
        return self.send("PATCH", BASE + path, body)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> Answer:
        """Send a request; raises what ``http.client`` raises where no answer comes."""
        content = iter(body.pieces) if isinstance(body, Chunks) else _content(body)
        sent = self._headers(content, headers or {})
        try:
            connection = self._connect()
            # A server may answer before it has all of a request, and read no more of it.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, content, sent)
            return _answer(connection)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def begin(self, method: str, path: str, body: object, key: str | None = None) -> bytes:
        """Send all of a request but its last byte, and return that."""
        content = _content(body) or b""
        connection = self._connect()
        connection.putrequest(method, BASE + path)
        for name, value in self._headers(content, idempotency(key)).items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content[:-1])
        return content[-1:]

    def finish(self, last: bytes) -> None:
        """Send what is left of a request that was begun."""
        self._connect().send(last)

    def answer(self) -> Answer:
        """Wait for the answer to a request that was begun and finished."""
        return _answer(self._connect())

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT_S)
        return self._connection

    def _headers(
        self, content: object, headers: Mapping[str, str | bytes]
    ) -> dict[str, str | bytes]:
        own: dict[str, str | bytes] = {**self.own}
        if self.key is not None:
            own["Authorization"] = f"Bearer {self.key}"
        if content is not None:
            own["Content-Type"] = "application/json"
        return own | dict(headers)


@frozen
class Call:
    """A POST to be sent together with others."""

    path: str
    body: object
    idempotency_key: str | None = None


@contextmanager
def connected(clients: Sequence[Client]) -> Iterator[Sequence[Client]]:
    """Open the connection of each client, and close it in the end."""
    with ExitStack() as opened:
        for client in clients:
            opened.callback(client.close)
            client.send("GET", "/health")
        yield clients


def simultaneously(clients: Sequence[Client], calls: Sequence[Call]) -> list[Answer]:
    """Send each call over a connection of its own, and all of them at one moment.

    The server has all but the last byte of every call before any last byte is sent.
    """
    pairs = list(zip(clients, calls, strict=True))
    begun = [
        (client, client.begin("POST", call.path, call.body, call.idempotency_key))
        for client, call in pairs
    ]
    for client, last in begun:
        client.finish(last)
    return [client.answer() for client in clients]


def idempotency(key: str | None) -> dict[str, str | bytes]:
    return {} if key is None else {"Idempotency-Key": key}


def _content(body: object) -> bytes | None:
    return body if body is None or isinstance(body, bytes) else orjson.dumps(body)


def _answer(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())
