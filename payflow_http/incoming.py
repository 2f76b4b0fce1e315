"""A request, and its body read once, whole and within bounds."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from string import printable
from typing import Any
from urllib.parse import quote_from_bytes, unquote

import falcon
import falcon.asgi
from falcon.request import RequestOptions

from payflow_domain.access.permissions import Actor
from payflow_http.codec import Document, decode
from payflow_http.problems import Fault, Problem, malformed, unknown_parameter
from payflow_http.structuring import Body, structure

BODY_BYTES_MAX = 2**20
_JSON = "application/json"
_CHARSET = "utf-8"
_IDENTITY = b"identity"

_Event = Mapping[str, Any]
_Receive = Callable[[], Awaitable[_Event]]
_DIGITS_MAX = 18


class ApiRequest(falcon.asgi.Request):
    """A request with its id.

    ``document`` is its body once that was read, so that an error can point into it. ``actor``
    is who asks with an API key, as soon as that is known. ``rate_limit``
    and ``rate_limit_policy`` are what its answer is to tell of limits.
    """

    def __init__(
        self,
        scope: dict[str, Any],
        receive: _Receive,
        first_event: _Event | None = None,
        options: RequestOptions | None = None,
    ) -> None:
        query = scope["query_string"]
        if not query.isascii():
            # Falcon would fail on what is not UTF-8 before it could answer with a problem.
            scope["query_string"] = quote_from_bytes(query, safe=printable).encode("ascii")
        if "\ufffd" in scope["path"]:
            # The server put that in the place of what is not UTF-8; nothing has a lone surrogate in
            # its name.
            path = scope["raw_path"].decode("ascii")
            scope["path"] = unquote(path, errors="surrogateescape")
        # ASGI allows what can be gone through once only; how often a header is there counts here.
        scope["headers"] = list(scope["headers"])
        super().__init__(scope, receive, first_event, options)

    request_id: str = ""
    started_at: float = 0.0
    document: Document | None = None
    fingerprint: bytes = b""
    actor: Actor | None = None
    rate_limit: str = ""
    rate_limit_policy: str = ""

    @property
    def has_repeated_headers(self) -> bool:
        return len(self._asgi_headers) != len(self.scope["headers"])

    def header(self, name: bytes) -> bytes | None:
        """Return a header by its lower-case name, without the cost of decoding it."""
        return self._asgi_headers.get(name)

    async def read(self, body: type[Body], *, may_be_empty: bool = False) -> Body:
        """Read and structure the body of a request that says nothing in its query.

        Raises a ``Problem``: 413 beyond ``BODY_BYTES_MAX``, 415 for what is not JSON, 400 for
        what is not ``body``, and for a query.
        """
        if self.params:
            raise malformed([unknown_parameter(name) for name in self.params])
        content = await self.read_content()
        # What is asked is the method, the path and the body.
        asked = f"{self.method} {self.path}\n".encode("utf-8", "surrogatepass")
        self.fingerprint = hashlib.sha256(asked + content).digest()
        if not content and may_be_empty:
            return structure({}, body)
        if self.content_type != _JSON:
            self._check_media_type()
        self.document = document = decode(content)
        return structure(document, body)

    async def read_content(self) -> bytes:
        """Return the bytes of the body, all of them.

        Raises a ``Problem``: 413 beyond ``BODY_BYTES_MAX``, 415 where they are encoded.
        """
        if self._asgi_headers.get(b"content-encoding", _IDENTITY).lower() != _IDENTITY:
            raise _encoded()
        length = self._asgi_headers.get(b"content-length")
        if length is not None and is_too_long(length):
            raise body_too_large()
        event = self._first_event or {}
        content: bytes = event.get("body", b"")
        if event.get("more_body"):
            content = await self._read_more(content)
        if len(content) > BODY_BYTES_MAX:
            raise body_too_large()
        return content

    async def _read_more(self, content: bytes) -> bytes:
        chunks, size, more = [content], len(content), True
        while more and size <= BODY_BYTES_MAX:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                # A part of a body must not pass for the whole of it.
                raise malformed([Fault("", "incomplete_body", "The body ended too early.")])
            chunk: bytes = event.get("body", b"")
            chunks.append(chunk)
            size += len(chunk)
            more = event.get("more_body", False)
        return b"".join(chunks)

    def _check_media_type(self) -> None:
        media_type, parameters = falcon.parse_header(self.content_type or "")
        charset = parameters.get("charset", _CHARSET)
        if media_type.lower() != _JSON or charset.lower() != _CHARSET:
            detail = "Send the body as application/json, in UTF-8."
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


def is_too_long(content_length: bytes) -> bool:
    """Tell whether a body of that length, in digits, is more than is read."""
    digits = content_length.lstrip(b"0")
    return digits.isdigit() and (len(digits) > _DIGITS_MAX or int(digits) > BODY_BYTES_MAX)


def body_too_large() -> Problem:
    """Refuse a body of more than ``BODY_BYTES_MAX``."""
    detail = f"A body has at most {BODY_BYTES_MAX} bytes."
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)


def _encoded() -> Problem:
    detail = "Send the body as it is, without a Content-Encoding."
    headers = {"Accept-Encoding": _IDENTITY.decode()}
    status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding"
    return Problem(status, code, detail, headers=headers)
