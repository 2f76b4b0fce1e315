"""A partner's endpoint that keeps what it is told, and notices what should not be."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from attrs import define, field

from tests.builders.http_client import HOST

_TAKES_S = 0.002


@define(eq=False)
class Subscriber:
    """Everything that came to ``url``, in the order of its arrival.

    ``overlapping`` has the ids of events that came while the same one was being taken.
    ``answer`` says what is answered to an event of that sequence.
    """

    url: str = ""
    answer: Callable[[int], int] = field(default=lambda _: HTTPStatus.NO_CONTENT)
    bodies: list[bytes] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)
    overlapping: list[str] = field(factory=list)
    _being_taken: set[str] = field(factory=set)
    _lock: Lock = field(factory=Lock)

    @property
    def sequences(self) -> list[int]:
        with self._lock:
            return [int(json.loads(body)["sequence"]) for body in self.bodies]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        message_id = headers["webhook-id"]
        with self._lock:
            if message_id in self._being_taken:
                self.overlapping.append(message_id)
            self._being_taken.add(message_id)
        time.sleep(_TAKES_S)
        status = self.answer(int(json.loads(body)["sequence"]))
        with self._lock:
            self._being_taken.discard(message_id)
            self.headers.append(headers)
            self.bodies.append(body)
        return status


@contextmanager
def subscribing(
    answer: Callable[[int], int] = lambda _: HTTPStatus.NO_CONTENT,
) -> Iterator[Subscriber]:
    """Listen until the block is left."""
    subscriber = Subscriber(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = subscriber.take(headers, body)
            self.send_response(status)
            if status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: object) -> None:
            """Say nothing of callers who were killed."""

    with Server((HOST, 0), Handler) as server:
        subscriber.url = f"http://{HOST}:{server.server_port}/events"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield subscriber
        server.shutdown()
        thread.join()
