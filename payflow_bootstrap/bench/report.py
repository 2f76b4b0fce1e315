"""What a run came to, for people and for programs."""

import json
from collections.abc import Iterator, Sequence

import attrs
from rich.console import Console
from rich.table import Table

from payflow_adapters.postgres.verify import Fault
from payflow_bootstrap.bench.figures import Verdict
from payflow_bootstrap.bench.machine import Machine
from payflow_bootstrap.bench.run import Result
from payflow_bootstrap.bench.webhooks.run import Result as WebhooksResult

_GENERATOR_BUSY = 0.85
"""From this share of a core on, the generator may be what is slow."""

_OTHERS_MAX = 0.1
"""From this share of all cores on, what else ran may be what is slow."""

_MANY = 1_000


def show(result: Result, console: Console) -> None:
    """Print the figures as a table, with what they were measured on."""
    title = f"Median of {len(result.rounds)} rounds of {result.seconds} s each"
    console.print(table_of(result.verdicts, title))
    for line in (*_circumstances(result), *_doubts(result)):
        console.print(line, markup=False, soft_wrap=True)


def show_webhooks(result: WebhooksResult, console: Console) -> None:
    """Print the figures of webhooks as a table, with what they were measured on."""
    title = f"Median of {len(result.rounds)} rounds of about {result.seconds} s each"
    console.print(table_of(result.verdicts, title))
    for verdict in result.verdicts:
        console.print(f"{verdict.name}: {verdict.about}", markup=False, soft_wrap=True)
    for line in _machine(result.machine, result.generator, result.others_cores):
        console.print(line, markup=False, soft_wrap=True)


def to_json(result: Result) -> str:
    """Write everything, each sample included."""
    return json.dumps({**attrs.asdict(result), "void": result.is_void}, indent=2)


def table_of(verdicts: Sequence[Verdict], title: str) -> Table:
    """Lay the figures out."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("figure")
    for heading in ("median", "p50 ms", "p99 ms", "x pgbench", "against"):
        table.add_column(heading, justify="right")
    table.add_column("target")
    table.add_column("met")
    for verdict in verdicts:
        table.add_row(*_row(verdict))
    return table


def _row(verdict: Verdict) -> Iterator[str]:
    yield verdict.name
    digits = 0 if verdict.value >= _MANY else 1
    yield f"{verdict.value:,.{digits}f} {verdict.unit}"
    for latency in (verdict.p50_ms, verdict.p99_ms):
        yield "" if latency is None else f"{latency:.1f}"
    for ratio in (verdict.of_pgbench, verdict.ratio):
        yield "" if ratio is None else f"{ratio:.2f}"
    yield verdict.target
    yield "" if verdict.met is None else "[green]yes[/]" if verdict.met else "[red]no[/]"


def _circumstances(result: Result) -> Iterator[str]:
    for verdict in result.verdicts:
        yield f"{verdict.name}: {verdict.about}"
    yield "Ratios are medians of the rounds' own; p50 and p99 are of requests."
    yield from _machine(result.machine, result.generator, result.others_cores)
    if result.standstills:
        yield (
            "Measured again, because the machine stood still meanwhile: "
            f"{', '.join(result.standstills)}"
        )
    sizes = (f"{name} {size:.0f} MB" for name, size in result.memory.items())
    yield f"Largest resident sets: {', '.join(sizes)}"
    if not isinstance(result.books, Fault):
        yield f"Books in order: {result.books.transactions:,} transactions verified"


def _machine(machine: Machine, generator: str, others_cores: float) -> Iterator[str]:
    yield (
        f"Machine: {machine.cores} cores ({machine.model}), {machine.memory_gb:.0f} GB, "
        f"{machine.system}; other programs took {others_cores:.2f} cores meanwhile"
    )
    yield (
        f"Versions: payflow {machine.payflow}, Python {machine.python}, "
        f"PostgreSQL {machine.postgres}; load by {generator}"
    )


def _doubts(result: Result) -> Iterator[str]:
    """Tell what speaks against the figures."""
    if result.others_cores > _OTHERS_MAX * result.machine.cores:
        yield f"DOUBTFUL: other programs took {result.others_cores:.2f} cores meanwhile."
    samples = (sample for one in result.rounds for sample in one.values())
    busiest = max(sample.generator_cpu for sample in samples)
    if busiest > _GENERATOR_BUSY:
        yield f"DOUBTFUL: the load generator took {busiest:.0%} of a core and may be what is slow."
    for fault in result.faults:
        yield f"VOID: {fault}"
    if isinstance(result.books, Fault):
        yield f"VOID: {result.books}"
