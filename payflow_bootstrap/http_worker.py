"""HTTP in each worker process of gunicorn: uvicorn's, with bounds of our own."""

import os
import signal
from asyncio import AbstractEventLoop, TimerHandle, Transport
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn_worker import UvicornWorker

from payflow_http.observing import REQUEST_ID, new_request_id
from payflow_http.problems import MEDIA_TYPE, Problem

HEAD_BYTES_MAX = 32_768


class _JoiningTransport(Transport):
    """Joins what is written in one turn of the event loop: an answer's head and its body."""

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - asyncio's signature
        return self._transport.get_extra_info(name, default)


class _TooLarge(Exception):
    """Stops the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses what is not HTTP, too long a head, and a request that takes too long to arrive.

    uvicorn bounds none of these with httptools. The refusals are problems, as all others are, and
    requests that came before what is refused are answered first: they took effect.
    """

    request_seconds_max: ClassVar[float] = 30
    """How long a request may take to arrive, from its first byte to its last."""

    stop_seconds_max: ClassVar[float] = 3
    """How long a request may take to be answered once the server is to stop."""

    _head_bytes: int | None = None
    """How much there is of a head, or of trailers, while they arrive."""

    _new_bytes = 0
    _is_arriving = True
    _deadline: TimerHandle | None = None
    _refusal: Problem | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(_JoiningTransport(transport, self.loop))
        self._deadline = self.loop.call_later(self.request_seconds_max, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._new_bytes = len(data)
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += self._new_bytes
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(_head_too_large())
        if not self._is_arriving:
            self._forget_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            # Most requests arrive whole and need no timer.
            self._deadline = self.loop.call_later(self.request_seconds_max, self.transport.close)

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._is_arriving = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        if len(self.url) + sum([len(one) + len(of) for one, of in self.headers]) > HEAD_BYTES_MAX:
            self._refuse(_head_too_large())
            raise _TooLarge
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Count from here: behind the last chunk are trailers."""
        self._head_bytes = self._new_bytes = 0

    def on_body(self, body: bytes) -> None:
        self._head_bytes = None
        super().on_body(body)

    def on_message_complete(self) -> None:
        # How much of the data is behind this message is not told.
        self._head_bytes, self._new_bytes = None, 0
        self._is_arriving = False
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

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        self._refuse(_not_http())

    def _refuse(self, problem: Problem) -> None:
        """Refuse what is arriving, once all that arrived before it is answered."""
        if self._refusal is not None:
            return
        self._refusal = problem
        if self.pipeline and self.cycle.more_body:
            # What is refused is the body of a request that waits for those before it.
            self.pipeline.popleft()
        elif not self._is_answering():
            self._answer(problem)

    def _is_answering(self) -> bool:
        """Tell whether a request that arrived whole is without an answer."""
        last: RequestResponseCycle | None = getattr(self, "cycle", None)
        return last is not None and not (last.more_body or last.response_complete)

    def _answer(self, refusal: Problem) -> None:
        request_id = new_request_id()
        body = refusal.body(request_id)
        head = (
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"{REQUEST_ID.lower()}: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[refusal.status] + head.encode() + body)
        self.transport.close()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


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
