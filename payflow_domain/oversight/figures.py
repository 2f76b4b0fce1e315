"""How PayFlow is doing, in figures, and the port that counts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from attrs import frozen

from payflow_domain.errors import Unavailable
from payflow_domain.ledger.ledgers import Environment

VOLUME_PERIOD = timedelta(days=30)
RECENT_PERIOD = timedelta(days=1)
PENDING_AGES = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7))
"""From which ages on pending transactions are counted apart."""

STATEMENTS_MAX = 10


class FigureUnavailable(Unavailable):
    """It cannot be counted here, or not in the time that there is for it."""

    code = "figure_unavailable"


@frozen
class DailyVolume:
    """What was completed of what callers asked for: credits, debits, transfers and payouts.

    ``amount`` is in minor units, and ``MAX_COUNTER`` where it would be more. Days are in UTC.
    """

    day: date
    environment: Environment
    currency: str
    transactions: int
    amount: int


@frozen
class GatewayHealth:
    """How a gateway is doing: what nobody knows the outcome of yet, and what it told last."""

    gateway: str
    environment: Environment
    pending: int
    oldest_pending_at: datetime | None
    waiting_notices: int
    last_notice_at: datetime | None


@frozen
class WebhookHealth:
    """How webhooks are doing: what became of recent deliveries, and what is still to be sent."""

    delivered: int
    failed: int
    pending: int
    oldest_due_at: datetime | None

    @property
    def success_rate(self) -> float | None:
        """Which part of those that ended were delivered; None where none ended."""
        ended = self.delivered + self.failed
        return self.delivered / ended if ended else None


@frozen
class SlowStatement:
    """A statement that has taken much of the database's time since its statistics began."""

    query: str
    calls: int
    total_ms: float
    mean_ms: float
    rows: int


class Figures(Protocol):
    """Counts. What takes too long, or cannot be told, raises ``Unavailable``."""

    def partners_by_status(self) -> Mapping[str, int]:
        """Count partners; a status that none has may be absent."""
        ...

    def wallets_by_environment(self) -> Mapping[str, int]:
        """Count wallets; an environment without any may be absent."""
        ...

    def daily_volumes(self, first: date) -> Sequence[DailyVolume]:
        """Sum up the volumes of all ledgers from a day on, as far as they are rolled up.

        Newest day first, then by environment and currency.
        """
        ...

    def pending_by_age(self, edges: Sequence[datetime]) -> Sequence[int]:
        """Count pending transactions between one of ``edges``, newest first, and the next one.

        One made at an edge belongs to what is older; the last count is of all before the last edge.
        """
        ...

    def gateway_health(self, gateway: str, environment: Environment) -> GatewayHealth:
        """Tell how a gateway is doing."""
        ...

    def webhook_health(self, since: datetime) -> WebhookHealth:
        """Tell how webhooks are doing, by deliveries that were made since then."""
        ...

    def security_events_by_kind(self, since: datetime) -> Mapping[str, int]:
        """Count security events since then; a kind without any may be absent."""
        ...

    def connections(self) -> Mapping[str, Mapping[str, int]]:
        """Tell how much of each pool of this process is in use, and of the database's limit."""
        ...

    def slowest_statements(self, limit: int) -> Sequence[SlowStatement]:
        """Return the statements that took most time, from most to least."""
        ...


@frozen
class Stats:
    """All figures of one moment; a figure is None where ``unavailable`` says why."""

    as_of: datetime
    partners: Mapping[str, int] | None
    wallets: Mapping[str, int] | None
    volume: Sequence[DailyVolume] | None
    pending: Sequence[int] | None
    gateways: Sequence[GatewayHealth] | None
    webhooks: WebhookHealth | None
    security_events: Mapping[str, int] | None
    connections: Mapping[str, Mapping[str, int]] | None
    statements: Sequence[SlowStatement] | None
    unavailable: Mapping[str, str]
