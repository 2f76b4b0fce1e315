"""A ``payflow worker`` in a process of its own."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import define

from tests.builders.processes import environment, payflow

STOP_SECONDS_MAX = 15


@define
class Worker:
    """A ``payflow worker``; what it says goes to ``log``."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self, number: signal.Signals) -> int:
        """Tell it to stop; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS_MAX)


@contextmanager
def working(variables: Mapping[str, str], log: Path) -> Iterator[Worker]:
    """Run a worker until the block is left."""
    settings = environment(**variables)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own command
            payflow("worker"), env=settings, stderr=output, start_new_session=True
        )
    try:
        yield Worker(process, log)
    finally:
        process.kill()
        process.wait()
