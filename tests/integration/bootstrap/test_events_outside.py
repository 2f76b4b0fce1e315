"""Events on their way out of a real ``payflow dev``: triggered, listened to, and mirrored."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from attrs import frozen
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from payflow_bootstrap.commands.trigger import trigger
from payflow_domain.ledger.journal import EventType
from tests.builders.development import Development, developing
from tests.builders.http_client import HOST, Json
from tests.builders.processes import environment, eventually, free_port, payflow
from tests.builders.webhook_examples import EXAMPLES

STOP_SECONDS_MAX = 10
ARRIVED_SECONDS_MAX = 30


@frozen
class Heard:
    """What came of triggering each event, and who heard of it."""

    dev: Development
    results: dict[EventType, Result]
    mirror_url: str
    listen_log: Path
    received: list[tuple[dict[str, str], bytes]]
    endpoint_id: str


@contextmanager
def running(log: Path, *command: str | Path, **variables: str) -> Iterator[None]:
    """Run a command until the block is left; what it prints goes to ``log``."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own command
            command, env=environment(**variables), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)


@contextmanager
def taking(received: list[tuple[dict[str, str], bytes]]) -> Iterator[str]:
    """Take requests until the block is left; yields where."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Taking) as server:
        threading.Thread(target=server.serve_forever, args=[0.05]).start()
        try:
            yield f"http://localhost:{server.server_port}/hook"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """Trigger every event once, beside ``payflow listen`` and the mirror of the docs."""
    folder = tmp_path_factory.mktemp("outside")
    mirror_url, listen_log, mirror_log = (
        f"http://{HOST}:{free_port()}/",
        *(folder / name for name in ("listen.log", "mirror.log")),
    )
    received: list[tuple[dict[str, str], bytes]] = []
    with developing(folder / "data", free_port()) as dev, taking(received) as url:
        # What happened before the endpoint was made no webhook tells of.
        assert run_trigger(dev, EventType.WALLET_DEBITED).exit_code == 0
        with closing(dev.client()) as client:
            endpoint = client.post("/webhook-endpoints", {"url": mirror_url}).json
        listen = payflow("listen", f"--forward-to={url}", f"--data-dir={dev.data_dir}")
        base_url, port = dev.facts["baseUrl"], mirror_url[:-1].rpartition(":")[2]
        mirror = (sys.executable, EXAMPLES / "mirror.py", base_url, port)
        keys = {"WEBHOOK_SECRET": endpoint["secret"], "PAYFLOW_API_KEY": dev.facts["apiKey"]}
        with running(listen_log, *listen, "--after=0"), running(mirror_log, *mirror, **keys):
            assert eventually(lambda: "Listening" in mirror_log.read_text()), mirror_log.read_text()
            results = {event: run_trigger(dev, event) for event in EventType}
            assert eventually(lambda: is_at_rest(dev))
            yield Heard(dev, results, mirror_url, listen_log, received, endpoint["id"])


def run_trigger(dev: Development, event: EventType) -> Result:
    return CliRunner().invoke(trigger, [event.value, f"--data-dir={dev.data_dir}"])


def is_at_rest(dev: Development) -> bool:
    """Tell whether nothing is pending, so that no more events come."""
    with closing(dev.client()) as client:
        return not client.get("/transactions?status=pending").json["data"]


def feed_of(dev: Development) -> list[Json]:
    """Return all events so far."""
    found: list[Json] = []
    with closing(dev.client()) as client:
        while True:
            page = client.get(f"/events?limit=100&after={len(found)}").json
            found += page["data"]
            if not page["hasMore"]:
                return found


def balances_of(dev: Development) -> Json:
    """Return the balance of every wallet, as the API tells it."""
    with closing(dev.client()) as client:
        page = client.get("/wallets?limit=100").json
    assert not page["hasMore"]
    return {each["id"]: each["balance"] for each in page["data"]}


@pytest.mark.parametrize("event", EventType)
def test_every_event_can_be_triggered_and_is_in_the_feed(heard: Heard, event: EventType) -> None:
    ran = heard.results[event]

    assert ran.exit_code == 0, ran.output
    type_, id_, *_ = next(
        line for line in ran.output.splitlines() if line.startswith(event)
    ).split()
    assert (type_, id_) in {(each["event"], each["id"]) for each in feed_of(heard.dev)}


def test_listen_brings_every_event_as_it_is_in_the_feed(heard: Heard) -> None:
    # More may come meanwhile: a payout can be sent back later.
    feed = feed_of(heard.dev)
    count = len(feed)

    def log() -> list[str]:
        return heard.listen_log.read_text().splitlines()

    assert eventually(lambda: len(log()) >= 2 + count, ARRIVED_SECONDS_MAX)

    _, secret, *lines = log()
    told = [Webhook(secret).verify(body, headers) for headers, body in heard.received]
    assert told[:count] == feed
    assert {line.split()[-1] for line in lines[:count]} == {"204"}
    assert [line.split()[2] for line in lines[:count]] == [event["id"] for event in feed]


def test_the_mirror_ends_with_exactly_our_balances(heard: Heard) -> None:
    def told() -> Json:
        mirrored: Json = requests.get(heard.mirror_url, timeout=5).json()
        return mirrored

    def is_the_same() -> bool:
        through, balances = len(feed_of(heard.dev)), balances_of(heard.dev)
        return told() == {"through": through, "balances": balances, "hasGap": False}

    assert eventually(is_the_same, ARRIVED_SECONDS_MAX), told()


def test_what_the_mirror_got_was_delivered_by_webhook(heard: Heard) -> None:
    path = f"/webhook-endpoints/{heard.endpoint_id}/deliveries?status=delivered&limit=100"
    feed = feed_of(heard.dev)

    def delivered() -> dict[int, str]:
        with closing(heard.dev.client()) as client:
            found = client.get(path).json["data"]
        return {each["sequence"]: each["eventId"] for each in found}

    def expected(first: int) -> dict[int, str]:
        return {each["sequence"]: each["id"] for each in feed if each["sequence"] >= first}

    def is_all_there() -> bool:
        found = delivered()
        return bool(found) and expected(min(found)).items() <= found.items()

    assert eventually(is_all_there, ARRIVED_SECONDS_MAX), delivered()
    assert len(delivered()) > len(EventType)
