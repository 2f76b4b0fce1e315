"""The record of use: what was asked of each ledger, by which keys, and how long it took."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Protocol

from attrs import frozen

from payflow_domain.ids import KeyId, LedgerId

LATENCIES_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000)
"""The upper bounds of a histogram's buckets; one more bucket has what took longer."""

MINUTES_KEPT = timedelta(days=35)
DAYS_KEPT = timedelta(days=400)

ADDRESSES_MAX = 20
"""How many addresses of one key are told apart on one day, by each process."""

ADDRESSES_KEPT_MAX = 100
"""How many are in the record, all processes together; those that add at one time may add more."""

OTHER = "other"
"""What further addresses are counted as."""


@frozen
class Counts:
    """How requests went.

    ``limited`` had 429, ``client_errors`` another 4xx and ``server_errors`` 5xx. ``latencies``
    counts all of them by how long they took: see ``LATENCIES_MS``.
    """

    latencies: tuple[int, ...]
    client_errors: int = 0
    server_errors: int = 0
    limited: int = 0

    @property
    def requests(self) -> int:
        return sum(self.latencies)

    def __add__(self, other: "Counts") -> "Counts":
        pairs = zip(self.latencies, other.latencies, strict=True)
        return Counts(
            tuple(one + two for one, two in pairs),
            self.client_errors + other.client_errors,
            self.server_errors + other.server_errors,
            self.limited + other.limited,
        )

    def latency_ms(self, percent: int) -> int | None:
        """Return within how many milliseconds ``percent`` of all were answered.

        That is the upper bound of a bucket; ``None`` where there is none, or there was nothing.
        """
        wanted = -(-self.requests * percent // 100)
        reached = zip(LATENCIES_MS, accumulate(self.latencies), strict=False)
        return next((bound for bound, count in reached if wanted and count >= wanted), None)


NO_COUNTS = Counts((0,) * (len(LATENCIES_MS) + 1))


@frozen
class RouteMinute:
    """A minute of one route of a ledger; a route is a method and a path with its parameters."""

    ledger_id: LedgerId
    minute: datetime
    route: str


@frozen
class RouteDay:
    """A day (in UTC) of one route of a ledger."""

    ledger_id: LedgerId
    day: date
    route: str


@frozen
class KeyDay:
    """A day of one key, by ``route`` or by ``address``: the other one is ``None``."""

    ledger_id: LedgerId
    key_id: KeyId
    day: date
    route: str | None = None
    address: str | None = None


@frozen
class Use:
    """What is to be added to the record."""

    minutes: Mapping[RouteMinute, Counts]
    keys: Mapping[KeyDay, int]
    last_used: Mapping[KeyId, datetime]

    def days(self) -> dict[RouteDay, Counts]:
        """Return the minutes, added up by day."""
        days: dict[RouteDay, Counts] = {}
        for one, counts in self.minutes.items():
            day = RouteDay(one.ledger_id, one.minute.date(), one.route)
            days[day] = days.get(day, NO_COUNTS) + counts
        return days


@frozen
class Flush:
    """What tells one addition to the record from all others: a process numbers its own.

    A process adds the next one only once it knows that this one is in the record.
    """

    process: str
    number: int


class UsageWriter(Protocol):
    """Keeps the record."""

    def add_use(self, use: Use, flush: Flush) -> None:
        """Add to what is there, all of it or nothing; nothing if that flush is in it already."""
        ...

    def forget_use(self, minutes_before: datetime, days_before: date, limit: int) -> int:
        """Remove up to ``limit`` of the minutes and of the days before these.

        Returns how many were removed.
        """
        ...


class UsageReader(Protocol):
    """Reads the record of a ledger, from one day to another, both included."""

    def route_days(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[RouteDay, Counts]]:
        """Return days and their routes, in that order."""
        ...

    def minutes(self, ledger_id: LedgerId, day: date) -> Sequence[tuple[datetime, Counts]]:
        """Return the minutes of a day in which there was anything, all routes together."""
        ...

    def key_days(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[KeyDay, int]]:
        """Return how often keys were used, by key, day, and route or address, in that order."""
        ...


def start_of(day: date) -> datetime:
    """Return the moment at which a day begins, in UTC."""
    return datetime.combine(day, time.min, UTC)


def end_of(day: date) -> datetime:
    """Return the last microsecond of a day, in UTC."""
    return datetime.combine(day, time.max, UTC)
