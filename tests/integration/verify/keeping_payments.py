"""Payments of every kind, wherever they can stand."""

from datetime import timedelta

from attrs import define, evolve

from payflow_domain.ids import TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import Failure, Transaction, Unit
from payflow_domain.money import Money
from payflow_domain.payments import booking
from payflow_domain.payments.desk import Desk
from payflow_domain.payments.gateway import MovementKind, PaymentKind, Report, ReportStatus
from payflow_domain.payments.model import Leg, Payment, PaymentStatus
from payflow_domain.wallets.movements import NO_NOTE
from tests.builders.ledger import EUR, FundedLedger
from tests.builders.payments import render
from tests.builders.times import START

SANDBOX = Environment.SANDBOX
SUCCEEDED, FAILED = ReportStatus.SUCCEEDED, ReportStatus.FAILED


def keep_payments(
    desk: Desk, ledger: FundedLedger
) -> tuple[TransactionId, TransactionId, TransactionId]:
    """Make payments; returns a charge that succeeded, one that is pending, and a fee."""
    teller = Teller(desk, ledger)
    charge = teller.charge(200, "ch_1", SUCCEEDED)
    charging = teller.charge(200, "ch_2")
    teller.refund(charge, 80, "re_1", SUCCEEDED)
    fee = teller.pay_fee(7)
    teller.refund(charge, 30, "re_2", SUCCEEDED, FAILED)
    teller.refund(charge, 10, "re_3", FAILED)
    teller.refund(charge, 10, "re_4")
    teller.charge(200, "ch_3", FAILED)
    teller.charge(200, "ch_4", FAILED, SUCCEEDED)
    teller.pay_out(20, "po_1", SUCCEEDED)
    teller.pay_out(20, "po_2", SUCCEEDED, FAILED)
    teller.pay_out(20, "po_3", FAILED)
    teller.pay_out(20, "po_4")
    teller.happen(charge, PaymentKind.REFUND, "re_5", 5, SUCCEEDED)
    for gateway_id, outcome in (("dp_1", ReportStatus.WON), ("dp_2", ReportStatus.LOST)):
        teller.happen(charge, PaymentKind.DISPUTE, gateway_id, 5, outcome)
        teller.learn_of(gateway_id, outcome, 5)
    teller.happen(charge, PaymentKind.DISPUTE, "dp_3", 5, ReportStatus.PENDING)
    return charge.transaction_id, charging.transaction_id, fee


@define
class Teller:
    """Says what a gateway would say, of payments of the first wallet."""

    desk: Desk
    ledger: FundedLedger

    def charge(self, amount: int, gateway_id: str, *told: ReportStatus) -> Payment:
        money = Money(amount, EUR)
        unit = booking.hold_charge(self.ledger.wallets[0], money, NO_NOTE)
        return self._make(PaymentKind.CHARGE, unit, money, None, gateway_id, told)

    def pay_out(self, amount: int, gateway_id: str, *told: ReportStatus) -> None:
        money = Money(amount, EUR)
        unit = booking.hold_payout(self.ledger.wallets[0], money, NO_NOTE)
        self._make(PaymentKind.PAYOUT, unit, money, None, gateway_id, told)

    def refund(self, charge: Payment, amount: int, gateway_id: str, *told: ReportStatus) -> None:
        unit = booking.hold_refund(charge.transaction_id, amount, NO_NOTE)
        charge_id = charge.gateway_id
        self._make(PaymentKind.REFUND, unit, Money(amount, EUR), charge_id, gateway_id, told)

    def happen(
        self, charge: Payment, kind: PaymentKind, gateway_id: str, amount: int, status: ReportStatus
    ) -> None:
        """Let something begin at the gateway."""
        report = Report(kind, gateway_id, status, Money(amount, EUR), charge_id=charge.gateway_id)
        self.desk.begin_elsewhere(charge, report)

    def learn_of(self, gateway_id: str, status: ReportStatus, amount: int) -> None:
        """Tell how a dispute ended."""
        with self.desk.begin() as uow:
            payment = uow.payment_at_gateway(self.ledger.id, "mock", gateway_id)
        assert payment is not None
        report = Report(payment.kind, gateway_id, status, Money(amount, EUR))
        self.desk.learn(payment, report, render)

    def pay_fee(self, amount: int) -> TransactionId:
        unit = booking.pay_fee(Money(amount, EUR), "Fee")
        kind, none = MovementKind.FEE, TransactionId("")
        leg = Leg(self.ledger.id, none, "mock", SANDBOX, kind, "fee_1", -amount, EUR, START)
        paid = self.desk.pay_fee(unit, leg)
        assert paid is not None
        return paid.transaction_id

    def _make(
        self,
        kind: PaymentKind,
        unit: Unit,
        money: Money,
        charge_id: str | None,
        gateway_id: str,
        told: tuple[ReportStatus, ...],
    ) -> Payment:
        def make(transaction: Transaction) -> Payment:
            return Payment(
                ledger_id=self.ledger.id,
                transaction_id=transaction.id,
                environment=SANDBOX,
                gateway="mock",
                kind=kind,
                status=PaymentStatus.PENDING,
                wallet_id=self.ledger.wallets[0],
                money=money,
                created_at=START,
                reference="a reference",
                charge_id=charge_id,
                next_attempt_at=START + timedelta(days=1),
            )

        payment = self.desk.open(self.ledger.id, unit, None, make)
        assert isinstance(payment, Payment)
        for status in told:
            failure = Failure("a_code", "Why.") if status is FAILED else None
            report = Report(kind, gateway_id, status, money, payment.transaction_id, None, failure)
            self.desk.learn(payment, report, render)
        return evolve(payment, gateway_id=gateway_id)
