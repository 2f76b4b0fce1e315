"""The API in a process of its own, as it runs in production."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from payflow_bootstrap.bench.pgbench import BenchError

HOST = "127.0.0.1"
_READY_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 30


@contextmanager
def serving(url: str) -> Iterator[tuple[int, int]]:
    """Serve the database at ``url`` as in production, with one worker; yield port and pid."""
    port = _free_port()
    lifeline, held = os.pipe()
    command = [sys.executable, "-m", "payflow_bootstrap", "serve", f"--lifeline={lifeline}"]
    process = subprocess.Popen(  # noqa: S603  # the command is our own
        command,
        env={**os.environ, **_settings(url, port)},
        pass_fds=[lifeline],
        start_new_session=True,
    )
    try:
        _await_ready(f"http://{HOST}:{port}/ready", process)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(held)
        os.close(lifeline)


def _settings(url: str, port: int) -> dict[str, str]:
    return {
        "PAYFLOW_DATABASE_URL": url,
        "PAYFLOW_HOST": HOST,
        "PAYFLOW_PORT": str(port),
        "PAYFLOW_PROCESSES": "1",
        "PAYFLOW_ACCESS_LOG": "off",
        "PAYFLOW_LOG_LEVEL": "warning",
        "SESSION_SECRET": secrets.token_urlsafe(48),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _await_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchError("The API did not start; what it wrote above says why.")
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own
            return
        time.sleep(0.05)
    raise BenchError(f"The API was not ready within {_READY_TIMEOUT_S} s.")
