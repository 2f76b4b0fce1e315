"""Processes of a test: what is below one, waiting for things, and leaving nothing behind."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

from tests.builders.http_client import HOST

EVENTUALLY_SECONDS_MAX = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def payflow(*arguments: str) -> list[str]:
    """Return the command line of ``payflow``."""
    return [sys.executable, "-m", "payflow_bootstrap", *arguments]


def environment(**variables: str) -> dict[str, str]:
    """Return this environment without PayFlow's own settings but with ``variables``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PAYFLOW_")}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables


def eventually(condition: Callable[[], bool], seconds: float = EVENTUALLY_SECONDS_MAX) -> bool:
    """Wait until ``condition`` holds; return False if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all below it."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    return []


def survivors(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return which of ``processes`` still run after so many seconds."""
    _, alive = psutil.wait_procs(list(processes), timeout=seconds)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def kill_all(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
