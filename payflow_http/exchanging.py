"""Exchanging what was taken with other processes, and hearing of limits that staff changed."""

from datetime import datetime, timedelta

from attrs import define

from payflow_domain.access.limit_service import Limits
from payflow_http.limiting import Limiter
from payflow_http.threads import Threads

EXCHANGE_PERIOD_S = 0.5
"""How often a process tells what it has taken, and hears what others have."""

METERS_AT_A_TIME = 5_000

_COMMIT_TIME_MAX = timedelta(seconds=30)
"""How much later than the time it bears a change may be seen."""


@define(eq=False)
class LimitExchange:
    """Keeps the limiter of this process in step with those of others."""

    limiter: Limiter
    limits: Limits
    threads: Threads
    _changed_at: datetime | None = None

    async def exchange(self) -> None:
        """Tell, and hear, of all meters in one go; raises ``Unavailable``."""
        if self.limiter.is_on:
            await self._tell()
            await self._hear_of_changes()

    async def _tell(self) -> None:
        meters = self.limiter.meters
        untold = meters.untold(METERS_AT_A_TIME)
        taken = [meters.taken_from(meter) for meter in untold]
        totals = await self.threads.run(self.limits.exchange, taken)
        heard = {total.key: total for total in totals}
        for meter, one in zip(untold, taken, strict=True):
            meters.hear(meter, one, heard[one.key])

    async def _hear_of_changes(self) -> None:
        since = self._changed_at and self._changed_at - _COMMIT_TIME_MAX
        for kept in await self.threads.run(self.limits.changed_since, since):
            self.limiter.override(kept)
            self._changed_at = max(self._changed_at or kept.changed_at, kept.changed_at)
