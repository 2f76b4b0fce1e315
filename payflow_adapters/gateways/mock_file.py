"""One SQLite file, for all threads of this process and for other processes."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from payflow_domain.payments.gateway import GatewayUnavailable

WAIT_S = 30
"""How long to wait for other processes to be done with the file."""

_PAUSE_S = 0.01


class SharedFile:
    """Runs transactions on a SQLite file, one at a time over all threads and processes.

    ``schema`` is run when the file is opened, so it must leave alone what is there. A process
    that is killed leaves a transaction whole or not at all. ``":memory:"`` is a file of this
    object alone. Open it after a fork, not before.
    """

    def __init__(self, path: Path | str, schema: str) -> None:
        # A transaction is begun and ended by hand (no isolation_level), under a lock of ours.
        self._connection = sqlite3.connect(
            path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
        self._turn = Lock()
        self._write_ahead()
        with self.transaction() as connection:
            for statement in schema.split(";"):
                connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit on a clean exit, change nothing otherwise.

        Raises ``GatewayUnavailable`` where the file cannot be read or written; nothing was
        changed then.
        """
        with self._turn:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.OperationalError as error:
                raise GatewayUnavailable(f"The mock gateway's file: {error}.") from error

    def close(self) -> None:
        with self._turn:
            self._connection.close()

    def _write_ahead(self) -> None:
        """Keep a write-ahead log: readers and writers of several processes get along with it.

        SQLite does not wait for its turn to begin one, so that is done here.
        """
        until = time.monotonic() + WAIT_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return
