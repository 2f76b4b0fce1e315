"""``payflow bench``, quickly: tiny tables and a second for each load."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from payflow_bootstrap.commands.bench import bench

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the bench puts its temporary directory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_it_measures_every_figure_and_leaves_nothing_behind(
    temporary: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payflow_bootstrap.bench.pgbench.SCALE", 1)
    monkeypatch.setattr("shutil.which", lambda _: None)  # CI has no wrk
    file = tmp_path_factory.mktemp("report") / "report.json"
    before = psutil.Process().children()

    ran = CliRunner().invoke(bench, ["--seconds=1", "--rounds=1", f"--json={file}"])

    assert ran.exit_code == 0, ran.output
    assert "Books in order" in ran.output
    report = json.loads(file.read_text())
    names = ["pgbench", "transfers", "bare", "hot", "batch", "balance"]
    names += ["p99 / p50", "guards", "memory"]
    assert [verdict["name"] for verdict in report["verdicts"]] == names
    assert report["void"] is False
    assert not list(temporary.iterdir())
    assert psutil.Process().children() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_nothing_behind_when_it_is_stopped(temporary: Path, number: int) -> None:
    command = [sys.executable, "-m", "payflow_bootstrap", "bench", "--seconds=1", "--rounds=1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603
        assert process.stdout is not None
        begun = (line for line in process.stdout if line.startswith("Filling"))
        assert next(begun)
        time.sleep(0.5)
        below = psutil.Process(process.pid).children(recursive=True)
        assert below
        process.send_signal(number)
        assert process.wait(STOP_SECONDS_MAX) != 0

    assert not psutil.wait_procs(below, timeout=1)[1]
    assert not list(temporary.iterdir())


def test_it_measures_webhooks_and_leaves_nothing_behind(
    temporary: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)  # CI has no wrk
    file = tmp_path_factory.mktemp("report") / "report.json"
    before = psutil.Process().children()

    ran = CliRunner().invoke(bench, ["webhooks", "--seconds=1", "--rounds=1", f"--json={file}"])

    assert ran.exit_code == 0, ran.output
    names = ["deliveries", "of bare loop", "first attempt", "one hanging", "transfers told"]
    report = json.loads(file.read_text())
    assert [verdict["name"] for verdict in report["verdicts"]] == names
    assert not list(temporary.iterdir())
    assert psutil.Process().children() == before
