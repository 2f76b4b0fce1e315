"""The header Retry-After (RFC 9110, 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_AFTER_S_MAX = 86_400
"""A day: what asks for more gets that."""

_DIGITS_MAX = 9


def read_retry_after(value: str | None, now: datetime) -> int | None:
    """Return in how many seconds to try again, or ``None`` if that is not said, or not readably."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return RETRY_AFTER_S_MAX if len(value) > _DIGITS_MAX else min(int(value), RETRY_AFTER_S_MAX)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return max(0, min(round(seconds), RETRY_AFTER_S_MAX))
