"""Spent idempotency keys that are kept no longer, in memory."""

from datetime import datetime

from payflow_adapters.memory.staging import Staging


class MemoryKeyPurgingUnitOfWork(Staging):
    """Stages that keys are gone."""

    def purge_keys(self, before: datetime, limit: int) -> int:
        """Stage that answered keys spent before ``before`` are gone, the oldest first."""
        old = [
            (dated.at, row)
            for row, dated in self._tables.spent.items()
            if dated and dated.spent.answer and dated.at < before
        ]
        gone = sorted(old)[:limit]
        self._tables.spent.update({row: None for _, row in gone})
        return len(gone)
