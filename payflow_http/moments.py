"""Times, as RFC 3339 writes them."""

import re
from datetime import UTC, datetime

INVALID = "invalid_time"
HOW = "Use an RFC 3339 time with its zone, in microseconds at most, such as 2026-01-31T12:00:00Z"

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)


def read_moment(text: str) -> datetime | None:
    """Read a time, in UTC; ``None`` if it is none, or tells more than microseconds."""
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return None
