"""Limits that hold across processes, for stores in memory: across whoever shares the store."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock

from payflow_adapters.memory.refusals import require
from payflow_adapters.memory.staging import Staging
from payflow_adapters.memory.tables import Tables
from payflow_domain.access.limits import Limit
from payflow_domain.access.shared_limits import KeptLimits, Taken, Total
from payflow_domain.clock import Clock
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.ledgers import Ledger

_MICROSECOND = timedelta(microseconds=1)


class MemoryLimits:
    """Adds up what is taken at once, whatever becomes of a unit of work."""

    _tables: Tables
    _reading: Lock
    _clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self._buckets: dict[str, tuple[Total, datetime]] = {}

    def exchange_taken(self, taken: Sequence[Taken]) -> list[Total]:
        with self._reading:
            return [self._add(one, self._clock.now()) for one in taken]

    def _add(self, taken: Taken, now: datetime) -> Total:
        before, at = self._buckets.get(taken.key, (Total(taken.key, 0, 0), now))
        back = taken.rate * ((now - at) // _MICROSECOND)
        total = Total(taken.key, max(0, before.used + taken.used - back), before.version + 1)
        self._buckets[taken.key] = total, now
        return total

    def limits_changed_since(self, at: datetime | None) -> list[KeptLimits]:
        with self._reading:
            kept = list(self._tables.limits.values())
        return [one for one in kept if at is None or one.changed_at > at]

    def kept_limits(self, ledger: Ledger) -> KeptLimits | None:
        with self._reading:
            return self._tables.limits.get(ledger.id)


class MemoryLimitUnitOfWork(Staging):
    """Stages limits."""

    _clock: Clock

    def limits(self, ledger_id: LedgerId) -> KeptLimits | None:
        """Return the limits of a ledger as this unit of work sees them."""
        return self._tables.limits.get(ledger_id)

    def keep_limits(self, ledger_id: LedgerId, api: Limit | None, money: Limit | None) -> None:
        """Stage the limits of a ledger that is there."""
        ledger = self._tables.ledgers.get(ledger_id)
        with self._breaking():
            require(ledger is not None, "there is no such ledger")
        if ledger is not None:
            kept = KeptLimits(ledger_id, ledger.environment, api, money, self._clock.now())
            self._tables.limits[ledger_id] = kept
