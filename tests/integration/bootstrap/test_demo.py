"""``payflow demo`` against the real API, and against one that does not keep its books."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

from click.testing import CliRunner, Result

from payflow_bootstrap.commands.demo import demo
from tests.builders.api_server import Partner
from tests.builders.http_client import HOST


def play(base_url: str, api_key: str) -> Result:
    return CliRunner().invoke(demo, [f"--base-url={base_url}", f"--api-key={api_key}"])


@contextmanager
def careless_api() -> Iterator[str]:
    """An API that says yes to everything and moves nothing."""
    numbers = count(1)

    class Careless(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_GET(self) -> None:
            self._answer(200, {"posted": 0, "pending": 0, "available": 0, "sequence": 1})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(201, {"id": f"wal_{next(numbers)}", "status": "completed"})

        def _answer(self, status: int, value: dict[str, object]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Careless) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


def test_it_can_be_played_again_and_again(partner: Partner) -> None:
    for _ in range(2):
        played = play(f"http://{HOST}:{partner.client.port}", str(partner.client.key))

        assert played.exit_code == 0, played.output
        assert "Ada gets the pot of 400.00 EUR" in played.output
        assert "Idempotent-Replayed: true" in played.output
        assert "insufficient_funds" in played.output
        assert "Every balance was right" in played.output


def test_a_balance_that_is_off_ends_it() -> None:
    with careless_api() as base_url:
        played = play(base_url, "sk_test_pf_any")

    assert played.exit_code == 1
    assert "PayFlow is off. Ada (wal_2): the balance is" in played.output


def test_an_api_that_does_not_answer_is_not_off() -> None:
    played = play(f"http://{HOST}:9", "sk_test_pf_any")

    assert played.exit_code == 2
    assert "payflow dev" in played.output
