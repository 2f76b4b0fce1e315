"""Making the load: with wrk where it is installed, else with a generator of our own."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from attrs import field, frozen

from payflow_bootstrap.bench.figures import Figure, Sample
from payflow_bootstrap.bench.pgbench import BenchError

SCRIPT = Path(__file__).with_name("transfers.lua")
GENERATOR = "payflow_bootstrap.bench.generator"
_TIMEOUT_S = 10
_GRACE_S = 60


@frozen
class Target:
    """The API under load, and the wallets to load it with; the first of them is the hot one."""

    url: str
    api_key: str = field(repr=False)
    wallets: Path


def generator_name() -> str:
    """Name the generator that will be used, with its version."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return "Python's asyncio, for want of wrk"
    # It tells its version with exit status 1.
    shown = subprocess.run([wrk, "-v"], capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    return " ".join(shown.stdout.split()[:2]) or "wrk"


def measure(target: Target, figure: Figure, seconds: int, run_id: str) -> Sample:
    """Load the API for ``seconds``; idempotency keys begin with ``run_id``.

    Raises ``BenchError`` where the generator fails.
    """
    make = _wrk if shutil.which("wrk") else _own
    command = make(target, figure, seconds)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = _run(
        [*command, figure.name, run_id, str(target.wallets), str(figure.items)],
        target.api_key,
        seconds + _GRACE_S,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sample(
        per_second=told["requests"] * figure.items / told["seconds"],
        p50_ms=told["p50Ms"],
        p99_ms=told["p99Ms"],
        requests=int(told["requests"]),
        refused=int(told["refused"]),
        broken=int(told["broken"]),
        generator_cpu=cpu / told["seconds"],
    )


def _wrk(target: Target, figure: Figure, seconds: int) -> list[str]:
    """One thread is plenty: it is a fifth busy at what the API can do on two cores."""
    load = ["-t", "1", "-c", str(figure.connections), "-d", f"{seconds}s"]
    return ["wrk", *load, "--timeout", f"{_TIMEOUT_S}s", "-s", str(SCRIPT), target.url, "--"]


def _own(target: Target, figure: Figure, seconds: int) -> list[str]:
    own = [sys.executable, "-m", GENERATOR]
    return [*own, target.url, str(figure.connections), str(seconds)]


def _run(command: list[str], api_key: str, timeout_s: float) -> dict[str, float]:
    """Run a generator and return the result that is its last line."""
    try:
        done = subprocess.run(  # noqa: S603  # the command is our own
            command,
            env={**os.environ, "PAYFLOW_API_KEY": api_key},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=True,
        )
        told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        raise BenchError(f"The load generator failed: {error.stderr or error.stdout}") from None
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"The load generator did not run: {error}") from None
    return told
