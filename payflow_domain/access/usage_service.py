"""The use cases of the record of use."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from attrs import evolve, frozen

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.access.usage import (
    DAYS_KEPT,
    MINUTES_KEPT,
    Counts,
    Flush,
    KeyDay,
    RouteDay,
    UsageReader,
    UsageWriter,
    Use,
)
from payflow_domain.clock import Clock
from payflow_domain.errors import Invalid
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.volumes import Volume, VolumeOf, VolumeReader

DAYS_DEFAULT = 7
DAYS_MAX = 35
FORGOTTEN_AT_A_TIME = 5_000
FORGETTING_TIMES_MAX = 20


class InvalidPeriod(Invalid):
    """A period that ends before it begins, or has too many days; ``subject`` is its end."""

    code = "invalid_period"


class UsageStore(UsageReader, UsageWriter, VolumeReader, Protocol):
    """What the record needs of a store."""


@frozen
class Period:
    """Days in UTC, the first and the last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1


@frozen
class Volumes:
    """Volumes of the days of a period, and of every month that it touches as a whole.

    ``sequence`` is the number of the last event that they have.
    """

    sequence: int
    days: Sequence[tuple[VolumeOf, Volume]]
    months: Sequence[tuple[VolumeOf, Volume]]


@frozen
class Report:
    """The record of a ledger; ``minutes`` only where the period is one day.

    A month is told by its first day.
    """

    period: Period
    routes: Sequence[tuple[RouteDay, Counts]]
    minutes: Sequence[tuple[datetime, Counts]]
    keys: Sequence[tuple[KeyDay, int]]
    volumes: Volumes


@frozen
class Usage:
    """Keeps the record of use, and tells of it."""

    store: UsageStore
    clock: Clock

    def add(self, use: Use, flush: Flush) -> None:
        """Add to the record, once for each flush.

        Raises ``Unavailable``: then it may be in the record or not, and can be added again.
        """
        self.store.add_use(use, flush)

    def period(self, first: date | None, last: date | None) -> Period:
        """Return the period that is meant where either day may be left out.

        Raises ``InvalidPeriod``.
        """
        last = last or self.clock.now().date()
        # A calendar begins with the year 1.
        first = first or last - min(timedelta(days=DAYS_DEFAULT - 1), last - date.min)
        if not timedelta() <= last - first < timedelta(days=DAYS_MAX):
            detail = f"A period has 1 to {DAYS_MAX} days, and its first day comes first."
            raise InvalidPeriod(detail, subject=last.isoformat())
        return Period(first, last)

    def report(self, actor: Actor, first: date | None, last: date | None) -> Report:
        """Tell of the actor's ledger; unless told otherwise, of its last ``DAYS_DEFAULT``.

        Raises ``MissingPermission`` and ``InvalidPeriod``.
        """
        actor.require(Permission.USAGE_READ)
        return self.report_of(actor.ledger_id, first, last)

    def report_of(self, ledger_id: LedgerId, first: date | None, last: date | None) -> Report:
        """Tell of a ledger; raises ``InvalidPeriod``."""
        period = self.period(first, last)
        return Report(
            period,
            self.store.route_days(ledger_id, period.first, period.last),
            self.store.minutes(ledger_id, period.first) if period.days == 1 else (),
            self.store.key_days(ledger_id, period.first, period.last),
            self._volumes(ledger_id, period),
        )

    def _volumes(self, ledger_id: LedgerId, period: Period) -> Volumes:
        # Asked for first: what is read then may have more, and never less.
        sequence = self.store.volumes_sequence(ledger_id)
        first, last = period.first.replace(day=1), _month_end(period.last)
        volumes = self.store.volumes_between(ledger_id, first, last)
        months: dict[VolumeOf, Volume] = {}
        for of, volume in volumes:
            month = evolve(of, day=of.day.replace(day=1))
            months[month] = months.get(month, Volume()) + volume
        days = [each for each in volumes if period.first <= each[0].day <= period.last]
        return Volumes(sequence, days, sorted(months.items(), key=_order))

    def forget(self) -> int:
        """Remove what is kept long enough, or much of it; returns how much that was."""
        now, gone = self.clock.now(), 0
        minutes_before, days_before = now - MINUTES_KEPT, (now - DAYS_KEPT).date()
        for _ in range(FORGETTING_TIMES_MAX):
            some = self.store.forget_use(minutes_before, days_before, FORGOTTEN_AT_A_TIME)
            gone += some
            if some < FORGOTTEN_AT_A_TIME:
                break
        return gone


def _month_end(day: date) -> date:
    _, length = monthrange(day.year, day.month)
    return day.replace(day=length)


def _order(each: tuple[VolumeOf, Volume]) -> tuple[date, str, str]:
    of, _ = each
    return of.day, of.currency, of.type
