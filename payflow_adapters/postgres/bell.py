"""Telling workers that there is something to send, and being told.

``NOTIFY`` within the commits themselves would make all of a database's commits wait for one
another; so it is sent right after them, for many at a time. If a program dies in between, workers
find what is new when they next look by themselves.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

import psycopg
from attrs import Factory, define, field

from payflow_adapters.postgres.liveness import liveness
from payflow_domain.ids import LedgerId

_CHANNEL = "payflow_events"
_NOTIFY = f"SELECT pg_notify('{_CHANNEL}', %s)"
_PAUSE_S = 0.025
_RETRY_S = 1.0
_NAMES_MAX = 300
"""A notification has less than 8,000 bytes; more ledgers than this are told of as all of them."""

Told = Callable[[Collection[LedgerId] | None], None]


@define
class Bell:
    """Rings, from whatever thread, without waiting for the database."""

    url: str = field(repr=False)
    _ledgers: set[LedgerId] = Factory(set)
    _rung: threading.Event = Factory(threading.Event)
    _lock: threading.Lock = Factory(threading.Lock)
    _thread: threading.Thread | None = None

    def ring(self, ledgers: Collection[LedgerId]) -> None:
        """Tell that there is something new in these ledgers, if any."""
        if not ledgers:
            return
        with self._lock:
            self._ledgers.update(ledgers)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="payflow-bell", daemon=True)
                self._thread.start()
        self._rung.set()

    def _run(self) -> None:
        arguments = liveness(self.url)
        while True:
            try:
                with psycopg.connect(self.url, autocommit=True, **arguments) as connection:
                    # Nothing is lost that is not found again.
                    connection.execute("SET synchronous_commit = off")
                    self._serve(connection)
            except psycopg.Error:
                time.sleep(_RETRY_S)

    def _serve(self, connection: psycopg.Connection[Any]) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            with self._lock:
                ledgers, self._ledgers = self._ledgers, set()
            names = ",".join(map(str, ledgers)) if len(ledgers) <= _NAMES_MAX else ""
            connection.execute(_NOTIFY, [names])
            time.sleep(_PAUSE_S)


async def listen(url: str, told: Told) -> None:
    """Call ``told`` with the ledgers in which there is something new, until cancelled.

    ``None`` stands for all: it may be any of them, also whenever the connection was made anew.
    """
    arguments = liveness(url)
    while True:
        with contextlib.suppress(psycopg.Error):
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True, **arguments)
            async with connection:
                await connection.execute(f"LISTEN {_CHANNEL}")
                told(None)
                async for notification in connection.notifies():
                    told(_ledgers(notification.payload))
        await asyncio.sleep(_RETRY_S)


def _ledgers(payload: str) -> Collection[LedgerId] | None:
    return [LedgerId(int(name)) for name in payload.split(",")] if payload else None
