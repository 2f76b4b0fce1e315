"""The use cases of payments: money in by card, back to the card, and out to a bank."""

from collections.abc import Callable
from datetime import timedelta

from attrs import frozen

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.clock import Clock
from payflow_domain.ids import TRANSACTION, AccountId, TransactionId, is_id
from payflow_domain.ledger.batch import Render, Replayed
from payflow_domain.ledger.errors import NotReversible
from payflow_domain.ledger.idempotency import Answer, Claim
from payflow_domain.ledger.transactions import Failure, Transaction, Unit
from payflow_domain.money import Money
from payflow_domain.payments import booking
from payflow_domain.payments.desk import Desk
from payflow_domain.payments.gateway import (
    REFERENCE_LENGTH_MAX,
    ChargeOrder,
    GatewayOf,
    GatewayUnavailable,
    OutcomeUnknown,
    PaymentGateway,
    PaymentKind,
    PayoutOrder,
    RefundOrder,
    Report,
)
from payflow_domain.payments.model import (
    ANSWER_TIMEOUT,
    GatewayNotConfigured,
    InvalidReference,
    Payment,
    PaymentStatus,
)
from payflow_domain.payments.ports import PaymentReader
from payflow_domain.wallets.movements import NO_NOTE, Note, wallet_account

_Call = Callable[[PaymentGateway, Payment], Report]


@frozen
class Asked:
    """How a request is to be answered: under which idempotency key, and written by what.

    ``request_id`` is for whoever answers it if this process does not.
    """

    render: Render
    claim: Claim | None = None
    request_id: str = ""


