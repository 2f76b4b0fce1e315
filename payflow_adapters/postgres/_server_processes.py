"""Starting PostgreSQL's processes, waiting for them, and seeing that none is left behind."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import psutil

from payflow_adapters.postgres._server_error import EmbeddedServerError

# Replaying the log after a crash starts from the beginning each time, so never give up early.
START_SECONDS_MAX = 300
FAST_SHUTDOWN_SECONDS_MAX = 60
IMMEDIATE_SHUTDOWN_SECONDS_MAX = 5
POLL_SECONDS = 0.01
LOG_EXCERPT_BYTES = 2_000

SERVER_PROGRAMS = frozenset({"postgres", "initdb"})


def run(command: Sequence[str], directory: Path, standard_input: str = "") -> None:
    """Run a program to its end in this directory; raise EmbeddedServerError if it fails."""
    finished = subprocess.run(  # noqa: S603 (PostgreSQL's own program)
        command,
        cwd=directory,
        env=_environment(),
        input=standard_input,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise EmbeddedServerError(
            f"PostgreSQL could not set up {directory}: {finished.stderr.strip()}"
        )


def launch(command: Sequence[str], directory: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a program in this directory, in a session of its own, its output going to the log.

    It is started by a thread that stays until it ends, because Linux takes the end of the
    thread that forked for the end of the parent, and would stop the server.
    """
    launched: Future[subprocess.Popen[bytes]] = Future()

    def start_and_wait() -> None:
        try:
            process = _start(command, directory, log)
        except BaseException as error:  # noqa: BLE001 (raised in the caller's thread)
            launched.set_exception(error)
        else:
            launched.set_result(process)
            process.wait()

    threading.Thread(target=start_and_wait, name="embedded-postgres", daemon=True).start()
    return launched.result()


def wait_until_ready(process: subprocess.Popen[bytes], cluster: Path) -> bool:
    """Wait until PostgreSQL says that it accepts connections; return False if it does not.

    That is if it ends instead, or is not ready within START_SECONDS_MAX.
    """
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        if _is_ready(process.pid, cluster):
            return True
        time.sleep(POLL_SECONDS)
    return False


def stop(process: subprocess.Popen[bytes], cluster: Path) -> None:
    """Shut a server down, gently if it will, and return once nothing of it is left."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(FAST_SHUTDOWN_SECONDS_MAX)
    stop_strays(cluster)
    process.wait(IMMEDIATE_SHUTDOWN_SECONDS_MAX)


def stop_strays(cluster: Path) -> None:
    """Stop what still runs on a cluster although nobody answers for it.

    That is a server whose parent was killed, or backends whose server was: these keep its shared
    memory, and PostgreSQL does not start beside them. Nothing committed is lost by any of this.
    Raises EmbeddedServerError if one cannot be stopped.
    """
    postmaster_pid = recorded_pid(cluster)
    for process in _processes_of(cluster):
        if process.pid == postmaster_pid:
            _signal([process], signal.SIGINT, FAST_SHUTDOWN_SECONDS_MAX)
    # Never SIGINT to the others: to an orphaned checkpointer it means writing a shutdown
    # checkpoint, while orphaned backends may still be at work.
    for harder in (signal.SIGQUIT, signal.SIGKILL):
        _signal(_processes_of(cluster), harder, IMMEDIATE_SHUTDOWN_SECONDS_MAX)
    if left := [process.pid for process in _processes_of(cluster)]:
        raise EmbeddedServerError(f"Processes {left} still run on {cluster}: end them by hand.")


def recorded_pid(cluster: Path) -> int | None:
    """Return the pid in the cluster's lock file, whether that process still lives or not."""
    lines = _pid_file_lines(cluster)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def excerpt(log: Path) -> str:
    """Return the end of a log, introduced by its name."""
    end = log.read_bytes()[-LOG_EXCERPT_BYTES:].decode(errors="replace").strip()
    return f"Its log {log} ends:\n{end}"


def _start(command: Sequence[str], directory: Path, log: Path) -> subprocess.Popen[bytes]:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode=0o600)
    try:
        return subprocess.Popen(  # noqa: S603 (PostgreSQL's own program)
            command,
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,  # Ctrl-C in a terminal is for our program to handle
        )
    finally:
        os.close(descriptor)


def _environment() -> dict[str, str]:
    """Return our environment without what would change PostgreSQL's behaviour or language."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _is_ready(pid: int, cluster: Path) -> bool:
    lines = _pid_file_lines(cluster)
    match lines:
        case [recorded, _, _, _, _, _, _, status, *_]:
            return recorded == str(pid) and status == "ready"
        case _:
            return False


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        text = (cluster / "postmaster.pid").read_text()
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines()]


def _processes_of(cluster: Path) -> list[psutil.Process]:
    """Return PostgreSQL's processes at work in this directory; it is where they all stay."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] not in SERVER_PROGRAMS:
            continue
        with contextlib.suppress(psutil.Error):  # it ended, or is another account's
            if process.cwd() == str(cluster):
                found.append(process)
    return found


def _signal(processes: Sequence[psutil.Process], number: signal.Signals, seconds: float) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    psutil.wait_procs(list(processes), timeout=seconds)
