"""pgbench, PostgreSQL's own benchmark: what the machine and the server can do."""

import os
import re
import subprocess
from urllib.parse import unquote, urlsplit

from payflow_adapters.postgres.server import binaries
from payflow_bootstrap.bench.figures import Sample

SCALE = 50
CLIENTS = 64
THREADS = 2
_INITIALISE_TIMEOUT_S = 600
_GRACE_S = 60

_TPS = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)$", re.MULTILINE)
_LATENCY = re.compile(r"^latency average = ([0-9.]+) ms$", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: ([0-9]+) ", re.MULTILINE)


class BenchError(Exception):
    """The figures cannot be measured; the message says why."""


def initialise(url: str) -> None:
    """Fill the database at ``url`` with pgbench's tables; raises ``BenchError``."""
    _run(url, ["-i", "-q", "-s", str(SCALE)], _INITIALISE_TIMEOUT_S)


def measure(url: str, seconds: int) -> Sample:
    """Run TPC-B with prepared statements; raises ``BenchError``."""
    load = ["-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS), "-T", str(seconds)]
    return read_report(_run(url, load, seconds + _GRACE_S))


def read_report(report: str) -> Sample:
    """Read what pgbench prints; its latency is a mean. Raises ``BenchError``."""
    tps, latency, failed = (p.search(report) for p in (_TPS, _LATENCY, _FAILED))
    if tps is None or latency is None:
        raise BenchError(f"pgbench's report is not as expected: {report}")
    return Sample(float(tps[1]), float(latency[1]), refused=int(failed[1]) if failed else 0)


def _run(url: str, arguments: list[str], timeout_s: float) -> str:
    command = [str(binaries() / "pgbench"), *arguments]
    try:
        done = subprocess.run(  # noqa: S603  # PostgreSQL's own program
            command,
            env={**os.environ, **_environment(url)},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise BenchError(f"pgbench failed: {error.stderr}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"pgbench did not run: {error}") from None
    return done.stdout


def _environment(url: str) -> dict[str, str]:
    """Pass the address where no other account can read it."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
    }
