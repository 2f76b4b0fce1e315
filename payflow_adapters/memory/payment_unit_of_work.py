"""What a unit of work does with payments."""

from datetime import datetime

from attrs import evolve

from payflow_adapters.memory.refusals import require
from payflow_adapters.memory.staging import Staging
from payflow_domain.ids import LedgerId, TransactionId
from payflow_domain.payments.model import KeptNotice, Leg, NoticeStatus, Payment


class MemoryPaymentUnitOfWork(Staging):
    """Stages payments, legs and notices."""

    def add_payment(self, payment: Payment) -> None:
        """Stage a new payment of a transaction that is there."""
        tables, row = self._tables, (payment.ledger_id, payment.transaction_id)
        with self._breaking():
            require(row in tables.transactions, "there is no such transaction")
            known = tables.find_payment(payment.transaction_id)
            require(known is None, "the payment exists")
            self._check_gateway_id(payment)
        tables.payments[row] = payment

    def replace_payment(self, payment: Payment) -> None:
        """Stage what was changed of a payment."""
        row = (payment.ledger_id, payment.transaction_id)
        with self._breaking():
            require(row in self._tables.payments, "there is no such payment")
            self._check_gateway_id(payment)
        self._tables.payments[row] = payment

    def payment(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Payment | None:
        """Return a payment as this unit of work sees it."""
        return self._tables.payments.get((ledger_id, transaction_id))

    def payment_at_gateway(
        self, ledger_id: LedgerId, gateway: str, gateway_id: str
    ) -> Payment | None:
        """Return the ledger's payment with that id at that gateway."""
        ledger = self._tables.ledgers.get(ledger_id)
        if ledger is None:
            return None
        found = self._tables.find_payment_at_gateway(gateway, ledger.environment, gateway_id)
        return found if found and found.ledger_id == ledger_id else None

    def take_due(self, now: datetime, until: datetime, limit: int) -> list[Payment]:
        """Put payments off; no other worker can be taking the same ones meanwhile."""
        due = sorted(
            (payment.next_attempt_at, row[1], row)
            for row, payment in self._tables.payments.items()
            if payment.next_attempt_at is not None and payment.next_attempt_at <= now
        )
        taken = {
            row: evolve(self._tables.payments[row], next_attempt_at=until)
            for _, _, row in due[:limit]
        }
        self._tables.payments.update(taken)
        return list(taken.values())

    def add_leg(self, leg: Leg) -> None:
        """Stage a new leg of a transaction that is there."""
        with self._breaking():
            made = (leg.ledger_id, leg.transaction_id) in self._tables.transactions
            require(made, "there is no such transaction")
            require(not self.has_leg(leg), "the leg exists")
        self._tables.legs[leg.gateway, leg.environment, leg.kind, leg.gateway_id] = leg

    def has_leg(self, leg: Leg) -> bool:
        """Tell whether a leg is there as this unit of work sees it."""
        return (leg.gateway, leg.environment, leg.kind, leg.gateway_id) in self._tables.legs

    def add_notice(self, notice: KeptNotice) -> KeptNotice:
        """Stage a notice, or one more delivery of it."""
        row = (notice.gateway, notice.environment, notice.id)
        known = self._tables.notices.get(row)
        kept = evolve(known, deliveries=known.deliveries + 1) if known else notice
        self._tables.notices[row] = kept
        return kept

    def mark_notice(self, notice: KeptNotice, status: NoticeStatus) -> None:
        """Stage what became of a notice."""
        row = (notice.gateway, notice.environment, notice.id)
        with self._breaking():
            require(row in self._tables.notices, "there is no such notice")
        self._tables.notices[row] = evolve(self._tables.notices[row], status=status)

    def _check_gateway_id(self, payment: Payment) -> None:
        if payment.gateway_id is None:
            return
        gateway, environment, gateway_id = payment.gateway, payment.environment, payment.gateway_id
        known = self._tables.find_payment_at_gateway(gateway, environment, gateway_id)
        is_same = known is None or known.transaction_id == payment.transaction_id
        require(is_same, "another payment has that id at the gateway")
