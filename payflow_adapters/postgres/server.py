"""A real PostgreSQL for developers and tests, run by the program that needs it.

The programs come from a wheel; there is nothing to install, configure or clean up. Nothing that
was committed is lost however the server, its parent or both come to their end.
"""

import atexit
import contextlib
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import LiteralString, Self
from urllib.parse import quote

import attrs
import psycopg
from psycopg import sql

from payflow_adapters.postgres._server_directory import (
    APPLICATION_USER,
    SUPERUSER,
    DataDirectory,
    Secret,
)
from payflow_adapters.postgres._server_error import EmbeddedServerError
from payflow_adapters.postgres._server_processes import (
    excerpt,
    launch,
    stop,
    wait_until_ready,
)
from payflow_adapters.postgres._server_programs import ServerPrograms, binaries

__all__ = ["EmbeddedServer", "EmbeddedServerError", "binaries"]

HOST = "127.0.0.1"
PORT_ATTEMPTS_MAX = 5
PORT_TAKEN = "could not create any TCP/IP sockets"

# For money first, then for a developer's machine.
DEFAULT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",  # solid-state disks
        "jit": "off",  # short statements gain nothing from it
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }
)
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
RESERVED_SETTINGS = frozenset({"listen_addresses", "port", "unix_socket_directories"})


@attrs.frozen
class EmbeddedServer:
    """A running PostgreSQL server that belongs to this program.

    It listens on a free port of the loopback interface and asks everybody for a password, which
    its URLs contain. ``socket_dir`` holds its Unix socket too, which only the account the server
    runs as, and root, can reach.

    Stop it with ``stop`` or by leaving its ``with`` block; it also stops when the program ends,
    or, on Linux, is killed. Elsewhere the next start on the directory stops it.
    """

    data_dir: Path
    pid: int
    socket_dir: Path
    port: int
    _secret: Secret = attrs.field(eq=False, repr=False)
    _shutdown: ExitStack = attrs.field(eq=False, repr=False)
    _owner_pid: int = attrs.field(factory=os.getpid, eq=False, repr=False)

    @classmethod
    def start(cls, data_dir: Path, *, settings: Mapping[str, str] = NO_SETTINGS) -> Self:
        """Start a server on a directory, which is made if need be, and wait until it is ready.

        ``settings`` are PostgreSQL's and go before DEFAULT_SETTINGS. Whatever an earlier server
        left on the directory, processes included, is cleared away first. Raises
        EmbeddedServerError if another program runs a server on it, or if it does not start
        within five minutes.
        """
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            with ExitStack() as shutdown:
                return cls._start(DataDirectory(data_dir.resolve()), settings, shutdown)
        except OSError as error:
            is_closed = isinstance(error, PermissionError)
            mend = "Make it writable for this account" if is_closed else "Put that right"
            raise EmbeddedServerError(
                f"PostgreSQL cannot use {data_dir}: {error}. {mend}, or choose another data "
                "directory."
            ) from error

    @classmethod
    def _start(
        cls, directory: DataDirectory, settings: Mapping[str, str], shutdown: ExitStack
    ) -> Self:
        shutdown.enter_context(directory.locked())
        programs = ServerPrograms.for_cluster(directory.cluster)
        directory.prepare(programs)
        command = programs.command("postgres", "-D", programs.path_of(directory.cluster))
        process, port = _launch(directory, [*command, *_options(settings)], shutdown)
        server = cls(
            data_dir=directory.path,
            pid=process.pid,
            socket_dir=directory.cluster,
            port=port,
            secret=Secret.of(directory.cluster),
            shutdown=shutdown.pop_all(),
        )
        atexit.register(server.stop)
        return server

    def url(self, database: str = APPLICATION_USER, user: str = APPLICATION_USER) -> str:
        """Return the address of a database, password included, for any client.

        The users are ``payflow``, who may create databases and roles, and the superuser
        ``postgres``. For another user it holds the password to create that user with.
        """
        password = self._secret.password(user)
        return f"postgresql://{quote(user, '')}:{password}@{HOST}:{self.port}/{quote(database, '')}"

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Create a database that belongs to ``payflow``, unless it exists.

        Raises psycopg.Error if PostgreSQL refuses, as it does while the template is in use.
        """
        if self._has_database(name):
            return
        # Another program may have made it meanwhile.
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            self._execute(
                "CREATE DATABASE {} TEMPLATE {} OWNER {}",
                name,
                template or "template1",
                APPLICATION_USER,
            )

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and end every connection to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def stop(self) -> None:
        """Shut the server down and return when it is gone; do nothing if it is already.

        Open transactions are rolled back. Raises EmbeddedServerError if a process stays.
        """
        if os.getpid() == self._owner_pid:  # and not in a program forked from it
            atexit.unregister(self.stop)
            self._shutdown.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _has_database(self, name: str) -> bool:
        # Asked as a refused CREATE DATABASE would be an error in the server's log.
        with psycopg.connect(self.url(SUPERUSER, SUPERUSER)) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def _execute(self, statement: LiteralString, *names: str) -> None:
        url = self.url(SUPERUSER, SUPERUSER)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _options(settings: Mapping[str, str]) -> list[str]:
    if reserved := RESERVED_SETTINGS & settings.keys():
        raise EmbeddedServerError(f"The server chooses its own {', '.join(sorted(reserved))}.")
    options = {
        **DEFAULT_SETTINGS,
        **settings,
        "listen_addresses": HOST,
        # Its own directory, by a relative path: an absolute one may be too long for a socket.
        "unix_socket_directories": ".",
    }
    return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]


def _launch(
    directory: DataDirectory, command: Sequence[str], shutdown: ExitStack
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on a free port; try others if somebody else takes it meanwhile."""
    for _ in range(PORT_ATTEMPTS_MAX):
        port = _free_port()
        directory.start_log()
        process = launch([*command, "-p", str(port)], directory.cluster, directory.log)
        shutdown.callback(stop, process, directory.cluster)
        if wait_until_ready(process, directory.cluster):
            return process, port
        if PORT_TAKEN not in directory.log.read_text(errors="replace"):
            break
    raise EmbeddedServerError(f"PostgreSQL did not start. {excerpt(directory.log)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
