"""What ``payflow dev`` refuses before it starts anything."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner, Result

from payflow_bootstrap.claim import claimed
from payflow_bootstrap.commands.dev import dev
from payflow_bootstrap.lifeline import stop_without

END_SECONDS_MAX = 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file where a directory is wanted."""
    path = tmp_path / "file"
    path.touch()
    return path


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A directory that another one runs on."""
    with claimed(tmp_path / "held") as found:
        yield found


def run(*options: str) -> Result:
    ran = CliRunner().invoke(dev, options)
    assert isinstance(ran.exception, SystemExit), ran.exception
    return ran


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999", "any"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    ran = run(f"--port={port}", f"--data-dir={tmp_path / 'data'}")

    assert ran.exit_code == 2
    assert "--port" in ran.output
    assert not (tmp_path / "data").exists()


def test_a_directory_that_cannot_be_made_is_named(file: Path) -> None:
    ran = run(f"--data-dir={file / 'below'}")

    assert ran.exit_code == 2
    assert f"{file / 'below'} cannot be used" in ran.output
    assert "--data-dir" in ran.output


def test_a_link_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    ran = run(f"--data-dir={tmp_path / 'loop'}")

    assert ran.exit_code == 2
    assert "loop cannot be used" in ran.output


def test_a_directory_in_use_is_refused_with_who_uses_it(held: Path) -> None:
    ran = run(f"--data-dir={held}")

    assert ran.exit_code == 2
    assert f"already runs on {held}, as process {os.getpid()}:" in ran.output


def test_a_directory_is_free_again_after_its_use(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path / "new") as found:
            assert found.stat().st_mode & 0o777 == 0o700


def test_it_stops_when_its_parent_is_another_process() -> None:
    stop = Event()

    stop_without(os.getpid(), stop)

    assert stop.is_set()


def test_it_goes_on_while_its_parent_lives() -> None:
    stop = Event()
    watch = Thread(target=stop_without, args=(os.getppid(), stop), daemon=True)

    watch.start()

    assert not stop.wait(0.1)
    stop.set()
    watch.join(END_SECONDS_MAX)
    assert not watch.is_alive()
