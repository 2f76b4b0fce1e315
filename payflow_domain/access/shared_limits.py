"""Limits that hold across processes: what each has taken is exchanged, and limits are looked up.

No request waits for an exchange. Between two of them a process knows only what it has taken
itself, so processes together may let more through than one would, within a bound:
``overshoot_max``.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from attrs import frozen

from payflow_domain.access.audit import AuditUnitOfWork
from payflow_domain.access.limits import Limit
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.ledgers import Environment, Ledger


@frozen
class Taken:
    """What a process took from a bucket since it last told: ``used`` grains, less if negative.

    ``key`` names the bucket. ``rate`` grains come back each microsecond.
    """

    key: str
    used: int
    rate: int


@frozen
class Total:
    """What all processes took from a bucket, as far as they have told, less what has come back.

    ``version`` counts how often the bucket was told of, by whomever.
    """

    key: str
    used: int
    version: int


class LimitExchange(Protocol):
    """Adds up what processes take."""

    def exchange_taken(self, taken: Sequence[Taken]) -> list[Total]:
        """Add what was taken, and return the totals; each bucket is named once."""
        ...


@frozen
class KeptLimits:
    """The limits that staff gave a ledger; ``None`` where it has those of its environment."""

    ledger_id: LedgerId
    environment: Environment
    api: Limit | None
    money: Limit | None
    changed_at: datetime


class LimitReader(Protocol):
    """Reads the limits of ledgers."""

    def limits_changed_since(self, at: datetime | None) -> Sequence[KeptLimits]:
        """Return limits that were changed after ``at``, and if that is ``None`` all there are."""
        ...

    def kept_limits(self, ledger: Ledger) -> KeptLimits | None:
        """Return the limits that a ledger was given, if it ever was."""
        ...


class LimitUnitOfWork(AuditUnitOfWork, Protocol):
    """One database transaction on limits."""

    def limits(self, ledger_id: LedgerId) -> KeptLimits | None:
        """Return the limits that a ledger was given, if it ever was.

        Nobody else changes them until this unit of work ends.
        """
        ...

    def keep_limits(self, ledger_id: LedgerId, api: Limit | None, money: Limit | None) -> None:
        """Give a ledger limits of its own, or where they are ``None`` its environment's."""
        ...


BeginLimits = Callable[[], AbstractContextManager[LimitUnitOfWork]]


def overshoot_max(limit: Limit, processes: int, exchange_s: float) -> float:
    """Return how many units more than ``limit`` processes together let through at most.

    It is not so many in each window, but once: what is too much has to come back before anything
    can be taken. ``exchange_s`` is the time from one exchange of a process to the end of its next
    one. In that time, and in the time until the others hear of it, a process that has
    heard nothing can take no more than a whole bucket and what comes back.
    """
    return (processes - 1) * (limit.burst + 2 * exchange_s * limit.rate / limit.period_s)
