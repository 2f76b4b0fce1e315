"""A data directory is one ``payflow dev``'s at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from payflow_bootstrap.commands.dev_json import DevelopmentError

_ELSEWHERE = "choose another directory with --data-dir"


@contextmanager
def claimed(data_dir: Path) -> Iterator[Path]:
    """Make a directory if need be, and hold it until the end of the block; yields where it is.

    The system lets go of it when this process dies. Raises ``DevelopmentError`` if another process
    holds it, or if something in it cannot be used, also within the block.
    """
    try:
        found = Path(os.path.realpath(data_dir))
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (found / "dev.lock").open("a+") as lock:
            _hold(lock, found)
            yield found
    except OSError as error:
        detail = f"{data_dir} cannot be used ({error}): put that right, or {_ELSEWHERE}."
        raise DevelopmentError(detail) from error


def _hold(lock: IO[str], data_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise DevelopmentError(
            f"`payflow dev` already runs on {data_dir}, as process {lock.read()}: stop that one, "
            f"or {_ELSEWHERE}."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
