"""The measurements, one function for each."""

import http.client
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import orjson
from attrs import frozen

from payflow_bootstrap.bench import load
from payflow_bootstrap.bench.figures import FIGURES
from payflow_bootstrap.bench.pgbench import BenchError
from payflow_bootstrap.bench.webhooks.environment import EVENTS_OF_A_TRANSFER, Post, query

ENDPOINTS = 4
UNDER_WAY = 64
EVENTS_PER_SECOND = 100
CROWD = 20
"""How many endpoints there are where one of them hangs."""

_BODY_BYTES = 500
_GUESS_PER_SECOND = 6_000
_DRAIN_TIMEOUT_S = 120
_LOOK_S = 0.1
_TRANSFERS = FIGURES[0]

_COUNT = """
    SELECT count(*) FILTER (WHERE status = 'delivered'), count(*), max(attempts_made)
    FROM webhook_deliveries WHERE endpoint_id = ANY (%s)
"""
_LATENCY = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), percentile_cont(0.99)
      WITHIN GROUP (ORDER BY ms), count(*)
    FROM (
      SELECT extract(epoch FROM (attempts -> 0 ->> 'at')::timestamptz - created_at) * 1000 AS ms
      FROM webhook_deliveries WHERE endpoint_id = ANY (%s) AND created_at > %s
    ) first
"""


@frozen
class Speed:
    """Deliveries a second, and posts a second by a bare loop just before."""

    delivered: float
    bare: float


@frozen
class Latency:
    """From an event to its first attempt, in milliseconds."""

    p50_ms: float
    p99_ms: float


def speed(post: Post, seconds: int) -> Speed:
    """Have a worker deliver what is there already; all of it is recorded in the end."""
    bare = post.sink.posts_by_bare_loop(UNDER_WAY, seconds, _BODY_BYTES)
    endpoints = post.subscribe(*(f"fast/{number}" for number in range(ENDPOINTS)))
    transfers = seconds * _GUESS_PER_SECOND // ENDPOINTS // EVENTS_OF_A_TRANSFER
    post.transfer(transfers)
    total = transfers * EVENTS_OF_A_TRANSFER * ENDPOINTS
    before = post.sink.taken()
    with post.worker():
        first_at, first = _await_count(post, before + 1)
        # The end is left out: it has fewer attempts under way.
        last_at, last = _await_count(post, before + total * 9 // 10)
        _await_all(post, endpoints, total)
    post.unsubscribe(endpoints)
    return Speed((last - first) / (last_at - first_at), bare)


def latency(post: Post, seconds: int) -> Latency:
    """Make events at a steady rate while a worker runs, with one endpoint."""
    endpoints = post.subscribe("steady")
    return _latency(post, seconds, endpoints, endpoints)


def latency_in_crowd(post: Post, seconds: int, *, with_hanging: bool) -> Latency:
    """Do so with ``CROWD`` endpoints, of which one may hang; it is not counted."""
    endpoints = post.subscribe(*(f"crowd/{number}" for number in range(CROWD - 1)))
    one_more = post.subscribe("hang" if with_hanging else "crowd")
    return _latency(post, seconds, endpoints, endpoints + one_more)


def _latency(
    post: Post, seconds: int, endpoints: Sequence[str], all_of_them: Sequence[str]
) -> Latency:
    with post.api(), post.worker():
        # Until these are there, the worker has not started.
        post.transfer(1)
        warmed_up = EVENTS_OF_A_TRANSFER * len(endpoints)
        _await_all(post, endpoints, warmed_up)
        started_at = datetime.now(UTC)
        made = _transfer_steadily(post, seconds) * EVENTS_OF_A_TRANSFER * len(endpoints)
        _await_all(post, endpoints, warmed_up + made)
        p50, p99, count = query(post.url, _LATENCY, [*endpoints], started_at)
    post.unsubscribe(all_of_them)
    if count != made:
        raise BenchError(f"{count:,.0f} attempts were made, not {made:,}.")
    return Latency(p50, p99)


def transfers(post: Post, seconds: int, *, with_worker: bool) -> float:
    """Return the single transfers a second over HTTP, alone or while they are told of."""
    with post.api():
        if not with_worker:
            return load.measure(post.target, _TRANSFERS, seconds, uuid4().hex[:12]).per_second
        endpoints = post.subscribe("told")
        with post.worker():
            sample = load.measure(post.target, _TRANSFERS, seconds, uuid4().hex[:12])
        post.unsubscribe(endpoints)
        return sample.per_second


def _transfer_steadily(post: Post, seconds: int) -> int:
    """Make transfers one after another, so that there are so many events a second."""
    wallets = post.target.wallets.read_text().split()
    headers = {
        "Authorization": f"Bearer {post.target.api_key}",
        "Content-Type": "application/json",
    }
    connection = http.client.HTTPConnection(post.target.url.removeprefix("http://"), timeout=10)
    made = seconds * EVENTS_PER_SECOND // EVENTS_OF_A_TRANSFER
    started = time.monotonic()
    for number in range(made):
        due = started + number * EVENTS_OF_A_TRANSFER / EVENTS_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        of = {"fromWalletId": wallets[number % 50], "toWalletId": wallets[50 + number % 50]}
        body = orjson.dumps({**of, "amount": 1, "currency": "EUR"})
        connection.request("POST", "/api/v1/transfers", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.CREATED:
            raise BenchError(f"A transfer was answered {answer.status}.")
    connection.close()
    return made


def _await_count(post: Post, count: int) -> tuple[float, int]:
    """Wait until so many posts came; tell when that was seen, and how many there were."""
    deadline = time.monotonic() + _DRAIN_TIMEOUT_S
    while (taken := post.sink.taken()) < count:
        if time.monotonic() > deadline:
            raise BenchError(f"Only {taken:,} of {count:,} posts came.")
        time.sleep(_LOOK_S)
    return time.monotonic(), taken


def _await_all(post: Post, endpoints: Sequence[str], total: int) -> None:
    """Wait until all deliveries are recorded, each in one attempt."""
    deadline = time.monotonic() + _DRAIN_TIMEOUT_S
    counted: tuple[float, ...] = ()
    while time.monotonic() < deadline:
        counted = query(post.url, _COUNT, [*endpoints])
        if counted[0] == total:
            break
        time.sleep(_LOOK_S)
    if counted != (total, total, 1):
        raise BenchError(f"Not each of {total:,} deliveries was recorded once: {counted}.")
