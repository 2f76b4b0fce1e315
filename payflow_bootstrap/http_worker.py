"""HTTP in each worker process of gunicorn: uvicorn's, with bounds of our own."""

import logging
import os
import signal
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn_worker import UvicornWorker

from payflow_bootstrap.joining import JoiningTransport
from payflow_http.incoming import body_too_large, is_too_long
from payflow_http.observing import REQUEST_ID, new_request_id
from payflow_http.problems import MEDIA_TYPE, Problem

HEAD_BYTES_MAX = 32_768
_VERSIONS = frozenset({"1.0", "1.1"})

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class _Refused(Exception):
    """Stops the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses what is not HTTP, what is too long, and what takes too long to arrive.

    uvicorn bounds none of these with httptools. The refusals are problems, as all others are, and
    requests that came before what is refused are answered first: they took effect. What is behind
    it is not read as HTTP any more.
    """

    transport: JoiningTransport

    request_seconds_max: ClassVar[float] = 30
    """How long a request may take to arrive, and how long its answer may be left unread."""

    stop_seconds_max: ClassVar[float] = 3
    """How long a request may take to be answered once the server is to stop."""

    _head_bytes: int | None = None
    """How much there is of a head, or of trailers, while they arrive."""

    _new_bytes = 0
    _has_begun = False
    _is_arriving = True
    _is_in_body = False
    _deadline: TimerHandle | None = None
    _unread: TimerHandle | None = None
    _refusal: Problem | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(JoiningTransport(transport, self.loop))
        self._expect_the_rest()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self._stop_minding()
        self.transport.lost()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        self.transport.close()

    def pause_writing(self) -> None:
        """Mind that a caller does not read what it asked for."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.request_seconds_max, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_minding()
        super().resume_writing()

    def _stop_minding(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None or self.transport.is_closing():
            return
        self._new_bytes = len(data)
        self._parse(data)
        if self._head_bytes is not None:
            self._head_bytes += self._new_bytes
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(_head_too_large())
        if not self._is_arriving or self._refusal is not None:
            self._forget_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            # Most requests arrive whole and need no timer.
            self._expect_the_rest()

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                # We speak nothing else, so HTTP goes on behind it (RFC 9110, section 7.8).
                data = data[upgrade.args[0] :]
            except HttpParserError:
                self._refuse(_not_http())
                return
            else:
                return

    def on_message_begin(self) -> None:
        # Empty lines between requests do not keep a connection open.
        self._unset_keepalive_if_required()
        self._has_begun = True
        self._head_bytes = 0
        self._is_arriving, self._is_in_body = True, False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        if (refusal := self._refusal_of_head()) is not None:
            self._refuse(refusal)
            raise _Refused
        super().on_headers_complete()
        self._is_in_body = True

    def _refusal_of_head(self) -> Problem | None:
        """Tell why a head, all of which is there, is not followed further."""
        headers = self.headers
        if len(self.url) + sum([len(one) + len(of) for one, of in headers]) > HEAD_BYTES_MAX:
            return _head_too_large()
        names, version = [name for name, _ in headers], self.parser.get_http_version()
        # RFC 9112, section 3.2, has these refused, so that all on the way read the same host.
        hosts = names.count(b"host")
        if version not in _VERSIONS or hosts > 1 or (not hosts and version == "1.1"):
            return _not_http()
        if b"transfer-encoding" in names:
            coding = headers[names.index(b"transfer-encoding")][1]
            return None if coding.strip().lower() == b"chunked" else _not_http()
        if b"content-length" in names and is_too_long(headers[names.index(b"content-length")][1]):
            return body_too_large()
        return None

    def on_chunk_header(self) -> None:
        """Count from here: behind the last chunk are trailers."""
        self._head_bytes = self._new_bytes = 0

    def on_body(self, body: bytes) -> None:
        self._head_bytes = None
        super().on_body(body)

    def on_message_complete(self) -> None:
        # How much of the data is behind this message is not told.
        self._head_bytes, self._new_bytes = None, 0
        self._is_arriving = self._is_in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._refusal is not None and not self.pipeline:
            self._answer(self._refusal)
        super().on_response_complete()

    def shutdown(self) -> None:
        """End as soon as what was asked is answered; in the end without an answer.

        uvicorn would wait a little longer, and then say 500 of what may still be committed.
        """
        super().shutdown()
        self.loop.call_later(self.stop_seconds_max, self.transport.close)

    def _refuse(self, problem: Problem) -> None:
        """Refuse what is arriving, once all that arrived before it is answered."""
        if self._refusal is not None:
            return
        self._refusal = problem
        if self._is_in_body and self.pipeline:
            # What is refused is the body of a request that waits for those before it.
            self.pipeline.popleft()
        elif not self._is_answering():
            self._answer(problem)

    def _is_answering(self) -> bool:
        """Tell whether a request that arrived whole is without an answer."""
        last: RequestResponseCycle | None = getattr(self, "cycle", None)
        return last is not None and not (last.more_body or last.response_complete)

    def _answer(self, refusal: Problem) -> None:
        """Say why, unless the request had an answer before all of it was there; then no more."""
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)
        if cycle is not None and not cycle.response_complete:
            # Nobody is to wait for the rest of its body.
            cycle.disconnected = True
            cycle.message_event.set()
        if not (cycle is not None and self._is_in_body and cycle.response_started):
            self.transport.write(_answer_with(refusal))
        self.flow.resume_reading()
        self.transport.finish()

    def _expect_the_rest(self) -> None:
        self._deadline = self.loop.call_later(self.request_seconds_max, self._stop_waiting)

    def _stop_waiting(self) -> None:
        if self._has_begun:
            self._refuse(_timed_out())
        else:
            # Not a byte of a request came, so there is nobody to tell.
            self.transport.close()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _answer_with(refusal: Problem) -> bytes:
    request_id = new_request_id()
    _logger.info("request_refused", request_id=request_id, status=refusal.status, code=refusal.code)
    body = refusal.body(request_id)
    head = (
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        f"{REQUEST_ID.lower()}: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return bytes(STATUS_LINE[refusal.status] + head.encode() + body)


class HttpWorker(UvicornWorker):  # type: ignore[misc]  # uvicorn_worker ships no types
    """One process that serves the application."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "http": BoundedProtocol,
        "loop": "uvloop",
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": BoundedProtocol.stop_seconds_max,
        "timeout_notify": 1,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as gunicorn's workers have it
        super().__init__(*args, **kwargs)
        # What uvicorn_worker takes from it are gunicorn's handlers, of which there are none.
        logging.getLogger("uvicorn.error").propagate = True

    async def callback_notify(self) -> None:
        """Tell the arbiter, once a second, that all is well; without an arbiter, end."""
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)
        self.notify()


def _not_http() -> Problem:
    detail = (
        "This is not a request in HTTP/1.1; check the request line, the headers and the framing."
    )
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_http", detail)


def _head_too_large() -> Problem:
    detail = f"The request line and the headers have at most {HEAD_BYTES_MAX} bytes together."
    return Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", detail)


def _timed_out() -> Problem:
    seconds = BoundedProtocol.request_seconds_max
    detail = f"A request has to arrive whole within {seconds} seconds; it had no effect."
    return Problem(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", detail)
