"""The API in a process of its own, as it runs in production."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from payflow_bootstrap.programs import program

HOST = "127.0.0.1"


@contextmanager
def serving(url: str) -> Iterator[tuple[int, int]]:
    """Serve the database at ``url`` as in production, with one worker; yield port and pid."""
    port = free_port()
    with program("serve", {**os.environ, **settings_for(url, port)}) as api:
        api.await_ready(f"http://{HOST}:{port}", Event())
        yield port, api.process.pid


def settings_for(url: str, port: int) -> dict[str, str]:
    """Return the settings of programs on the database at ``url``."""
    return {
        "PAYFLOW_DATABASE_URL": url,
        "PAYFLOW_HOST": HOST,
        "PAYFLOW_PORT": str(port),
        "PAYFLOW_PROCESSES": "1",
        "PAYFLOW_ACCESS_LOG": "off",
        "PAYFLOW_LOG_LEVEL": "warning",
        "PAYFLOW_RATE_LIMIT": "off",
        "SESSION_SECRET": secrets.token_urlsafe(48),
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
