"""What the embedded server keeps on disk, and bringing it into a state it can start from.

::

    cluster/             PostgreSQL's own files, its socket, and our secret; the account's alone
    cluster.unfinished/  the same while it is being made; renamed when complete
    server.lock          locked by the program that runs the server
    server.log           what the server said since its last start; server.log.1, before that
"""

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import attrs
import psutil

from payflow_adapters.postgres._server_error import EmbeddedServerError
from payflow_adapters.postgres._server_processes import POLL_SECONDS, recorded_pid, run, stop_strays
from payflow_adapters.postgres._server_programs import MAJOR_VERSION, ServerPrograms

SUPERUSER = "postgres"
APPLICATION_USER = "payflow"
SEED_FILE = "payflow.secret"
"""The name of the file that passwords are made from."""

# A program that is just ending, or was killed a moment ago, still holds it.
LOCK_SECONDS_MAX = 2

# Any account of this machine can reach a port of it, so everybody must know a password.
CLIENT_AUTHENTICATION = """\
local  all  all                scram-sha-256
host   all  all  127.0.0.1/32  scram-sha-256
"""

INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=reject",  # until CLIENT_AUTHENTICATION is in place
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
)

SINGLE_USER = ("--single", "-c", "exit_on_error=on")


@attrs.frozen
class Secret:
    """What the passwords of a cluster's users are made from."""

    value: str = attrs.field(repr=False)

    @classmethod
    def of(cls, cluster: Path) -> Self:
        return cls((cluster / SEED_FILE).read_text())

    def password(self, user: str) -> str:
        """Return the password of a user, from which nobody can tell another user's."""
        return hmac.digest(self.value.encode(), user.encode(), hashlib.sha256).hex()


@attrs.frozen
class DataDirectory:
    """The directory of one embedded server."""

    path: Path

    @property
    def cluster(self) -> Path:
        return self.path / "cluster"

    @property
    def unfinished_cluster(self) -> Path:
        return self.path / "cluster.unfinished"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for this program; the system lets go when the program dies.

        A program forked from this one shares the lock until it ends or executes another.
        Raises EmbeddedServerError if another program holds it.
        """
        with (self.path / "server.lock").open("a+") as lock:
            if not _lock(lock):
                lock.seek(0)
                raise EmbeddedServerError(
                    f"A server already runs on {self.path}, started by process {lock.read()}: "
                    "stop that one, or choose another data directory."
                )
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def prepare(self, programs: ServerPrograms) -> None:
        """Make the cluster if there is none, and clear away what a crash left behind.

        Expects the directory to be locked. Raises EmbeddedServerError if it cannot be done.
        """
        if self.cluster.exists():
            self._check_cluster()
        stop_strays(self.unfinished_cluster)
        stop_strays(self.cluster)
        if not self.cluster.exists():
            self._create_cluster(programs)
        self._adopt(programs)
        self._clear_leftovers()

    def start_log(self) -> None:
        """Begin an empty log and keep one earlier."""
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.path / "server.log.1")

    def _create_cluster(self, programs: ServerPrograms) -> None:
        new = self.unfinished_cluster
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        programs.hand_over(new)
        where = programs.path_of(new)
        run(programs.command("initdb", "-D", where, *INITDB_OPTIONS), new)
        secret = Secret(secrets.token_hex(32))
        run(programs.command("postgres", *SINGLE_USER, "-D", where, SUPERUSER), new, _roles(secret))
        _write_durably(new / SEED_FILE, secret.value)
        _write_durably(new / "pg_hba.conf", CLIENT_AUTHENTICATION)
        programs.hand_over(new)
        new.rename(self.cluster)
        _sync_directory(self.path)

    def _check_cluster(self) -> None:
        if not all((self.cluster / name).is_file() for name in ("PG_VERSION", SEED_FILE)):
            raise EmbeddedServerError(
                f"{self.cluster} holds something else than the server of PayFlow: choose another "
                "data directory, or move what is there."
            )
        version = (self.cluster / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise EmbeddedServerError(
                f"{self.cluster} was made by PostgreSQL {version} and this is {MAJOR_VERSION}: "
                "choose another data directory, or delete this one if its data may go."
            )

    def _adopt(self, programs: ServerPrograms) -> None:
        if programs.account and self.cluster.stat().st_uid != programs.account.uid:
            programs.hand_over(self.cluster)  # root restored it from a copy, say

    def _clear_leftovers(self) -> None:
        """Remove lock files of a server that is no more.

        PostgreSQL does so itself, except where another process now has the pid they name.
        """
        for socket in self.cluster.glob(".s.PGSQL.*"):
            socket.unlink()
        pid = recorded_pid(self.cluster)
        if pid is not None and psutil.pid_exists(pid):
            (self.cluster / "postmaster.pid").unlink()


def _lock(file: IO[str]) -> bool:
    deadline = time.monotonic() + LOCK_SECONDS_MAX
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True


def _roles(secret: Secret) -> str:
    # The application's user is no superuser, as in production: its URL opens the database,
    # not the operating-system account behind it. In single-user mode a line is a statement.
    password, application_password = map(secret.password, (SUPERUSER, APPLICATION_USER))
    return f"""\
ALTER ROLE {SUPERUSER} PASSWORD '{password}'
CREATE ROLE {APPLICATION_USER} LOGIN CREATEDB CREATEROLE PASSWORD '{application_password}'
GRANT pg_monitor, pg_checkpoint TO {APPLICATION_USER}
"""


def _write_durably(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
