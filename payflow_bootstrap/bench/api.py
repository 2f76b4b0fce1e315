"""The API in a process of its own, as it runs in production."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from payflow_bootstrap.programs import module, program
from payflow_domain.access.limits import BURST_MAX, RATE_MAX

HOST = "127.0.0.1"


BARE = "payflow_bootstrap.bench.bare"


@contextmanager
def serving(url: str) -> Iterator[tuple[int, int]]:
    """Serve the database at ``url`` as in production, with one worker; yield port and pid."""
    port = free_port()
    with program("serve", {**os.environ, **settings_for(url, port)}) as api:
        api.await_ready(f"http://{HOST}:{port}", Event())
        yield port, api.process.pid


@contextmanager
def serving_bare(url: str, api_key: str) -> Iterator[int]:
    """Serve it without keys, permissions, limits and usage; yield the port."""
    port = free_port()
    environment = {**os.environ, **settings_for(url, port), "PAYFLOW_BENCH_API_KEY": api_key}
    with module(BARE, environment=environment) as api:
        api.await_ready(f"http://{HOST}:{port}", Event())
        yield port


def settings_for(url: str, port: int) -> dict[str, str]:
    """Return the settings of programs on the database at ``url``.

    Limits are kept and nobody reaches them, so that the figures have what they cost.
    """
    return {
        "PAYFLOW_DATABASE_URL": url,
        "PAYFLOW_HOST": HOST,
        "PAYFLOW_PORT": str(port),
        "PAYFLOW_PROCESSES": "1",
        "PAYFLOW_ACCESS_LOG": "off",
        "PAYFLOW_LOG_LEVEL": "warning",
        "PAYFLOW_RATE_LIMIT": "on",
        "PAYFLOW_SANDBOX_LIMIT": f"{RATE_MAX}/{BURST_MAX}",
        "PAYFLOW_SANDBOX_MONEY_LIMIT": f"{RATE_MAX}/{BURST_MAX}",
        "SESSION_SECRET": secrets.token_urlsafe(48),
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
