"""The use cases of limits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from payflow_domain.access.shared_limits import (
    KeptLimits,
    LimitExchange,
    LimitReader,
    Taken,
    Total,
)


class LimitStore(LimitExchange, LimitReader, Protocol):
    """What limits need of a store."""


@frozen
class Limits:
    """Brings together what processes know of limits."""

    store: LimitStore

    def exchange(self, taken: Sequence[Taken]) -> Sequence[Total]:
        """Tell what this process took, and hear what all did; raises ``Unavailable``."""
        return self.store.exchange_taken(taken) if taken else ()

    def changed_since(self, at: datetime | None) -> Sequence[KeptLimits]:
        """Return which ledgers' limits were changed after ``at``; raises ``Unavailable``."""
        return self.store.limits_changed_since(at)
