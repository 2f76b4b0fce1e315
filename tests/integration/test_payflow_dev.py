"""``payflow dev``: one command that brings everything up, says how to use it, and cleans up."""

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

import payflow_bootstrap
from tests.builders.development import READY, Development, developing
from tests.builders.http_client import HOST
from tests.builders.processes import (
    environment,
    eventually,
    family,
    free_port,
    kill_all,
    payflow,
    survivors,
)

ROOT = Path(payflow_bootstrap.__file__).parents[1]
GONE_SECONDS_MAX = 15
NEW_WALLET = {"name": "Anna", "currency": "EUR"}


@pytest.fixture(scope="module")
def used_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that was used before, so that starting on it is quick."""
    data_dir = tmp_path_factory.mktemp("dev") / "used"
    with developing(data_dir, free_port()):
        pass
    return data_dir


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Development]:
    """One that was started on a directory that was not there, for tests that leave it running."""
    with developing(tmp_path_factory.mktemp("dev") / "fresh", free_port()) as development:
        yield development


def run_to_its_end(data_dir: Path, port: int) -> Development:
    development = Development(data_dir, port, data_dir.with_suffix(".second.log"))
    development.launch()
    assert eventually(development.has_ended), development.output
    return development


def pasted(output: str) -> str:
    """Return the command that the output shows."""
    found = re.search(r"^ *curl (.*\\\n)*.*$", output, re.MULTILINE)
    assert found is not None
    return found[0]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the command that is pasted is curl")
def test_it_prints_a_key_and_a_curl_that_works_as_pasted(dev: Development) -> None:
    ran = subprocess.run(  # noqa: S603  # what a user would paste
        ["/bin/sh", "-c", pasted(dev.output)],
        capture_output=True,
        text=True,
        check=True,
        timeout=90,
    )

    opened = json.loads(ran.stdout)
    assert (opened["name"], opened["environment"]) == ("Ada", "sandbox")
    assert dev.facts["apiKey"] in dev.output
    assert dev.facts["apiKey"].startswith("sk_test_pf_")


def test_dev_json_says_how_to_reach_it_and_is_private(dev: Development) -> None:
    facts = dev.facts

    client = dev.client()
    answer = client.get("/events")
    with psycopg.connect(facts["databaseUrl"]) as connection:
        ledgers = connection.execute("SELECT count(*) FROM ledgers").fetchone()

    credentials = {"username": facts["adminUsername"], "password": facts["adminPassword"]}
    logged_in = client.send("POST", "/api/auth/login", credentials)
    client.close()

    assert (logged_in.status, facts["adminUsername"]) == (200, "admin")
    assert "Secure" not in logged_in.headers["Set-Cookie"]
    assert facts["adminPassword"] in dev.output
    assert (dev.data_dir / "admin-password").stat().st_mode & 0o777 == 0o600
    assert facts["baseUrl"] == f"http://{HOST}:{dev.port}"
    assert answer.status == 200
    assert ledgers == (1,)
    assert (dev.data_dir / "dev.json").stat().st_mode & 0o777 == 0o600


def test_starting_again_keeps_the_data_and_the_key(used_dir: Path) -> None:
    with developing(used_dir, free_port()) as first:
        key, client = first.facts["apiKey"], first.client()
        password = first.facts["adminPassword"]
        opened = client.post("/wallets", NEW_WALLET, "once").json
        client.close()

    with developing(used_dir, free_port()) as second:
        client = second.client()
        second_password = second.facts["adminPassword"]
        kept = client.get(f"/wallets/{opened['id']}").json
        repeated = client.post("/wallets", NEW_WALLET, "once")
        client.close()

    assert key == client.key
    assert password == second_password
    assert kept == repeated.json == opened
    assert repeated.is_replayed


def test_two_run_side_by_side_and_share_nothing(dev: Development, used_dir: Path) -> None:
    with developing(used_dir, free_port()) as other:
        mine, theirs = dev.client(), other.client()
        opened = mine.post("/wallets", NEW_WALLET).json

        assert mine.get(f"/wallets/{opened['id']}").status == 200
        assert theirs.get(f"/wallets/{opened['id']}").status == 404
        assert dev.client().key != other.client().key
        mine.close()
        theirs.close()


def test_a_port_that_is_taken_is_named(used_dir: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]

        development = run_to_its_end(used_dir, port)

    assert development.wait() == 2
    assert f"Port {port}" in development.output
    assert "--port" in development.output
    assert "Traceback" not in development.output


def test_a_directory_that_is_in_use_is_named_and_its_user_left_alone(dev: Development) -> None:
    facts = dev.facts

    second = run_to_its_end(dev.data_dir, free_port())

    assert second.wait() == 2
    assert str(dev.data_dir) in second.output
    assert "already runs" in second.output
    assert "Traceback" not in second.output
    assert dev.facts == facts
    client = dev.client()
    assert client.get("/wallets").status == 200
    client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_stopping_it_leaves_no_process_behind(used_dir: Path, number: signal.Signals) -> None:
    with developing(used_dir, free_port()) as development:
        everything = development.family()
        assert programs(everything) == {"python", "postgres"}

        development.signal(number)

        assert development.wait() == 0
        assert not survivors(everything, GONE_SECONDS_MAX)
        assert "Traceback" not in development.output


def test_it_can_be_stopped_while_it_starts(used_dir: Path) -> None:
    development = Development(used_dir, free_port(), used_dir.with_suffix(".log"))
    development.launch()
    assert eventually(lambda: "postgres" in programs(development.family()))
    everything = development.family()

    development.signal(signal.SIGTERM)

    assert development.wait() == 0
    assert not survivors(everything, GONE_SECONDS_MAX)
    assert "Traceback" not in development.output


def test_killing_it_leaves_no_process_behind(used_dir: Path) -> None:
    with developing(used_dir, free_port()) as development:
        everything = development.family()

        development.signal(signal.SIGKILL)

        left = survivors(everything, GONE_SECONDS_MAX)
        kill_all(left)
        assert not left


@pytest.mark.skipif(shutil.which("make") is None, reason="it is make that is killed")
def test_killing_the_make_that_started_it_leaves_no_process_behind(
    used_dir: Path, tmp_path: Path
) -> None:
    installed_in(tmp_path)
    options = f"--port={free_port()} --data-dir={used_dir}"
    with (tmp_path / "log").open("w") as log:
        make = subprocess.Popen(  # noqa: S603  # our own Makefile
            [shutil.which("make") or "make", "run", f"VENV={tmp_path}", f"ARGS={options}"],
            env=environment(),
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    assert eventually(lambda: READY in (tmp_path / "log").read_text())
    everything = family(make.pid)
    assert programs(everything[1:]) == {"python", "postgres"}

    make.kill()
    make.wait()

    left = survivors(everything[1:], GONE_SECONDS_MAX)
    kill_all(left)
    assert not left


def test_an_api_that_dies_is_started_again(dev: Development) -> None:
    server = child(dev, "serve")
    server_and_workers = [server, *server.children()]

    server.kill()

    assert not survivors(server_and_workers, GONE_SECONDS_MAX)
    assert eventually(lambda: answers(dev)), dev.output
    assert "payflow serve ended (-9); starting it again." in dev.output


def test_a_worker_that_dies_is_started_again(dev: Development) -> None:
    worker = child(dev, "worker")

    worker.kill()

    assert not survivors([worker], GONE_SECONDS_MAX)
    assert eventually(lambda: "payflow worker ended (-9); starting it again." in dev.output)
    assert eventually(lambda: bool(children(dev, "worker"))), dev.output
    assert pays_in(dev, "pm_async_success") == "completed"


def test_what_the_gateway_learns_later_gets_into_the_books(dev: Development) -> None:
    assert pays_in(dev, "pm_async_failure") == "failed"


def installed_in(venv: Path) -> None:
    """Have make take ``venv`` for an environment in which PayFlow is installed."""
    (venv / "bin").mkdir()
    script = venv / "bin" / "payflow"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(payflow())} "$@"\n')
    script.chmod(0o700)
    (venv / ".installed").touch()


def programs(processes: list[psutil.Process]) -> set[str]:
    """Return which programs run, by the names that tell them apart."""
    return {"postgres" if each.name() == "postgres" else "python" for each in processes}


def children(dev: Development, command: str) -> list[psutil.Process]:
    """Return the processes of a ``payflow`` command that ``dev`` has started."""
    return [each for each in psutil.Process(dev.pid).children() if command in each.cmdline()]


def child(dev: Development, command: str) -> psutil.Process:
    (found,) = children(dev, command)
    return found


def pays_in(dev: Development, method: str) -> str:
    """Pay in by what takes its time; return what became of it."""
    client = dev.client()
    wallet = client.post("/wallets", NEW_WALLET).json
    credit = {"amount": 100, "currency": "EUR", "paymentMethod": method}
    made = client.post(f"/wallets/{wallet['id']}/credit", credit)
    assert made.status == 202, made

    def status() -> str:
        return str(client.get(f"/transactions/{made.json['id']}").json["status"])

    assert eventually(lambda: status() != "pending"), dev.output
    became = status()
    client.close()
    return became


def answers(dev: Development) -> bool:
    client = dev.client()
    try:
        return client.get("/wallets").status == 200
    except OSError:
        return False
    finally:
        client.close()
