"""The load for machines without wrk: raw requests on kept-alive connections, one at a time each.

``python -m payflow_bootstrap.bench.generator URL CONNECTIONS SECONDS KIND RUN WALLETS ITEMS``; the
last four, the API key in PAYFLOW_API_KEY and the line of JSON that it prints are those of
transfers.lua.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import cast
from urllib.parse import urlsplit

import uvloop
from attrs import Factory, define, frozen

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_SUCCESS = (b"200", b"201")
_CONNECT_TIMEOUT_S = 10
_ANSWER_TIMEOUT_S = 10


@define
class Requests:
    """Makes requests of one kind."""

    head: str
    run_id: str
    wallets: list[str]
    items: int
    made: int = 0

    def transfers(self) -> bytes:
        return self._post("/api/v1/transfers", self._transfer(*random.sample(self.wallets, 2)))

    def hot(self) -> bytes:
        ends = [self.wallets[0], random.choice(self.wallets[1:])]  # noqa: S311  # no secret
        return self._post("/api/v1/transfers", self._transfer(*ends[:: 1 - self.made % 2 * 2]))

    def batch(self) -> bytes:
        each = [self._transfer(*random.sample(self.wallets, 2)) for _ in range(self.items)]
        body = '{"mode":"independent","transfers":[' + ",".join(each) + "]}"
        return self._post("/api/v1/transfers/batch", body)

    def balance(self) -> bytes:
        wallet = random.choice(self.wallets)  # noqa: S311  # no secret
        return f"GET /api/v1/wallets/{wallet}/balance{self.head}\r\n".encode()

    def _transfer(self, source: str, target: str) -> str:
        return (
            f'{{"fromWalletId":"{source}","toWalletId":"{target}",'
            f'"amount":{random.randint(1, 100)},"currency":"EUR"}}'  # noqa: S311  # no secret
        )

    def _post(self, path: str, body: str) -> bytes:
        self.made += 1
        return (
            f"POST {path}{self.head}Content-Type: application/json\r\n"
            f"Idempotency-Key: {self.run_id}-{self.made}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


@define
class Tally:
    """What came of the requests."""

    latencies: list[float] = Factory(list)
    refused: int = 0
    broken: int = 0


@define(eq=False)
class Caller(asyncio.Protocol):
    """One connection: the next request goes out when the last one is answered."""

    make: Callable[[], bytes]
    tally: Tally
    deadline: float
    done: asyncio.Future[None]
    _transport: asyncio.Transport | None = None
    _buffer: bytes = b""
    _sent_at: float = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        length = _answer_length(self._buffer)
        if length is None or len(self._buffer) < length:
            return
        now = time.perf_counter()
        self.tally.latencies.append(now - self._sent_at)
        self.tally.refused += self._buffer[9:12] not in _SUCCESS
        self._buffer = b""
        if now < self.deadline:
            self._send()
        else:
            self._finish()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.tally.broken += 1
            self._finish()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        if self._transport is not None:
            self._transport.write(self.make())

    def _finish(self) -> None:
        self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()


@frozen
class Load:
    """What to do: as the command line says."""

    url: str
    connections: int
    seconds: float
    kind: str
    run_id: str
    wallets: Path
    items: int

    def requests(self, api_key: str) -> Callable[[], bytes]:
        head = (
            f" HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\nAuthorization: Bearer {api_key}\r\n"
        )
        requests = Requests(head, self.run_id, self.wallets.read_text().split(), self.items)
        makers = {
            "transfers": requests.transfers,
            "bare": requests.transfers,
            "hot": requests.hot,
            "batch": requests.batch,
            "balance": requests.balance,
        }
        return makers[self.kind]


async def run(load: Load, api_key: str) -> dict[str, float]:
    """Make the load; whoever is not answered in time counts as broken."""
    loop, make, tally = asyncio.get_running_loop(), load.requests(api_key), Tally()
    host, port = urlsplit(load.url).netloc.split(":")
    started = time.perf_counter()
    callers = [
        Caller(make, tally, started + load.seconds, loop.create_future())
        for _ in range(load.connections)
    ]
    async with asyncio.timeout(_CONNECT_TIMEOUT_S):
        for caller in callers:
            await loop.create_connection(lambda: caller, host, int(port))  # noqa: B023
    futures = [caller.done for caller in callers]
    _, late = await asyncio.wait(futures, timeout=load.seconds + _ANSWER_TIMEOUT_S)
    tally.broken += len(late)
    return _sum_up(tally, time.perf_counter() - started)


def _sum_up(tally: Tally, seconds: float) -> dict[str, float]:
    cuts = quantiles(tally.latencies, n=100) if len(tally.latencies) > 1 else [0.0] * 99
    return {
        "requests": len(tally.latencies),
        "seconds": seconds,
        "refused": tally.refused,
        "broken": tally.broken,
        "p50Ms": cuts[49] * 1000,
        "p99Ms": cuts[98] * 1000,
    }


def _answer_length(buffer: bytes) -> int | None:
    """Return how long the answer that begins the buffer is, once its head is there."""
    end = buffer.find(_HEAD_END)
    if end < 0:
        return None
    head = buffer[: end + 2].lower()
    at = head.find(_LENGTH)
    length = int(head[at + len(_LENGTH) : head.find(b"\r\n", at)]) if at >= 0 else 0
    return end + len(_HEAD_END) + length


def main(arguments: list[str]) -> None:
    url, connections, seconds, kind, run_id, wallets, items = arguments
    load = Load(url, int(connections), float(seconds), kind, run_id, Path(wallets), int(items))
    print(json.dumps(uvloop.run(run(load, os.environ["PAYFLOW_API_KEY"]))))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
