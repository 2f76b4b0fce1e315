"""What the figures were measured with."""

import os
import platform
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Self

import psutil
import psycopg
from attrs import define, frozen

_GIGABYTE = 10**9
_CPUINFO = Path("/proc/cpuinfo")


@frozen
class Machine:
    """The machine and the versions of what ran on it."""

    cores: int
    model: str
    memory_gb: float
    system: str
    python: str
    postgres: str
    payflow: str


@define
class OthersWatch:
    """Tells, once it has been left, how many cores were taken by programs that are not our own."""

    cores: float = 0.0
    _started: tuple[float, float] = (0.0, 0.0)

    def __enter__(self) -> Self:
        self._started = (time.monotonic(), _busy_s() - _own_s())
        return self

    def __exit__(self, *_: object) -> None:
        at, others_s = self._started
        self.cores = max(0.0, _busy_s() - _own_s() - others_s) / (time.monotonic() - at)


def look_around(url: str) -> Machine:
    """Describe this machine and the server of the database at ``url``."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return Machine(
        cores=os.cpu_count() or 1,
        model=_model(),
        memory_gb=psutil.virtual_memory().total / _GIGABYTE,
        system=platform.platform(terse=True),
        python=platform.python_version(),
        postgres=str(row[0]) if row else "",
        payflow=version("payflow"),
    )


def _busy_s() -> float:
    """Return the time that all cores together have worked, and were kept from it by the host."""
    times: dict[str, float] = psutil.cpu_times()._asdict()
    return sum(
        times.get(name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal")
    )


def _own_s() -> float:
    """Return the time that this program and all below it have worked, the ended ones included."""
    here = psutil.Process()
    worked_s = 0.0
    for process in (here, *here.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            t = process.cpu_times()
            worked_s += t.user + t.system + t.children_user + t.children_system
    return worked_s


def _model() -> str:
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
