"""Running it: rounds of pgbench and each figure in turn, then proving the books."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import uuid4

from attrs import Factory, define, evolve, frozen

from payflow_adapters.postgres.verify import Fault, Summary, snapshot, verify
from payflow_bootstrap.bench import load, pgbench
from payflow_bootstrap.bench.environment import Bench, Tell, prepared
from payflow_bootstrap.bench.figures import (
    BARE,
    PGBENCH,
    Figure,
    Round,
    Sample,
    Verdict,
    faults_of,
    judge,
    needed,
)
from payflow_bootstrap.bench.load import Target
from payflow_bootstrap.bench.machine import Machine, OthersWatch, look_around
from payflow_bootstrap.bench.pgbench import BenchError
from payflow_bootstrap.bench.standstill import StandstillWatch

_WARM_UP_S_MAX = 5
_STANDSTILL_S_MAX = 1.0
_ATTEMPTS_MAX = 4


@frozen
class Result:
    """What a run came to; it is void where ``faults`` tells why."""

    machine: Machine
    generator: str
    seconds: int
    rounds: Sequence[Round]
    verdicts: Sequence[Verdict]
    memory: dict[str, float]
    others_cores: float
    books: Summary | Fault
    standstills: Sequence[str]
    faults: Sequence[str]

    @property
    def is_void(self) -> bool:
        """Whether the figures say nothing: an answer was wrong, or the books are."""
        return bool(self.faults) or isinstance(self.books, Fault)


@define
class _Run:
    """A run under way."""

    bench: Bench
    figures: Sequence[Figure]
    seconds: int
    tell: Tell
    memory: dict[str, float] = Factory(dict)
    standstills: list[str] = Factory(list)
    faults: list[str] = Factory(list)

    def round(self, number: int, of: int) -> Round:
        """Measure pgbench and each figure, one right after another."""
        prefix = f"Round {number} of {of}"
        url = self.bench.pgbench_url
        base = self._undisturbed(PGBENCH, partial(pgbench.measure, url, self.seconds))
        measured = {PGBENCH: base}
        self.tell(f"{prefix}: pgbench {measured[PGBENCH].per_second:,.0f}/s")
        for figure in self.figures:
            measure = partial(self.measure, figure, self.seconds)
            sample = self._undisturbed(figure.name, measure)
            measured[figure.name] = sample
            self.tell(
                f"{prefix}: {figure.name} {sample.per_second:,.0f}/s, "
                f"p50 {sample.p50_ms:.1f} ms, p99 {sample.p99_ms:.1f} ms"
            )
            for fault in faults_of(figure, sample):
                self.faults.append(f"{prefix}, {figure.name}: {fault}")
                self.tell(self.faults[-1])
        return measured

    def measure(self, figure: Figure, seconds: int) -> Sample:
        before = self.bench.booked()
        sample = load.measure(self._target_of(figure), figure, seconds, run_id=uuid4().hex[:12])
        booked = self.bench.booked() - before
        for process, megabytes in self.bench.memory().items():
            self.memory[process] = max(self.memory.get(process, 0.0), megabytes)
        return evolve(sample, booked=booked)

    def _target_of(self, figure: Figure) -> Target:
        return self.bench.bare_target if figure.name == BARE else self.bench.target

    def _undisturbed(self, name: str, measure: Callable[[], Sample]) -> Sample:
        """Measure again where the machine stood still meanwhile, whatever it was that came out."""
        for _ in range(_ATTEMPTS_MAX):
            with StandstillWatch() as watch:
                sample = measure()
            if watch.longest_s >= _STANDSTILL_S_MAX:
                self.standstills.append(f"{name}: {watch.longest_s:.1f} s")
                self.tell(f"The machine stood still for {watch.longest_s:.1f} s: {name} once more")
            elif sample.per_second:
                return sample
            else:
                raise BenchError(f"Not one request of {name} was answered.")
        raise BenchError(f"The machine stood still each of {_ATTEMPTS_MAX} times; try later.")

    def warm_up(self) -> None:
        """Fill the caches of both, and let each make its plans."""
        seconds = min(self.seconds, _WARM_UP_S_MAX)
        self.tell(f"Warming up, {seconds} s each")
        pgbench.measure(self.bench.pgbench_url, seconds)
        for figure in self.figures:
            self.measure(figure, seconds)


def run_bench(*, seconds: int, rounds: int, only: Sequence[str], tell: Tell) -> Result:
    """Measure the figures of the names in ``only`` (none: all), each for ``seconds`` a round.

    Raises ``BenchError`` where it cannot be done.
    """
    with prepared(tell) as bench:
        machine = look_around(bench.payflow_url)
        run = _Run(bench, needed(only), seconds, tell)
        run.warm_up()
        with OthersWatch() as others:
            measured = [run.round(number, rounds) for number in range(1, rounds + 1)]
        tell("Verifying the books")
        with snapshot(bench.payflow_url) as connection:
            books = verify(connection)
    workers = [size for name, size in run.memory.items() if name.startswith("worker")]
    return Result(
        machine=machine,
        generator=load.generator_name(),
        seconds=seconds,
        rounds=measured,
        verdicts=judge(measured, max(workers, default=0.0)),
        memory=run.memory,
        others_cores=others.cores,
        books=books,
        standstills=run.standstills,
        faults=run.faults,
    )
