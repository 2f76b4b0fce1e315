"""A bound on how many security events are kept: whoever makes them must not fill the disk."""

from datetime import datetime, timedelta
from threading import Lock

from attrs import evolve

from payflow_domain.access.security import SecurityEvent, SecurityLog

EVENTS_MAX = 60
"""How many events of one process are kept in one ``PERIOD``."""

PERIOD = timedelta(minutes=1)


class BoundedSecurityLog:
    """Keeps the first events of each minute in ``log``, and counts the others.

    The first event that is kept after some were not says how many: ``notKept`` among its facts.
    """

    def __init__(self, log: SecurityLog) -> None:
        self._log = log
        self._lock = Lock()
        self._began_at: datetime | None = None
        self._kept = 0
        self._not_kept = 0

    def record(self, event: SecurityEvent) -> None:
        with self._lock:
            if self._began_at is None or event.at - self._began_at >= PERIOD:
                self._began_at, self._kept = event.at, 0
            if self._kept == EVENTS_MAX:
                self._not_kept += 1
                return
            self._kept += 1
            not_kept, self._not_kept = self._not_kept, 0
        if not_kept:
            event = evolve(event, facts={**event.facts, "notKept": str(not_kept)})
        self._log.record(event)

    def security_events(self, limit: int, before: int | None = None) -> list[SecurityEvent]:
        return self._log.security_events(limit, before)
