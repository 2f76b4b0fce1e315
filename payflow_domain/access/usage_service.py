"""The use cases of the record of use."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from attrs import frozen

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.access.usage import (
    DAYS_KEPT,
    MINUTES_KEPT,
    Counts,
    KeyDay,
    RouteDay,
    UsageReader,
    UsageWriter,
    Use,
)
from payflow_domain.clock import Clock
from payflow_domain.errors import Invalid
from payflow_domain.ids import LedgerId

DAYS_DEFAULT = 7
DAYS_MAX = 35
FORGOTTEN_AT_A_TIME = 5_000


class InvalidPeriod(Invalid):
    """A period that ends before it begins, or has too many days; ``subject`` is its end."""

    code = "invalid_period"


class UsageStore(UsageReader, UsageWriter, Protocol):
    """What the record needs of a store."""


@frozen
class Period:
    """Days in UTC, the first and the last included."""

    first: date
    last: date


@frozen
class Report:
    """The record of a ledger; ``minutes`` only where the period is one day."""

    period: Period
    routes: Sequence[tuple[RouteDay, Counts]]
    minutes: Sequence[tuple[datetime, Counts]]
    keys: Sequence[tuple[KeyDay, int]]


@frozen
class Usage:
    """Keeps the record of use, and tells of it."""

    store: UsageStore
    clock: Clock

    def add(self, use: Use) -> None:
        """Add to the record; raises ``Unavailable``."""
        self.store.add_use(use)

    def report(self, actor: Actor, first: date | None, last: date | None) -> Report:
        """Tell of the actor's ledger; unless told otherwise, of its last ``DAYS_DEFAULT``.

        Raises ``MissingPermission`` and ``InvalidPeriod``.
        """
        actor.require(Permission.USAGE_READ)
        return self.report_of(actor.ledger_id, first, last)

    def report_of(self, ledger_id: LedgerId, first: date | None, last: date | None) -> Report:
        """Tell of a ledger; raises ``InvalidPeriod``."""
        period = self._period(first, last)
        is_one_day = period.first == period.last
        return Report(
            period,
            self.store.route_days(ledger_id, period.first, period.last),
            self.store.minutes(ledger_id, period.first) if is_one_day else (),
            self.store.key_days(ledger_id, period.first, period.last),
        )

    def forget(self) -> int:
        """Remove some of what is kept long enough; returns how much that was."""
        now = self.clock.now()
        days_before = (now - DAYS_KEPT).date()
        return self.store.forget_use(now - MINUTES_KEPT, days_before, FORGOTTEN_AT_A_TIME)

    def _period(self, first: date | None, last: date | None) -> Period:
        last = last or self.clock.now().date()
        first = first or last - timedelta(days=DAYS_DEFAULT - 1)
        if not timedelta() <= last - first < timedelta(days=DAYS_MAX):
            detail = f"A period has 1 to {DAYS_MAX} days, and its first day comes first."
            raise InvalidPeriod(detail, subject=last.isoformat())
        return Period(first, last)
