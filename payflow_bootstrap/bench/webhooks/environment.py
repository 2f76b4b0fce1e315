"""What the figures of webhooks are measured on: a server, a sink, and a partner with wallets."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import psycopg
from attrs import field, frozen

from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_bootstrap.bench.api import HOST, free_port, settings_for
from payflow_bootstrap.bench.environment import Tell, checkpoint, open_wallets
from payflow_bootstrap.bench.load import Target
from payflow_bootstrap.bench.pgbench import BenchError
from payflow_bootstrap.containers import Core
from payflow_bootstrap.programs import program
from payflow_domain.access.permissions import Actor
from payflow_domain.ledger.batch import Executed, Request
from payflow_domain.ledger.transactions import Unit
from payflow_domain.money import Money
from payflow_domain.wallets.movements import book_transfer
from payflow_domain.webhooks.endpoints import NewEndpoint

EVENTS_OF_A_TRANSFER = 3
_SINK = "payflow_bootstrap.bench.webhooks.sink"
_POSTER = "payflow_bootstrap.bench.webhooks.poster"
_START_TIMEOUT_S = 10
_AT_A_TIME = 250


@frozen
class Sink:
    """The endpoint that takes everything."""

    url: str

    def taken(self) -> int:
        """Count the posts that came."""
        with urllib.request.urlopen(self.url, timeout=_START_TIMEOUT_S) as answer:  # noqa: S310  # our own
            return int(answer.read())

    def posts_by_bare_loop(self, under_way: int, seconds: int, size: int) -> float:
        """Return how many posts a second a bare aiohttp loop makes."""
        command = [sys.executable, "-m", _POSTER, self.url, *map(str, (under_way, seconds, size))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        return float(done.stdout)


@frozen
class Post:
    """All of it, ready to be measured."""

    url: str = field(repr=False)
    core: Core = field(repr=False)
    actor: Actor
    target: Target
    sink: Sink
    environment: dict[str, str] = field(repr=False)

    def subscribe(self, *paths: str) -> list[str]:
        """Make endpoints at the sink, of all events from now on; return their ids."""
        made = []
        for path in paths:
            new = NewEndpoint(f"{self.sink.url}{path}")
            endpoint = self.core.webhooks().create(self.actor, new, None)
            made.append(str(getattr(endpoint, "id", "")))
        return made

    def unsubscribe(self, endpoints: Sequence[str]) -> None:
        for endpoint_id in endpoints:
            self.core.webhooks().remove(self.actor, endpoint_id)

    def transfer(self, count: int) -> None:
        """Book so many transfers, which are three events each."""
        wallets = self.target.wallets.read_text().split()
        units: list[Unit] = [
            book_transfer(wallets[n % 50], wallets[50 + n % 50], Money(1, "EUR"))
            for n in range(count)
        ]
        for start in range(0, count, _AT_A_TIME):
            part = tuple(units[start : start + _AT_A_TIME])
            (result,) = self.core.ledgers().execute([Request(self.actor.ledger_id, part)])
            if not isinstance(result, Executed):
                raise BenchError(f"The transfers could not be booked: {result!r}")

    @contextmanager
    def worker(self) -> Iterator[None]:
        with program("worker", self.environment):
            yield

    @contextmanager
    def api(self) -> Iterator[None]:
        with program("serve", self.environment) as api:
            api.await_ready(self.target.url, Event())
            yield


@contextmanager
def prepared(tell: Tell) -> Iterator[Post]:
    """Start everything in a temporary directory, and in the end leave nothing behind."""
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="payflow-bench-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        tell("Starting PostgreSQL")
        server = stack.enter_context(EmbeddedServer.start(directory / "postgres"))
        server.create_database("payflow")
        url, wallets = server.url("payflow"), directory / "wallets"
        migrate(url)
        key = open_wallets(url, wallets)
        checkpoint(server)
        core = Core(database_url=url, loopback_open=True)
        stack.callback(core.database().close)
        port = free_port()
        environment = {**os.environ, **settings_for(url, port), "PAYFLOW_WEBHOOK_LOOPBACK": "on"}
        yield Post(
            url,
            core,
            core.access().authenticate(key),
            Target(f"http://{HOST}:{port}", key, wallets),
            stack.enter_context(_sink()),
            environment,
        )


@contextmanager
def _sink() -> Iterator[Sink]:
    port = free_port()
    sink = Sink(f"http://{HOST}:{port}/")
    with subprocess.Popen([sys.executable, "-m", _SINK, str(port)]) as process:  # noqa: S603  # our own
        try:
            _await(sink)
            yield sink
        finally:
            process.kill()


def _await(sink: Sink) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            sink.taken()
        except OSError:
            if time.monotonic() > deadline:
                raise BenchError("The sink did not start.") from None
            time.sleep(0.05)
        else:
            return


def query(url: str, statement: str, *values: object) -> tuple[float, ...]:
    """Return the one row of a query."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute(statement, values).fetchone()
    return tuple(float(value or 0) for value in row) if row else ()
