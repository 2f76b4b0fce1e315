"""Security events: what somebody tried that should not have been."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen


class SecurityEventKind(StrEnum):
    """What was tried."""

    INVALID_NOTICE = "invalid_notice"
    FOREIGN_NOTICE = "foreign_notice"


@frozen
class SecurityEvent:
    """One try. ``facts`` never hold a secret, a signature or a body.

    ``number`` is given to what is kept, and tells where it stands.
    """

    at: datetime
    kind: SecurityEventKind
    detail: str
    address: str | None = None
    facts: dict[str, str] = field(factory=dict)
    number: int | None = field(default=None, eq=False)


class SecurityLog(Protocol):
    """Keeps security events; they are never changed."""

    def record(self, event: SecurityEvent) -> None:
        """Keep one."""
        ...

    def security_events(self, limit: int, before: int | None = None) -> list[SecurityEvent]:
        """Return the last ``limit`` ones, newest first, with numbers below ``before``."""
        ...
