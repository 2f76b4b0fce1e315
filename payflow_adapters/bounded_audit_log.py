"""Keeping what strangers cause in the audit log, beside the requests and within bounds."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock

from attrs import define, evolve

from payflow_domain.access.audit import AuditEntry, BeginAudit

ENTRIES_MAX = 60
"""How many entries of one action are kept of one process in one ``PERIOD``."""

PERIOD = timedelta(minutes=1)
WAITING_MAX = 1_000
"""How many entries wait while the database does not take them."""

_logger = logging.getLogger(__name__)


@define
class _Budget:
    began_at: datetime
    kept: int = 0
    not_kept: int = 0


class BoundedAuditLog:
    """Writes the first entries of each action and minute, in a thread of its own.

    The others are counted: the first entry that is kept after some were not says how many, as
    ``notKept`` among its facts. At the end of the program what waits is written still.
    """

    def __init__(self, begin: BeginAudit) -> None:
        self._begin = begin
        self._lock = Lock()
        self._budgets: dict[str, _Budget] = {}
        self._waiting = 0
        # Its thread is started by the first entry, and so in the process that needs it.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="payflow-audit")

    def record(self, entry: AuditEntry) -> None:
        with self._lock:
            budget = self._budget(entry)
            if budget.kept >= ENTRIES_MAX or self._waiting >= WAITING_MAX:
                budget.not_kept += 1
                return
            budget.kept += 1
            self._waiting += 1
            not_kept, budget.not_kept = budget.not_kept, 0
        if not_kept:
            entry = evolve(entry, facts={**entry.facts, "notKept": not_kept})
        self._writer.submit(self._write, entry)

    def flush(self) -> None:
        """Wait until what was recorded before is written."""
        self._writer.submit(lambda: None).result()

    def _budget(self, entry: AuditEntry) -> _Budget:
        budget = self._budgets.setdefault(entry.action, _Budget(entry.at))
        if entry.at - budget.began_at >= PERIOD:
            budget.began_at, budget.kept = entry.at, 0
        return budget

    def _write(self, entry: AuditEntry) -> None:
        try:
            with self._begin() as uow:
                uow.add_audit(entry)
        except Exception:
            # Nobody waits for it, so nobody else would hear of it.
            _logger.exception("An entry of the audit log was lost.")
        finally:
            with self._lock:
                self._waiting -= 1
