"""An API that answers as a test says, for what is to find fault with it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.builders.http_client import HOST, Json

Script = Callable[[str, str], tuple[int, Json]]
"""Returns status and body of the answer to a method and a path."""


@contextmanager
def scripted_api(script: Script) -> Iterator[str]:
    """Serve ``script`` until the block is left; yields the address before ``/api/v1``."""

    class Scripted(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer("POST")

        def _answer(self, method: str) -> None:
            status, value = script(method, self.path.removeprefix("/api/v1"))
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Scripted) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
