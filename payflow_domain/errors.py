"""The kinds of error a caller can meet.

Each concrete error stands beside the model that raises it, is one of these kinds, and has a
stable ``code``. An error means that nothing was changed.
"""

from collections.abc import Mapping
from typing import ClassVar


class PayFlowError(Exception):
    """Something was refused and nothing was changed.

    ``detail`` tells a person what to do; ``facts`` are figures a program can use, and
    ``subject`` names the value at fault (an id, say) where there is one. ``position`` is set on
    what was asked for together with others: which of them is at fault, from 0.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self,
        detail: str,
        *,
        facts: Mapping[str, object] | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts: Mapping[str, object] = facts or {}
        self.subject = subject
        self.position: int | None = None


class Invalid(PayFlowError):
    """A rule forbids it as asked; the same request will be refused again."""

    code = "invalid"


class Unauthenticated(PayFlowError):
    """It is not known who is asking."""

    code = "unauthenticated"


class Forbidden(PayFlowError):
    """Who is asking may not do this."""

    code = "forbidden"


class NotFound(PayFlowError):
    """No such object, or it belongs to somebody else."""

    code = "not_found"


class Conflict(PayFlowError):
    """It does not fit the present state; look at that state before asking again."""

    code = "conflict"


class Declined(PayFlowError):
    """The payment gateway said no."""

    code = "declined"


class Unavailable(PayFlowError):
    """It cannot be done just now, or it is not known whether it was.

    Asking again with the same idempotency key is safe.
    """

    code = "unavailable"


class Limited(PayFlowError):
    """Asked too often; ask again after ``retry_after_s`` seconds."""

    code = "limited"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
