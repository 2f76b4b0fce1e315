"""What the figures are measured on: a server of its own with two databases, and the API."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
from attrs import frozen

from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_bootstrap.bench import pgbench
from payflow_bootstrap.bench.api import HOST, serving, serving_bare
from payflow_bootstrap.bench.load import Target
from payflow_bootstrap.bench.pgbench import BenchError
from payflow_bootstrap.containers import Core
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ledger.batch import Executed, Replayed, Request
from payflow_domain.money import Money
from payflow_domain.wallets.model import NewWallet
from payflow_domain.wallets.movements import book_credit

WALLETS = 1_000
FUNDS = 10**12
_REST_TIMEOUT_S = 30
_REST_S = 0.2
_EVENTS_OF_A_TRANSFER = 3
_MEGABYTE = 1_000_000

_LOOK = """
    SELECT sum(sequence)::bigint, (
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start IS NOT NULL
    )
    FROM ledgers
"""

Tell = Callable[[str], None]


@frozen
class Bench:
    """Both programs, ready to be measured."""

    pgbench_url: str
    payflow_url: str
    target: Target
    bare_target: Target
    api_pid: int

    def booked(self) -> int:
        """Count the transfers in the journal, once none is under way."""
        deadline = time.monotonic() + _REST_TIMEOUT_S
        with psycopg.connect(self.payflow_url, autocommit=True, connect_timeout=10) as connection:
            before, (now, under_way) = -1, _look(connection)
            while (under_way or before != now) and time.monotonic() < deadline:
                time.sleep(_REST_S)
                before, (now, under_way) = now, _look(connection)
        return now // _EVENTS_OF_A_TRANSFER

    def memory(self) -> dict[str, float]:
        """Return the resident set of each process of the API, in megabytes."""
        arbiter = psutil.Process(self.api_pid)
        shown = {"arbiter": arbiter.memory_info().rss / _MEGABYTE}
        for number, worker in enumerate(arbiter.children(recursive=True), 1):
            shown[f"worker {number}"] = worker.memory_info().rss / _MEGABYTE
        return shown


@contextmanager
def prepared(tell: Tell) -> Iterator[Bench]:
    """Start everything in a temporary directory, and in the end leave nothing behind."""
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="payflow-bench-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        tell("Starting PostgreSQL")
        server = stack.enter_context(EmbeddedServer.start(directory / "postgres"))
        tell(f"Filling pgbench's tables at scale {pgbench.SCALE}")
        server.create_database("pgbench")
        pgbench.initialise(server.url("pgbench"))
        tell(f"Opening {WALLETS:,} wallets")
        server.create_database("payflow")
        url = server.url("payflow")
        migrate(url)
        wallets = directory / "wallets"
        api_key = open_wallets(url, wallets)
        checkpoint(server)
        port, pid = stack.enter_context(serving(url))
        target = Target(f"http://{HOST}:{port}", api_key, wallets)
        bare_port = stack.enter_context(serving_bare(url, api_key))
        bare_target = Target(f"http://{HOST}:{bare_port}", api_key, wallets)
        yield Bench(server.url("pgbench"), url, target, bare_target, pid)


def _look(connection: psycopg.Connection) -> tuple[int, int]:
    """Return the number of events, and of database transactions under way."""
    row = connection.execute(_LOOK).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def open_wallets(url: str, file: Path) -> str:
    """Take in a partner and fund its wallets; write their ids to ``file``, and return a key."""
    core = Core(database_url=url)
    try:
        _, ledger = core.partners().approve("Bench")
        key, secret = core.access().issue_key(ledger, "bench", ALL_PERMISSIONS)
        ids = [_open_wallet(core, key.actor, f"Wallet {number}") for number in range(WALLETS)]
        funding = (book_credit(wallet_id, Money(FUNDS, "EUR")) for wallet_id in ids)
        request = Request(ledger.id, tuple(funding))
        (result,) = core.ledgers().execute([request])
        if not isinstance(result, Executed):
            raise BenchError(f"The wallets could not be funded: {result!r}")
    finally:
        core.database().close()
    file.write_text("\n".join(ids))
    return secret


def _open_wallet(core: Core, actor: Actor, name: str) -> str:
    opened = core.wallets().create(actor, NewWallet(name, "EUR"))
    if isinstance(opened, Replayed):
        raise BenchError("A wallet was opened twice.")
    return opened.id


def checkpoint(server: EmbeddedServer) -> None:
    """Write out what filling the tables left, so that no figure pays for it."""
    url = server.url("postgres", "postgres")
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("CHECKPOINT")
