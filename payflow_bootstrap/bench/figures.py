"""What is measured, what it should come to, and what it came to."""

from collections.abc import Mapping, Sequence
from statistics import median

from attrs import field, frozen

PGBENCH = "pgbench"
TRANSFERS = "transfers"
BARE = "bare"
TAIL_MAX = 8.0
"""How many times the median latency the 99th percentile may be, at most."""

GUARDED_MIN = 0.9
"""What keys, permissions, limits and usage leave of the speed of transfers, at least."""

WORKER_MB_MAX = 250.0


@frozen
class Figure:
    """A load, and how fast it should be: ``target`` times what ``base`` did in the same round.

    Without a target it is there to be compared with.

    Each of its requests does ``items`` things; those are what is counted.
    """

    name: str
    about: str
    base: str
    target: float | None
    connections: int = 64
    items: int = 1


FIGURES = (
    Figure(TRANSFERS, "POST /transfers, 64 connections, 1,000 wallets", PGBENCH, 1.0),
    Figure(BARE, "the same without a look at keys, permissions, limits and usage", TRANSFERS, None),
    Figure("hot", "the same, every one touching one hot wallet", TRANSFERS, 0.8),
    Figure("batch", "POST /transfers/batch, 500 a call, 4 connections", PGBENCH, 2.5, 4, items=500),
    Figure("balance", "GET /wallets/{id}/balance, 64 connections", TRANSFERS, 1.0),
)


@frozen
class Sample:
    """What one load came to in one round.

    ``per_second`` counts things done, latencies are in milliseconds and of requests. ``refused``
    answers were not 2xx; ``broken`` ones never came. ``booked`` is how many transfers the journal
    has more. ``generator_cpu`` is the share of a core that making the load took.
    """

    per_second: float
    p50_ms: float
    p99_ms: float | None = None
    requests: int = 0
    refused: int = 0
    broken: int = 0
    booked: int = 0
    generator_cpu: float = 0.0


Round = Mapping[str, Sample]
"""Samples by the names of their figures; pgbench's is there too."""


@frozen
class Verdict:
    """A figure over all rounds: medians, and the median of each round's ratios."""

    name: str
    about: str
    value: float
    unit: str
    p50_ms: float | None = None
    p99_ms: float | None = None
    of_pgbench: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
    each: Sequence[float] = field(factory=list)


def judge(rounds: Sequence[Round], worker_mb: float) -> list[Verdict]:
    """Sum up the rounds: pgbench first, then each figure that was measured."""
    measured = [figure for figure in FIGURES if figure.name in rounds[0]]
    verdicts = [_judge_pgbench(rounds), *(_judge_speed(figure, rounds) for figure in measured)]
    if TRANSFERS in rounds[0]:
        verdicts.append(_judge_tail(rounds))
    if BARE in rounds[0]:
        verdicts.append(_judge_guards(rounds))
    return [*verdicts, _judge_memory(worker_mb)]


def needed(only: Sequence[str]) -> list[Figure]:
    """Return the figures of those names (none: every one) and those they are measured against."""
    wanted = {*only}
    wanted |= {figure.base for figure in FIGURES if figure.name in only}
    return [figure for figure in FIGURES if not only or figure.name in wanted]


def faults_of(figure: Figure, sample: Sample) -> list[str]:
    """Tell why a sample does not count: answers that were no success, or that were not booked."""
    faults = []
    if sample.refused:
        faults.append(f"{sample.refused:,} answers were not 2xx")
    if sample.broken:
        faults.append(f"{sample.broken:,} requests were not answered")
    # What was under way when the time was up is booked, and its answer is not waited for.
    least = 0 if figure.name == "balance" else sample.requests * figure.items
    most = 0 if figure.name == "balance" else least + figure.connections * figure.items
    if not least <= sample.booked <= most:
        faults.append(f"{sample.booked:,} transfers were booked, not {least:,} to {most:,}")
    return faults


def _judge_pgbench(rounds: Sequence[Round]) -> Verdict:
    each = [one[PGBENCH].per_second for one in rounds]
    latency = median(one[PGBENCH].p50_ms for one in rounds)
    about = "TPC-B, -M prepared -c 64 -j 2, scale 50; its latency is a mean"
    return Verdict(PGBENCH, about, median(each), "/s", p50_ms=latency, of_pgbench=1.0, each=each)


def _judge_speed(figure: Figure, rounds: Sequence[Round]) -> Verdict:
    samples = [one[figure.name] for one in rounds]
    ratio = _ratio(rounds, figure.name, figure.base)
    return Verdict(
        figure.name,
        figure.about,
        median(sample.per_second for sample in samples),
        "/s",
        p50_ms=median(sample.p50_ms for sample in samples),
        p99_ms=median(sample.p99_ms or 0.0 for sample in samples),
        of_pgbench=_ratio(rounds, figure.name, PGBENCH),
        ratio=ratio,
        target="" if figure.target is None else f">= {figure.target} x {figure.base}",
        met=None if figure.target is None else ratio >= figure.target,
        each=[sample.per_second for sample in samples],
    )


def _ratio(rounds: Sequence[Round], name: str, base: str) -> float:
    return median(one[name].per_second / one[base].per_second for one in rounds)


def _judge_tail(rounds: Sequence[Round]) -> Verdict:
    each = [(one[TRANSFERS].p99_ms or 0.0) / one[TRANSFERS].p50_ms for one in rounds]
    ratio = median(each)
    return Verdict(
        "p99 / p50",
        "of transfers at 64 connections",
        ratio,
        "x",
        target=f"< {TAIL_MAX:g}",
        met=ratio < TAIL_MAX,
        each=each,
    )


def _judge_guards(rounds: Sequence[Round]) -> Verdict:
    each = [one[TRANSFERS].per_second / one[BARE].per_second for one in rounds]
    ratio = median(each)
    return Verdict(
        "guards",
        "transfers against bare ones: what keys, permissions, limits and usage leave",
        ratio,
        "x",
        target=f">= {GUARDED_MIN:g}",
        met=ratio >= GUARDED_MIN,
        each=each,
    )


def _judge_memory(worker_mb: float) -> Verdict:
    return Verdict(
        "memory",
        "largest resident set of a worker process",
        worker_mb,
        "MB",
        target=f"< {WORKER_MB_MAX:g} MB",
        met=worker_mb < WORKER_MB_MAX,
        each=[worker_mb],
    )
