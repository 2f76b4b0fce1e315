"""A ledger: one partner's books in one environment."""

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from payflow_domain.ids import LedgerId, PartnerId

GENESIS = bytes(32)
"""The hash before a journal's first event."""

_TICK = timedelta(microseconds=1)


class Environment(StrEnum):
    """Whether a ledger is for trying out or for real money."""

    SANDBOX = "sandbox"
    LIVE = "live"


@frozen
class Ledger:
    """One partner's books in one environment, with the head of its journal.

    ``sequence`` and ``head`` are the number and the hash of the last event, ``last_at`` the time
    of the last commit. ``settlement_limit`` is how far (in minor units of each currency) the
    partner may owe for wallets credited without a payment method; ``None`` means no limit.
    """

    id: LedgerId
    partner_id: PartnerId
    environment: Environment
    settlement_limit: int | None
    last_at: datetime
    sequence: int = 0
    head: bytes = GENESIS

    @property
    def settlement_floor(self) -> int | None:
        """The floor of the partner settlement account."""
        return None if self.settlement_limit is None else -self.settlement_limit

    def next_moment(self, now: datetime) -> datetime:
        """Return the time of the next commit: ``now``, or just after the last commit.

        Clocks of several machines differ; the time of a ledger never goes back.
        """
        return max(now, self.last_at + _TICK)
