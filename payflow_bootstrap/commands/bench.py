"""``payflow bench``: measure the project's figures."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import attrs
import click
from rich.console import Console

from payflow_adapters.postgres.server import EmbeddedServerError
from payflow_bootstrap.bench.figures import FIGURES
from payflow_bootstrap.bench.pgbench import BenchError
from payflow_bootstrap.bench.report import show, show_webhooks, to_json
from payflow_bootstrap.bench.run import run_bench
from payflow_bootstrap.bench.webhooks.run import run_webhooks_bench

WIDTH = 110


@click.group(invoke_without_command=True)
@click.option("--seconds", type=click.IntRange(1, 600), default=10, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True)
@click.option(
    "--only",
    type=click.Choice([figure.name for figure in FIGURES]),
    multiple=True,
    help="Measure this figure and what it is measured against; may be given more than once.",
)
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Also write everything there, each sample included.",
)
@click.pass_context
def bench(
    context: click.Context, seconds: int, rounds: int, only: tuple[str, ...], file: Path | None
) -> None:
    """Measure PayFlow against pgbench, on a PostgreSQL server that both share.

    Takes a minute a round, and a gigabyte or two of temporary space.

    Exit status: 0 if the figures were measured, whether or not they meet their targets; 1 if they
    are void, because an answer was wrong or the books are not in order; 2 if it could not be done.
    """
    if context.invoked_subcommand is not None:
        return
    console = _console()
    tell = partial(console.print, markup=False)
    try:
        with _ending_once():
            result = run_bench(seconds=seconds, rounds=rounds, only=only, tell=tell)
    except (BenchError, EmbeddedServerError) as error:
        tell(str(error))
        sys.exit(2)
    if file is not None:
        file.write_text(to_json(result))
    show(result, console)
    sys.exit(1 if result.is_void else 0)


@bench.command()
@click.option("--seconds", type=click.IntRange(1, 600), default=10, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True)
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Also write everything there.",
)
def webhooks(seconds: int, rounds: int, file: Path | None) -> None:
    """Measure how fast events reach endpoints, beside a bare aiohttp loop.

    Exit status: 0 if it was measured, 2 if it could not be, or a delivery went astray.
    """
    console = _console()
    tell = partial(console.print, markup=False)
    try:
        with _ending_once():
            result = run_webhooks_bench(seconds=seconds, rounds=rounds, tell=tell)
    except (BenchError, EmbeddedServerError) as error:
        tell(str(error))
        sys.exit(2)
    if file is not None:
        file.write_text(json.dumps(attrs.asdict(result), indent=2))
    show_webhooks(result, console)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


@contextmanager
def _ending_once() -> Iterator[None]:
    """Let SIGTERM end it as Ctrl-C does, and let nothing cut the cleaning up short."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
