"""The record of use, in memory."""

from collections.abc import Sequence
from datetime import date, datetime
from threading import Lock

from attrs import evolve

from payflow_adapters.memory.tables import Tables
from payflow_domain.access.usage import (
    ADDRESSES_KEPT_MAX,
    NO_COUNTS,
    OTHER,
    Counts,
    Flush,
    KeyDay,
    RouteDay,
    RouteMinute,
    Use,
)
from payflow_domain.ids import LedgerId


class MemoryUsage:
    """Adds to the record at once, whatever becomes of a unit of work."""

    _tables: Tables
    _reading: Lock

    def __init__(self) -> None:
        super().__init__()
        self._minutes: dict[RouteMinute, Counts] = {}
        self._days: dict[RouteDay, Counts] = {}
        self._key_days: dict[KeyDay, int] = {}
        self._flushes: dict[str, int] = {}

    def add_use(self, use: Use, flush: Flush) -> None:
        with self._reading:
            if self._flushes.get(flush.process, 0) >= flush.number:
                return
            self._flushes[flush.process] = flush.number
            for minute, counts in use.minutes.items():
                self._minutes[minute] = self._minutes.get(minute, NO_COUNTS) + counts
            for day, counts in use.days().items():
                self._days[day] = self._days.get(day, NO_COUNTS) + counts
            kept_as = {key_day: self._kept_as(key_day) for key_day in use.keys}
            for key_day, requests in use.keys.items():
                kept = kept_as[key_day]
                self._key_days[kept] = self._key_days.get(kept, 0) + requests
            for digest, key in self._tables.keys.items():
                at = use.last_used.get(key.id)
                if at is not None and (key.last_used_at is None or key.last_used_at < at):
                    self._tables.keys[digest] = evolve(key, last_used_at=at)

    def _kept_as(self, key_day: KeyDay) -> KeyDay:
        kept = {
            one.address for one in self._key_days if evolve(one, address=key_day.address) == key_day
        }
        if key_day.address is None or key_day.address in kept or len(kept) < ADDRESSES_KEPT_MAX:
            return key_day
        return evolve(key_day, address=OTHER)

    def forget_use(self, minutes_before: datetime, days_before: date, limit: int) -> int:
        with self._reading:
            minutes = [one for one in self._minutes if one.minute < minutes_before][:limit]
            days = [one for one in self._days if one.day < days_before][:limit]
            key_days = [one for one in self._key_days if one.day < days_before][:limit]
            for minute in minutes:
                del self._minutes[minute]
            for day in days:
                del self._days[day]
            for key_day in key_days:
                del self._key_days[key_day]
        return len(minutes) + len(days) + len(key_days)

    def route_days(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[RouteDay, Counts]]:
        with self._reading:
            found = [
                (one, counts)
                for one, counts in self._days.items()
                if one.ledger_id == ledger_id and first <= one.day <= last
            ]
        return sorted(found, key=lambda each: (each[0].day, each[0].route))

    def minutes(self, ledger_id: LedgerId, day: date) -> Sequence[tuple[datetime, Counts]]:
        minutes: dict[datetime, Counts] = {}
        with self._reading:
            for one, counts in self._minutes.items():
                if one.ledger_id == ledger_id and one.minute.date() == day:
                    minutes[one.minute] = minutes.get(one.minute, NO_COUNTS) + counts
        return sorted(minutes.items(), key=lambda each: each[0])

    def key_days(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[KeyDay, int]]:
        with self._reading:
            found = [
                (one, requests)
                for one, requests in self._key_days.items()
                if one.ledger_id == ledger_id and first <= one.day <= last
            ]
        return sorted(found, key=_key_day_order)


def _key_day_order(each: tuple[KeyDay, int]) -> tuple[str, date, bool, str]:
    one = each[0]
    return one.key_id, one.day, one.route is None, one.route or one.address or ""
