"""Counting requests in memory, and keeping what was counted every few seconds."""

from bisect import bisect_left
from collections import Counter
from datetime import UTC, datetime
from time import perf_counter
from typing import NamedTuple

import structlog
from attrs import Factory, define, frozen
from falcon.asgi import Response
from uuid_utils import uuid7

from payflow_domain.access.usage import (
    ADDRESSES_MAX,
    LATENCIES_MS,
    NO_COUNTS,
    OTHER,
    Counts,
    Flush,
    KeyDay,
    RouteMinute,
    Use,
)
from payflow_domain.access.usage_service import Usage
from payflow_domain.ids import KeyId, LedgerId
from payflow_http.addresses import ClientAddresses
from payflow_http.incoming import ApiRequest
from payflow_http.threads import Threads

KEEP_PERIOD_S = 3.0
"""How often what was counted is kept: a process that is killed loses no more than that."""

CELLS_MAX = 20_000
"""How many sorts of request are told apart between two times; more are not counted."""

_KEYS_MAX = 10_000
_SERVER_ERROR, _CLIENT_ERROR, _LIMITED = 500, 400, 429
_MINUTE_S, _DAY_S = 60, 86_400

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Sort(NamedTuple):
    """What is told apart: requests that are alike in all of this are counted together."""

    key_id: KeyId
    ledger_id: LedgerId
    method: str
    path: str
    address: str
    minute: int


@define(eq=False)
class Cell:
    """How requests of one sort went."""

    latencies: list[int] = Factory(lambda: [0] * (len(LATENCIES_MS) + 1))
    client_errors: int = 0
    server_errors: int = 0
    limited: int = 0

    def count(self, status: int, elapsed_ms: float) -> None:
        self.latencies[bisect_left(LATENCIES_MS, elapsed_ms)] += 1
        if status < _CLIENT_ERROR:
            return
        if status >= _SERVER_ERROR:
            self.server_errors += 1
        elif status == _LIMITED:
            self.limited += 1
        else:
            self.client_errors += 1

    def counts(self) -> Counts:
        latencies = tuple(self.latencies)
        return Counts(latencies, self.client_errors, self.server_errors, self.limited)


@define(eq=False)
class RequestCounter:
    """Counts each request whose actor is known, once it is answered."""

    usage: Usage
    addresses: ClientAddresses
    threads: Threads
    process: str = Factory(lambda: str(uuid7()))
    _cells: dict[Sort, Cell] = Factory(dict)
    _last_used: dict[KeyId, float] = Factory(dict)
    _seen: dict[KeyId, tuple[int, set[str]]] = Factory(dict)
    _uncounted: int = 0
    _flushes: int = 0
    _offered: "_Offered | None" = None

    async def process_response(
        self,
        req: ApiRequest,
        resp: Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001 - Falcon's signature
    ) -> None:
        actor = req.actor
        if actor is None:
            return
        now = self.usage.clock.now().timestamp()
        address = self._told_apart(actor.key_id, self.addresses.of(req), int(now) // _DAY_S)
        minute = int(now) // _MINUTE_S
        sort = Sort(
            actor.key_id, actor.ledger_id, req.method, req.uri_template or "", address, minute
        )
        cell = self._cells.get(sort) or self._new_cell(sort)
        cell.count(resp.status_code, (perf_counter() - req.started_at) * 1000)
        self._last_used[actor.key_id] = now

    async def keep(self) -> None:
        """Add what was counted to the record; raises ``Unavailable``, and nothing is lost.

        Then nobody knows whether it was added: it is offered again as it is, so that it is counted
        once.
        """
        if self._offered is not None:
            await self._offer(self._offered)
        if not self._cells:
            return
        self._flushes += 1
        flush = Flush(self.process, self._flushes)
        self._offered = _Offered(self._cells, self._last_used, flush)
        self._cells, self._last_used = {}, {}
        await self._offer(self._offered)
        if self._uncounted:
            _logger.warning("requests_not_counted", requests=self._uncounted)
            self._uncounted = 0

    async def _offer(self, offered: "_Offered") -> None:
        await self.threads.run(lambda: self.usage.add(offered.use(), offered.flush))
        self._offered = None

    def _told_apart(self, key_id: KeyId, address: str, day: int) -> str:
        """Return the address, or that it is one of too many."""
        seen_on, seen = self._seen.get(key_id) or (-1, set())
        if seen_on != day:
            if len(self._seen) >= _KEYS_MAX:
                self._seen.clear()
            seen = set()
            self._seen[key_id] = day, seen
        if address not in seen:
            if len(seen) >= ADDRESSES_MAX:
                return OTHER
            seen.add(address)
        return address

    def _new_cell(self, sort: Sort) -> Cell:
        if len(self._cells) >= CELLS_MAX:
            self._uncounted += 1
            return Cell()
        cell = self._cells[sort] = Cell()
        return cell


@frozen
class _Offered:
    """What was counted up to a moment, and is to be in the record once."""

    cells: dict[Sort, Cell]
    last_used: dict[KeyId, float]
    flush: Flush

    def use(self) -> Use:
        return _use(self.cells, self.last_used)


def _use(cells: dict[Sort, Cell], last_used: dict[KeyId, float]) -> Use:
    minutes: dict[RouteMinute, Counts] = {}
    keys: Counter[KeyDay] = Counter()
    for sort, cell in cells.items():
        at = datetime.fromtimestamp(sort.minute * _MINUTE_S, UTC)
        route, counts = f"{sort.method} {sort.path}", cell.counts()
        minute = RouteMinute(sort.ledger_id, at, route)
        minutes[minute] = minutes.get(minute, NO_COUNTS) + counts
        for by in ({"route": route}, {"address": sort.address}):
            keys[KeyDay(sort.ledger_id, sort.key_id, at.date(), **by)] += counts.requests
    used_at = {key_id: datetime.fromtimestamp(at, UTC) for key_id, at in last_used.items()}
    return Use(minutes, keys, used_at)
