"""Reading payments, what moved at their gateway, and its notices; and keeping security events."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock

from attrs import evolve

from payflow_adapters.memory.tables import Tables
from payflow_domain.access.security import SecurityEvent
from payflow_domain.ids import LedgerId, TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import MovementKind
from payflow_domain.payments.model import KeptNotice, Leg, NoticeStatus, Payment


class MemoryPaymentReader:
    """Reads committed payments."""

    _tables: Tables
    _reading: Lock

    def payment(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Payment | None:
        found = self.payment_of(transaction_id)
        return found if found is not None and found.ledger_id == ledger_id else None

    def payment_of(self, transaction_id: TransactionId) -> Payment | None:
        with self._reading:
            return self._tables.find_payment(transaction_id)

    def payment_with_gateway_id(
        self, gateway: str, environment: Environment, gateway_id: str
    ) -> Payment | None:
        with self._reading:
            return self._tables.find_payment_at_gateway(gateway, environment, gateway_id)

    def legs(
        self, gateway: str, environment: Environment, start: datetime, end: datetime
    ) -> list[Leg]:
        with self._reading:
            found = [leg for leg in self._tables.legs.values() if start <= leg.at < end]
        return _oldest_first(
            [leg for leg in found if (leg.gateway, leg.environment) == (gateway, environment)]
        )

    def legs_at_gateway(
        self,
        gateway: str,
        environment: Environment,
        wanted: Sequence[tuple[MovementKind, str]],
    ) -> list[Leg]:
        rows = {(gateway, environment, kind, gateway_id) for kind, gateway_id in wanted}
        with self._reading:
            return _oldest_first([leg for row in rows if (leg := self._tables.legs.get(row))])

    def notice(self, gateway: str, environment: Environment, notice_id: str) -> KeptNotice | None:
        with self._reading:
            return self._tables.notices.get((gateway, environment, notice_id))

    def notices(
        self, status: NoticeStatus | None, limit: int, after: str | None = None
    ) -> list[KeptNotice]:
        with self._reading:
            kept = [n for n in self._tables.notices.values() if status in (None, n.status)]
        newest = sorted(kept, key=_place, reverse=True)
        if after is not None:
            at, gateway, environment, notice_id = after.split(" ", 3)
            seen = (datetime.fromisoformat(at), notice_id, gateway, environment)
            newest = [notice for notice in newest if _place(notice) < seen]
        return newest[:limit]

    def waiting_notices(self, limit: int) -> list[KeptNotice]:
        with self._reading:
            notices = self._tables.notices.values()
            waiting = [n for n in notices if n.status is NoticeStatus.RECEIVED]
        return sorted(waiting, key=_received)[:limit]


class MemorySecurityLog:
    """Keeps each event at once, whatever becomes of a unit of work."""

    def __init__(self) -> None:
        self._events: list[SecurityEvent] = []
        self._recording = Lock()

    def record(self, event: SecurityEvent) -> None:
        with self._recording:
            number = len(self._events) + 1
            self._events.append(evolve(event, facts=dict(event.facts), number=number))

    def security_events(self, limit: int, before: int | None = None) -> list[SecurityEvent]:
        with self._recording:
            known = self._events if before is None else self._events[: before - 1]
            return known[: -limit - 1 : -1]

    def security_events_by_kind(self, since: datetime) -> Mapping[str, int]:
        with self._recording:
            return Counter(event.kind.value for event in self._events if event.at >= since)


def _received(notice: KeptNotice) -> tuple[datetime, str]:
    return notice.received_at, notice.id


def _place(notice: KeptNotice) -> tuple[datetime, str, str, str]:
    return notice.received_at, notice.id, notice.gateway, notice.environment.value


def _oldest_first(legs: list[Leg]) -> list[Leg]:
    return sorted(legs, key=lambda leg: (leg.at, leg.gateway_id, leg.kind))
