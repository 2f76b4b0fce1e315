"""What a run of the benchmark comes to."""

import pytest
from attrs import evolve

from payflow_bootstrap.bench.figures import FIGURES, PGBENCH, Sample, faults_of, judge, needed
from payflow_bootstrap.bench.pgbench import BenchError, read_report

TRANSFERS, BARE, HOT, BATCH, BALANCE = FIGURES


def sample(per_second: float, p50_ms: float = 10.0, p99_ms: float = 20.0) -> Sample:
    return Sample(per_second, p50_ms, p99_ms)


def transfers_of(*pairs: tuple[float, float]) -> list[dict[str, Sample]]:
    return [{PGBENCH: sample(base), "transfers": sample(speed)} for base, speed in pairs]


class TestJudging:
    def test_takes_the_median_of_each_rounds_own_ratio(self) -> None:
        rounds = transfers_of((1000, 2000), (2000, 2000), (4000, 6000))

        _, transfers, *_ = judge(rounds, worker_mb=100)

        assert (transfers.value, transfers.ratio, transfers.of_pgbench) == (2000, 1.5, 1.5)

    @pytest.mark.parametrize(("speed", "met"), [(999, False), (1000, True), (1001, True)])
    def test_tells_whether_a_target_is_met(self, speed: float, *, met: bool) -> None:
        _, transfers, *_ = judge(transfers_of((1000, speed)), worker_mb=100)

        assert transfers.met is met

    def test_measures_a_figure_against_its_base_and_against_pgbench(self) -> None:
        rounds = [{PGBENCH: sample(1000), "transfers": sample(2000), "hot": sample(1500)}]

        hot = next(one for one in judge(rounds, worker_mb=100) if one.name == "hot")

        assert (hot.ratio, hot.of_pgbench, hot.met) == (0.75, 1.5, False)

    @pytest.mark.parametrize(("p99_ms", "met"), [(79.9, True), (80.0, False)])
    def test_bounds_the_slowest_transfers(self, p99_ms: float, *, met: bool) -> None:
        rounds = [{PGBENCH: sample(1000), "transfers": sample(2000, 10.0, p99_ms)}]

        tail = next(one for one in judge(rounds, worker_mb=100) if one.name == "p99 / p50")

        assert tail.met is met

    @pytest.mark.parametrize(("worker_mb", "met"), [(249.9, True), (250.0, False)])
    def test_bounds_the_memory_of_a_worker(self, worker_mb: float, *, met: bool) -> None:
        memory = judge(transfers_of((1000, 1000)), worker_mb)[-1]

        assert (memory.name, memory.met) == ("memory", met)


class TestFiguresThatAreAskedFor:
    def test_are_all_of_them_by_default(self) -> None:
        assert needed(()) == list(FIGURES)

    def test_come_with_what_they_are_measured_against(self) -> None:
        assert needed(("hot",)) == [TRANSFERS, HOT]
        assert needed(("batch",)) == [BATCH]


class TestSamples:
    def test_count_where_every_answer_was_booked(self) -> None:
        good = evolve(sample(100), requests=1000, booked=1000)

        assert faults_of(TRANSFERS, good) == []

    def test_count_with_transfers_under_way_when_the_time_was_up(self) -> None:
        assert faults_of(TRANSFERS, evolve(sample(100), requests=1000, booked=1064)) == []
        assert faults_of(BATCH, evolve(sample(100), requests=10, booked=7000)) == []

    @pytest.mark.parametrize("booked", [999, 1065])
    def test_are_void_where_more_or_fewer_were_booked(self, booked: int) -> None:
        wrong = evolve(sample(100), requests=1000, booked=booked)

        assert faults_of(TRANSFERS, wrong) == [
            f"{booked:,} transfers were booked, not 1,000 to 1,064"
        ]

    def test_are_void_where_a_request_was_refused_or_not_answered(self) -> None:
        wrong = evolve(sample(100), requests=1000, booked=1000, refused=1, broken=2)

        assert faults_of(TRANSFERS, wrong) == [
            "1 answers were not 2xx",
            "2 requests were not answered",
        ]

    def test_of_reads_book_nothing(self) -> None:
        assert faults_of(BALANCE, evolve(sample(100), requests=1000)) == []
        assert faults_of(BALANCE, evolve(sample(100), requests=1000, booked=1)) != []


class TestPgbenchsReport:
    def test_is_read(self) -> None:
        report = (
            "number of transactions actually processed: 6830\n"
            "number of failed transactions: 3 (0.044%)\n"
            "latency average = 28.713 ms\n"
            "initial connection time = 92.201 ms\n"
            "tps = 2228.953512 (without initial connection time)\n"
        )

        assert read_report(report) == Sample(2228.953512, 28.713, refused=3)

    def test_is_not_guessed_at(self) -> None:
        with pytest.raises(BenchError, match="pgbench's report is not as expected"):
            read_report("tps = many")
