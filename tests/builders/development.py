"""A real ``payflow dev``, in a process of its own."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from attrs import Factory, define, field

from tests.builders.http_client import Client, Json
from tests.builders.processes import environment, eventually, family, kill_all, payflow, survivors

STOP_SECONDS_MAX = 60
READY = "Stop: Ctrl-C"


@define
class Development:
    """``payflow dev`` on a data directory and a port; what it prints goes to ``log``."""

    data_dir: Path
    port: int
    log: Path
    variables: Mapping[str, str] = Factory(dict)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def facts(self) -> Json:
        """What dev.json tells."""
        facts = json.loads((self.data_dir / "dev.json").read_text())
        assert isinstance(facts, dict)
        return facts

    def client(self) -> Client:
        return Client(self.port, self.facts["apiKey"])

    def launch(self) -> None:
        """Start it and do not wait."""
        options = (f"--port={self.port}", f"--data-dir={self.data_dir}")
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own command
                payflow("dev", *options),
                env=environment(**self.variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.launch()
        assert eventually(lambda: self.has_ended() or READY in self.output), self.output
        assert not self.has_ended(), self.output

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def wait(self) -> int:
        """Wait for its end; return its exit status."""
        assert self._process is not None
        return self._process.wait(STOP_SECONDS_MAX)

    def signal(self, number: signal.Signals) -> None:
        """Signal it and whatever shares its process group, as a terminal does."""
        os.killpg(self.pid, number)

    def family(self) -> list[psutil.Process]:
        """Return its process and all below it."""
        return family(self.pid)

    def stop(self) -> None:
        """Stop it with SIGTERM; fail where something of it is left."""
        everything = self.family()
        if not self.has_ended():
            self.signal(signal.SIGTERM)
        try:
            self.wait()
            assert not survivors(everything, STOP_SECONDS_MAX)
        finally:
            kill_all(everything)


@contextmanager
def developing(data_dir: Path, port: int, **variables: str) -> Iterator[Development]:
    """Run ``payflow dev`` with settings of its own until the block is left."""
    development = Development(data_dir, port, data_dir.with_suffix(".log"), variables)
    development.start()
    try:
        yield development
    finally:
        development.stop()