@frozen
class Payments:
    """Moves money through the payment gateway of the actor's environment.

    Each use case commits the intent, asks the gateway, and commits the outcome. Where the outcome
    is not known the transaction stays pending, and the worker finds out. ``descriptor`` is what
    payers and payees read on their statements, and ``answer_timeout`` how long after the intent a
    worker asks for an outcome that nobody has committed.
    """

    desk: Desk
    reader: PaymentReader
    gateway_of: GatewayOf
    clock: Clock
    descriptor: str = "PAYFLOW"
    answer_timeout: timedelta = ANSWER_TIMEOUT

    def credit(
        self,
        actor: Actor,
        wallet_id: str,
        money: Money,
        payment_method: str,
        asked: Asked,
        note: Note = NO_NOTE,
    ) -> Answer | Replayed:
        """Charge ``payment_method``, and credit the wallet once the gateway says so.

        Raises ``WalletNotFound``, ``InvalidReference``, ``GatewayNotConfigured``, what the ledger
        refuses, and ``GatewayUnavailable``, which leaves a failed transaction and the key free.
        """
        actor.require(Permission.TRANSACTIONS_WRITE)
        wallet = wallet_account(wallet_id)
        unit = booking.hold_charge(wallet, money, note)
        reference = _checked(payment_method)

        def charge(gateway: PaymentGateway, payment: Payment) -> Report:
            order = ChargeOrder(
                actor.ledger_id,
                actor.partner_id,
                payment.transaction_id,
                payment.money,
                reference,
                self.descriptor,
            )
            return gateway.charge(order)

        return self._make(actor, PaymentKind.CHARGE, unit, wallet, charge, asked, reference)

    def pay_out(
        self,
        actor: Actor,
        wallet_id: str,
        money: Money,
        destination: str,
        asked: Asked,
        note: Note = NO_NOTE,
    ) -> Answer | Replayed:
        """Send the wallet's money to a bank; raises as ``credit`` does."""
        actor.require(Permission.PAYOUTS_WRITE)
        wallet = wallet_account(wallet_id)
        unit = booking.hold_payout(wallet, money, note)
        reference = _checked(destination)

        def pay(gateway: PaymentGateway, payment: Payment) -> Report:
            order = PayoutOrder(
                actor.ledger_id,
                actor.partner_id,
                payment.transaction_id,
                payment.money,
                reference,
                self.descriptor,
            )
            return gateway.pay_out(order)

        return self._make(actor, PaymentKind.PAYOUT, unit, wallet, pay, asked, reference)

    def charge_of(self, actor: Actor, transaction_id: str) -> Payment | None:
        """Return the charge behind a transaction of the actor's, if there is one.

        Raises ``NotReversible`` for what else a gateway moved: that cannot be taken back.
        """
        if not is_id(transaction_id, TRANSACTION):
            return None
        payment = self.reader.payment(actor.ledger_id, TransactionId(transaction_id))
        if payment is None:
            return None
        if payment.kind is not PaymentKind.CHARGE:
            detail = "Only a completed credit, debit or transfer can be reversed."
            raise NotReversible(detail, subject=transaction_id)
        return payment

    def refund(
        self,
        actor: Actor,
        charge: Payment,
        amount: int | None,
        asked: Asked,
        note: Note = NO_NOTE,
    ) -> Answer | Replayed:
        """Give ``amount`` minor units (``None``: all that is left) of a charge back to the payer.

        Raises what the ledger refuses, such as ``ReversalExceedsOriginal``, and as ``credit``.
        """
        actor.require(Permission.TRANSACTIONS_WRITE)
        charge_id = charge.gateway_id or ""
        unit = booking.hold_refund(charge.transaction_id, amount, note)

        def refund(gateway: PaymentGateway, payment: Payment) -> Report:
            order = RefundOrder(
                actor.ledger_id,
                actor.partner_id,
                payment.transaction_id,
                payment.money,
                charge_id,
            )
            return gateway.refund(order)

        return self._make(
            actor, PaymentKind.REFUND, unit, charge.wallet_id, refund, asked, charge_id=charge_id
        )

    def _make(
        self,
        actor: Actor,
        kind: PaymentKind,
        unit: Unit,
        wallet: AccountId,
        call: _Call,
        asked: Asked,
        reference: str | None = None,
        charge_id: str | None = None,
    ) -> Answer | Replayed:
        gateway = self.gateway_of(actor.environment)
        if gateway is None:
            detail = f"No payment gateway is set up for the {actor.environment.value} environment."
            raise GatewayNotConfigured(detail)
        now = self.clock.now()

        def make(transaction: Transaction) -> Payment:
            return Payment(
                ledger_id=actor.ledger_id,
                transaction_id=transaction.id,
                environment=actor.environment,
                gateway=gateway.name,
                kind=kind,
                status=PaymentStatus.PENDING,
                wallet_id=wallet,
                money=Money(transaction.amount, transaction.currency),
                created_at=now,
                reference=reference,
                charge_id=charge_id,
                next_attempt_at=now + self.answer_timeout,
                claim=asked.claim,
                request_id=asked.request_id,
            )

        payment = self.desk.open(actor.ledger_id, unit, asked.claim, make)
        if isinstance(payment, Replayed):
            return payment
        return self._ask(gateway, payment, call, asked.render)

    def _ask(
        self, gateway: PaymentGateway, payment: Payment, call: _Call, render: Render
    ) -> Answer:
        try:
            report = call(gateway, payment)
        except GatewayUnavailable as error:
            self.desk.withdraw(payment, Failure(error.code, error.detail))
            raise
        except OutcomeUnknown:
            return self.desk.answer_pending(payment, render)
        answer = self.desk.learn(payment, report, render)
        return answer or self.desk.answer_pending(payment, render)


def _checked(reference: str) -> str:
    """Refuse what no gateway could know as a payment method or a destination."""
    if not 0 < len(reference) <= REFERENCE_LENGTH_MAX or not reference.isascii():
        detail = f"Use the gateway's own id: 1 to {REFERENCE_LENGTH_MAX} ASCII characters."
        raise InvalidReference(detail, subject=reference[:REFERENCE_LENGTH_MAX])
    return reference
