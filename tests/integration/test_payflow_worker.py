"""``payflow worker`` alone: it starts, outlives what fails around it, and stops when told to."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from attrs import evolve

from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer
from tests.builders.processes import eventually, free_port
from tests.builders.till import Till, open_till
from tests.builders.workers import Worker, working
from tests.integration.conftest import TEST_SPEED

AWAY_SECONDS = 3
SPENT = """
    INSERT INTO idempotency_keys (ledger_id, key, fingerprint, status, body, at)
    SELECT %s, key, '\\x00', status, '{}', now() - days * interval '1 day'
    FROM (VALUES ('old', 201, 31), ('claimed', NULL, 31), ('young', 201, 29))
      AS w(key, status, days)
"""
KEYS = "SELECT key FROM idempotency_keys ORDER BY key"


@contextmanager
def working_for(till: Till, log: Path) -> Iterator[Worker]:
    """Run a worker; nothing listens where it brings the mock's notices."""
    with working({**till.environment, "PAYFLOW_PORT": str(free_port())}, log) as worker:
        yield worker


@pytest.fixture
def till(emptied_url: str, tmp_path: Path) -> Iterator[Till]:
    with open_till(emptied_url, tmp_path) as opened:
        yield opened


def completes(till: Till, transaction_id: str) -> bool:
    return eventually(lambda: till.status_of(transaction_id) == "posted")


def test_it_finds_out_what_is_not_known(till: Till, tmp_path: Path) -> None:
    charged = till.charge(till.wallet(), "pm_async_success")
    assert charged["status"] == "pending"

    with working_for(till, tmp_path / "worker.log") as worker:
        assert completes(till, charged["id"]), worker.output
        assert not worker.has_ended()
        assert "Traceback" not in worker.output


def test_it_removes_idempotency_keys_that_were_kept_long_enough(
    till: Till, emptied_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(emptied_url, autocommit=True) as connection:
        connection.execute(SPENT, [till.actor.ledger_id])

        def keys() -> list[str]:
            return [key for (key,) in connection.execute(KEYS).fetchall()]

        with working_for(till, tmp_path / "worker.log") as worker:
            assert eventually(lambda: keys() == ["claimed", "young"]), worker.output
            assert "Traceback" not in worker.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_stops_when_it_is_told_to(till: Till, tmp_path: Path, number: signal.Signals) -> None:
    charged = till.charge(till.wallet(), "pm_async_success")

    with working_for(till, tmp_path / "worker.log") as worker:
        assert completes(till, charged["id"]), worker.output

        assert worker.stop(number) == 0
        assert "Traceback" not in worker.output


def test_it_outlives_a_database_that_goes_away_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr("payflow_adapters.postgres.server._free_port", lambda: port)
    directory = tmp_path / "postgres"
    with EmbeddedServer.start(directory, settings=TEST_SPEED) as first:
        first.create_database("payflow")
        url = first.url("payflow")
        migrate(url)
        with open_till(url, tmp_path) as till, working_for(till, tmp_path / "worker.log") as worker:
            before = till.charge(till.wallet(), "pm_async_success")
            assert completes(till, before["id"]), worker.output
            till.core.database().close()

            first.stop()

            assert eventually(lambda: "task_unavailable" in worker.output)
            time.sleep(AWAY_SECONDS)
            assert not worker.has_ended(), worker.output
            with EmbeddedServer.start(directory, settings=TEST_SPEED):
                with open_till(url, tmp_path) as again:
                    after = again.charge(again.wallet(), "pm_async_success")
                    assert completes(again, after["id"]), worker.output
                assert worker.stop(signal.SIGTERM) == 0
            assert "Traceback" not in worker.output


def test_it_stops_while_the_database_is_away(till: Till, tmp_path: Path) -> None:
    nowhere = f"postgresql://payflow:none@127.0.0.1:{free_port()}/payflow"
    till = evolve(till, environment={**till.environment, "PAYFLOW_DATABASE_URL": nowhere})
    with working_for(till, tmp_path / "worker.log") as worker:
        assert eventually(lambda: "task_unavailable" in worker.output)

        assert worker.stop(signal.SIGTERM) == 0
