"""Killing the API and the worker between the gateway and the books: nothing doubled, nothing lost.

``pm_slow`` and ``ba_slow`` take effect at the mock gateway a second before it answers, so that a
kill in that second falls between the gateway's effect and PayFlow's commit.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

import psutil
import psycopg
import pytest
from attrs import frozen
from click.testing import CliRunner

from payflow_adapters.clock import SystemClock
from payflow_adapters.gateways.mock import MockGateway
from payflow_bootstrap.commands.reconcile import reconcile
from payflow_bootstrap.commands.verify import verify
from payflow_domain.payments.gateway import Movement, MovementKind
from tests.builders.development import Development, developing
from tests.builders.http_client import Json
from tests.builders.processes import eventually, free_port, kill_all

KILLS = 10
AT_ONCE = 3
AMOUNT = 1_000
PAID_OUT = 100
LONG = timedelta(days=1)


@frozen
class Place:
    """A running PayFlow, its mock gateway and a wallet."""

    dev: Development
    mock: MockGateway
    wallet: str

    def get(self, path: str) -> Json:
        """Read over a connection of its own: an older one may be to a process that was killed."""
        client = self.dev.client()
        try:
            return client.get(path).json
        finally:
            client.close()

    def moved(self, kind: MovementKind) -> list[Movement]:
        now = datetime.now(UTC)
        return [m for m in self.mock.movements(now - LONG, now + LONG) if m.kind is kind]

    def comes_to(self, kind: MovementKind, count: int) -> bool:
        return eventually(lambda: len(self.moved(kind)) >= count)

    def pending(self) -> list[str]:
        page = self.get("/transactions?status=pending&limit=100")
        return [each["id"] for each in page["data"]]

    def kill(self, command: str) -> None:
        """Kill every process of a ``payflow`` command; ``payflow dev`` starts it again."""
        found = [
            child for child in psutil.Process(self.dev.pid).children() if command in child.cmdline()
        ]
        kill_all([each for one in found for each in [*one.children(recursive=True), one]])

    @contextmanager
    def asking(self, path: str, body: object) -> Iterator[None]:
        """Ask for several payments at once, whatever becomes of the requests."""

        def ask(number: int) -> None:
            client = self.dev.client()
            with suppress(OSError, HTTPException):
                client.post(path, body, f"{datetime.now(UTC)}-{number}")
            client.close()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked: list[Future[None]] = [pool.submit(ask, number) for number in range(AT_ONCE)]
            yield
        assert len(asked) == AT_ONCE

    def is_up(self) -> bool:
        try:
            return "data" in self.get("/wallets")
        except (OSError, HTTPException):
            return False


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data_dir = tmp_path_factory.mktemp("payments") / "data"
    with developing(data_dir, free_port(), PAYFLOW_GATEWAY_ANSWER_SECONDS="5") as dev:
        client = dev.client()
        wallet = client.post("/wallets", {"name": "A wallet", "currency": "EUR"}).json["id"]
        mock = MockGateway(data_dir / "mock-gateway.sqlite3", SystemClock(), "never used to sign")
        client.close()
        yield Place(dev, mock, wallet)
        mock.close()


def test_an_api_killed_after_the_gateway_and_before_the_commit_charges_once(place: Place) -> None:
    body = {"amount": AMOUNT, "currency": "EUR", "paymentMethod": "pm_slow"}
    for number in range(1, KILLS + 1):
        with place.asking(f"/wallets/{place.wallet}/credit", body):
            assert place.comes_to(MovementKind.CHARGE, number * AT_ONCE)
            place.kill("serve")
        assert eventually(place.is_up), place.dev.output

    assert eventually(lambda: place.pending() == []), place.dev.output
    assert len(place.moved(MovementKind.CHARGE)) == KILLS * AT_ONCE
    assert balance(place)["available"] == KILLS * AT_ONCE * AMOUNT
    assert_books_agree(place)


def test_a_worker_killed_before_it_commits_what_it_learned_pays_out_once(place: Place) -> None:
    funds = balance(place)["available"]
    body = {
        "walletId": place.wallet,
        "amount": PAID_OUT,
        "currency": "EUR",
        "destination": "ba_timeout_with_effect",
    }
    for number in range(1, KILLS + 1):
        with ledger_locked_once_paid(place, number), place.asking("/payouts", body):
            pass
        assert eventually(place.is_up), place.dev.output

    assert eventually(lambda: place.pending() == []), place.dev.output
    assert len(place.moved(MovementKind.PAYOUT)) == KILLS * AT_ONCE
    assert balance(place)["available"] == funds - KILLS * AT_ONCE * PAID_OUT
    assert_books_agree(place)


@contextmanager
def ledger_locked_once_paid(place: Place, number: int) -> Iterator[None]:
    """Keep the worker from committing what the gateway did meanwhile, and kill it there."""
    yield
    with psycopg.connect(place.dev.facts["databaseUrl"]) as connection:
        connection.execute("SELECT FROM ledgers FOR UPDATE")
        assert place.comes_to(MovementKind.PAYOUT, number * AT_ONCE)
        assert eventually(lambda: someone_waits(place)), place.dev.output
        place.kill("worker")
        connection.rollback()


def someone_waits(place: Place) -> bool:
    """Tell whether a commit waits for the ledger's lock."""
    query = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(place.dev.facts["databaseUrl"], autocommit=True) as connection:
        return connection.execute(query).fetchone() is not None


def balance(place: Place) -> dict[str, int]:
    found = place.get(f"/wallets/{place.wallet}/balance")
    return {name: found[name] for name in ("posted", "pending", "available")}


def assert_books_agree(place: Place) -> None:
    data_dir = f"--data-dir={place.dev.data_dir}"
    checked = CliRunner().invoke(verify, [data_dir])
    assert checked.exit_code == 0, checked.output
    now = datetime.now(UTC)
    period = [f"--from={(now - LONG).isoformat()}", f"--to={(now + LONG).isoformat()}"]
    compared = CliRunner().invoke(reconcile, [data_dir, *period])
    assert compared.exit_code == 0, compared.output
