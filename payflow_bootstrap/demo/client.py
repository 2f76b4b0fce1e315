"""A partner's side of the REST API, with nothing but the standard library."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from attrs import define, field, frozen

TIMEOUT_S = 30
_JSON = {"Content-Type": "application/json"}
_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}

Json = dict[str, Any]


class Unreachable(Exception):
    """The API does not answer within ``TIMEOUT_S``, or not in HTTP and JSON."""


@frozen
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as a JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Unreachable(f"The answer should be a JSON object, and is {self.body[:80]!r}.")
        return value


def new_key() -> str:
    """Make an idempotency key: one for each thing to be done, however often it is asked for."""
    return str(uuid4())


@define
class Client:
    """One connection, kept open.

    ``base_url`` is what comes before ``/api/v1``. Every call raises ``Unreachable``.
    """

    base_url: str
    api_key: str = field(repr=False)
    _connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Json, key: str) -> Answer:
        headers = {**_JSON, "Idempotency-Key": key}
        return self._send("POST", path, json.dumps(body).encode(), headers)

    def patch(self, path: str, body: Json) -> Answer:
        return self._send("PATCH", path, json.dumps(body).encode(), _JSON)

    def delete(self, path: str) -> Answer:
        return self._send("DELETE", path, None, {})

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        base, headers = (
            urlsplit(self.base_url),
            {**headers, "Authorization": f"Bearer {self.api_key}"},
        )
        try:
            connection = self._connect()
            connection.request(method, f"{base.path.rstrip('/')}/api/v1{path}", body, headers)
            answer = connection.getresponse()
            sent = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, sent, answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(f"{self.base_url} does not answer: {error!r}.") from error

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None:
            base = urlsplit(self.base_url)
            kind = _CONNECTIONS.get(base.scheme)
            if kind is None or not base.hostname:
                raise Unreachable(f"{self.base_url!r} is no http:// or https:// address.")
            self._connection = kind(base.hostname, base.port, timeout=TIMEOUT_S)
        return self._connection
