"""Counting what is in memory."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from threading import Lock

from payflow_adapters.memory.tables import Tables
from payflow_domain.ledger.accounts import MAX_COUNTER
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import Status, TransactionType
from payflow_domain.ledger.volumes import Volume
from payflow_domain.oversight.figures import (
    DailyVolume,
    FigureUnavailable,
    GatewayHealth,
    SlowStatement,
    WebhookHealth,
)
from payflow_domain.payments.model import NoticeStatus
from payflow_domain.webhooks.deliveries import DeliveryStatus

_ASKED_FOR = frozenset(
    {
        TransactionType.CREDIT,
        TransactionType.DEBIT,
        TransactionType.TRANSFER,
        TransactionType.PAYOUT,
    }
)


class MemoryFigures:
    """Counts committed rows."""

    _tables: Tables
    _reading: Lock

    def partners_by_status(self) -> Mapping[str, int]:
        with self._reading:
            return Counter(partner.status.value for partner in self._tables.partners.values())

    def wallets_by_environment(self) -> Mapping[str, int]:
        with self._reading:
            ledgers = self._tables.ledgers
            return Counter(ledgers[owner].environment.value for owner, _ in self._tables.wallets)

    def daily_volumes(self, first: date) -> Sequence[DailyVolume]:
        sums: defaultdict[tuple[date, Environment, str], Volume] = defaultdict(Volume)
        with self._reading:
            for (owner, of), volume in self._tables.volumes.items():
                if of.type in _ASKED_FOR and of.day >= first:
                    environment = self._tables.ledgers[owner].environment
                    sums[of.day, environment, of.currency] += volume
        volumes = [
            DailyVolume(*key, each.count, min(each.amount, MAX_COUNTER))
            for key, each in sums.items()
        ]
        alphabetical = sorted(volumes, key=lambda one: (one.environment.value, one.currency))
        return sorted(alphabetical, key=lambda one: one.day, reverse=True)

    def pending_by_age(self, edges: Sequence[datetime]) -> Sequence[int]:
        counts = [0] * (len(edges) + 1)
        with self._reading:
            for one in self._tables.transactions.values():
                if one.status is Status.PENDING:
                    counts[sum(one.created_at <= edge for edge in edges)] += 1
        return counts

    def gateway_health(self, gateway: str, environment: Environment) -> GatewayHealth:
        its = (gateway, environment)
        with self._reading:
            payments, notices = self._tables.payments.values(), self._tables.notices.values()
            pending = [
                one.created_at
                for one in payments
                if (one.gateway, one.environment) == its and one.next_attempt_at is not None
            ]
            told = [one for one in notices if (one.gateway, one.environment) == its]
        return GatewayHealth(
            *its,
            pending=len(pending),
            oldest_pending_at=min(pending, default=None),
            waiting_notices=sum(one.status is NoticeStatus.RECEIVED for one in told),
            last_notice_at=max((one.received_at for one in told), default=None),
        )

    def webhook_health(self, since: datetime) -> WebhookHealth:
        with self._reading:
            deliveries = [each for each in self._tables.deliveries.values() if each]
        became = Counter(each.status for each in deliveries if each.created_at >= since)
        due = [each.next_attempt_at for each in deliveries if each.next_attempt_at is not None]
        return WebhookHealth(
            delivered=became[DeliveryStatus.DELIVERED],
            failed=became[DeliveryStatus.FAILED],
            pending=len(due),
            oldest_due_at=min(due, default=None),
        )

    def connections(self) -> Mapping[str, Mapping[str, int]]:
        raise FigureUnavailable("Everything is in memory: there are no connections.")

    def slowest_statements(self, limit: int) -> Sequence[SlowStatement]:  # noqa: ARG002 - the port's
        raise FigureUnavailable("Everything is in memory: there are no statements.")
