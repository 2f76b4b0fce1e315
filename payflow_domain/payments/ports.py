"""What payments need of a store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from payflow_domain.ids import LedgerId, TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import UnitOfWork
from payflow_domain.payments.gateway import MovementKind
from payflow_domain.payments.model import KeptNotice, Leg, NoticeStatus, Payment


class PaymentUnitOfWork(UnitOfWork, Protocol):
    """One database transaction on payments.

    What is of a ledger is read and written only after ``load`` has locked that ledger, so a
    payment has one writer at a time.
    """

    def add_payment(self, payment: Payment) -> None:
        """Keep a new payment; its transaction is new, too."""
        ...

    def replace_payment(self, payment: Payment) -> None:
        """Keep what was changed of a payment: status, gateway id, attempts and claim."""
        ...

    def payment(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Payment | None:
        """Return a payment of a locked ledger."""
        ...

    def payment_at_gateway(
        self, ledger_id: LedgerId, gateway: str, gateway_id: str
    ) -> Payment | None:
        """Return the payment of a locked ledger that has that id at that gateway."""
        ...

    def add_leg(self, leg: Leg) -> None:
        """Keep a new leg; one that is there already makes the unit of work fail."""
        ...

    def has_leg(self, leg: Leg) -> bool:
        """Tell whether there is a leg of the same gateway, environment, kind and gateway id."""
        ...

    def take_due(self, now: datetime, until: datetime, limit: int) -> list[Payment]:
        """Put off to ``until`` up to ``limit`` payments that are due at ``now``; return them.

        Longest due first. No two workers are given the same one, and none waits for another.
        """
        ...

    def add_notice(self, notice: KeptNotice) -> KeptNotice:
        """Keep a notice and return it; of one that is kept, count the delivery and return that."""
        ...

    def mark_notice(self, notice: KeptNotice, status: NoticeStatus) -> None:
        """Keep what became of a notice."""
        ...


BeginPayments = Callable[[], AbstractContextManager[PaymentUnitOfWork]]


class PaymentReader(Protocol):
    """Reads what is committed."""

    def payment(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Payment | None:
        """Return the payment of a transaction of the ledger; nothing of another one is seen."""
        ...

    def payment_of(self, transaction_id: TransactionId) -> Payment | None:
        """Return the payment of a transaction, of whatever ledger."""
        ...

    def payment_with_gateway_id(
        self, gateway: str, environment: Environment, gateway_id: str
    ) -> Payment | None:
        """Return the payment that has that id at the gateway, of whatever ledger."""
        ...

    def legs(
        self, gateway: str, environment: Environment, start: datetime, end: datetime
    ) -> list[Leg]:
        """Return the legs booked from ``start`` to before ``end``, oldest first."""
        ...

    def legs_at_gateway(
        self,
        gateway: str,
        environment: Environment,
        wanted: Sequence[tuple[MovementKind, str]],
    ) -> list[Leg]:
        """Return the legs of those kinds and gateway ids that there are."""
        ...

    def notice(self, gateway: str, environment: Environment, notice_id: str) -> KeptNotice | None:
        """Return a kept notice."""
        ...

    def notices(
        self, status: NoticeStatus | None, limit: int, after: str | None = None
    ) -> list[KeptNotice]:
        """Return ``limit`` notices, the newest first that come ``after`` a ``position``."""
        ...

    def waiting_notices(self, limit: int) -> list[KeptNotice]:
        """Return up to ``limit`` notices that are still ``RECEIVED``, oldest first."""
        ...
