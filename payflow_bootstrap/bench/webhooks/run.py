"""Running it: rounds of each measurement, then what they came to."""

from collections.abc import Sequence
from statistics import median

from attrs import frozen

from payflow_bootstrap.bench import load
from payflow_bootstrap.bench.environment import Tell
from payflow_bootstrap.bench.figures import Verdict
from payflow_bootstrap.bench.machine import Machine, OthersWatch, look_around
from payflow_bootstrap.bench.webhooks import measures
from payflow_bootstrap.bench.webhooks.environment import Post, prepared

DELIVERED_MIN = 2_000
OF_BARE_MIN = 0.4
P50_MS_MAX, P99_MS_MAX = 50, 250
OF_ALONE_MIN = 0.6
CROWDED_MAX = 2.0


@frozen
class Round:
    """What was measured in one round, one right after another."""

    speed: measures.Speed
    latency: measures.Latency
    crowd: measures.Latency
    crowd_with_hanging: measures.Latency
    transfers_alone: float
    transfers_told: float


@frozen
class Result:
    """What a run came to."""

    machine: Machine
    generator: str
    seconds: int
    rounds: Sequence[Round]
    verdicts: Sequence[Verdict]
    others_cores: float


def run_webhooks_bench(*, seconds: int, rounds: int, tell: Tell) -> Result:
    """Measure everything, each for about ``seconds`` a round.

    Raises ``BenchError`` where it cannot be done, or where a delivery was lost or made twice.
    """
    with prepared(tell) as post:
        machine = look_around(post.url)
        with OthersWatch() as others:
            measured = [_round(post, seconds, tell) for _ in range(rounds)]
    return Result(machine, load.generator_name(), seconds, measured, judge(measured), others.cores)


def _round(post: Post, seconds: int, tell: Tell) -> Round:
    speed = measures.speed(post, seconds)
    tell(f"{speed.delivered:,.0f} deliveries/s; a bare aiohttp loop {speed.bare:,.0f} posts/s")
    latency = measures.latency(post, seconds)
    tell(f"From commit to first attempt: p50 {latency.p50_ms:.1f} ms, p99 {latency.p99_ms:.1f} ms")
    crowd = measures.latency_in_crowd(post, seconds, with_hanging=False)
    hanging = measures.latency_in_crowd(post, seconds, with_hanging=True)
    tell(f"With 20 endpoints p99 {crowd.p99_ms:.1f} ms; one hanging {hanging.p99_ms:.1f} ms")
    alone = measures.transfers(post, seconds, with_worker=False)
    told = measures.transfers(post, seconds, with_worker=True)
    tell(f"{alone:,.0f} transfers/s; {told:,.0f} while they are told of")
    return Round(speed, latency, crowd, hanging, alone, told)


def judge(rounds: Sequence[Round]) -> list[Verdict]:
    """Sum up the rounds by medians; ratios are the median of the rounds' own."""
    delivered = [one.speed.delivered for one in rounds]
    of_bare = median(one.speed.delivered / one.speed.bare for one in rounds)
    p50 = median(one.latency.p50_ms for one in rounds)
    p99 = median(one.latency.p99_ms for one in rounds)
    crowded = [one.crowd_with_hanging.p99_ms / one.crowd.p99_ms for one in rounds]
    of_alone = median(one.transfers_told / one.transfers_alone for one in rounds)
    return [
        Verdict(
            "deliveries",
            f"signed, recorded; {measures.ENDPOINTS} endpoints, one worker",
            median(delivered),
            "/s",
            target=f">= {DELIVERED_MIN:,}/s",
            met=median(delivered) >= DELIVERED_MIN,
            each=delivered,
        ),
        Verdict(
            "of bare loop",
            "the same against a bare aiohttp loop that posts to the same sink",
            median(one.speed.bare for one in rounds),
            "/s",
            ratio=of_bare,
            target=f">= {OF_BARE_MIN} x",
            met=of_bare >= OF_BARE_MIN,
        ),
        Verdict(
            "first attempt",
            f"from commit, at {measures.EVENTS_PER_SECOND} events/s",
            p50,
            "ms",
            p50_ms=p50,
            p99_ms=p99,
            target=f"p50 < {P50_MS_MAX}, p99 < {P99_MS_MAX} ms",
            met=p50 < P50_MS_MAX and p99 < P99_MS_MAX,
        ),
        Verdict(
            "one hanging",
            f"p99 of {measures.CROWD - 1} endpoints beside one that hangs, against without it",
            median(one.crowd_with_hanging.p99_ms for one in rounds),
            "ms",
            ratio=median(crowded),
            target=f"<= {CROWDED_MAX:g} x",
            met=median(crowded) <= CROWDED_MAX,
            each=crowded,
        ),
        Verdict(
            "transfers told",
            "POST /transfers with one endpoint and the worker, against without",
            median(one.transfers_told for one in rounds),
            "/s",
            ratio=of_alone,
            target=f">= {OF_ALONE_MIN} x alone",
            met=of_alone >= OF_ALONE_MIN,
        ),
    ]
