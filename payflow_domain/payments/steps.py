"""What follows from a gateway's report: where the payment stands then, and what is booked."""

from collections.abc import Callable, Mapping

from attrs import frozen

from payflow_domain.ids import AccountId
from payflow_domain.ledger.transactions import Transaction, Unit
from payflow_domain.payments import booking
from payflow_domain.payments.gateway import MovementKind, PaymentKind, Report, ReportStatus
from payflow_domain.payments.model import Payment, PaymentStatus

Instead = Mapping[AccountId, AccountId]
"""Accounts that take the place of others; empty at the first try."""

WITHOUT_STAND_IN: Instead = {}


@frozen
class Step:
    """One step of a payment: ``unit`` is tried first as it is, then with a stand-in.

    ``movement`` is the line of the gateway's account that it books, if any, and ``sign`` says
    whether the gateway holds more for it (1) or less (-1).
    """

    status: PaymentStatus
    unit: Callable[[Instead], Unit]
    movement: MovementKind | None = None
    sign: int = 0


_STATUS = {
    ReportStatus.PENDING: PaymentStatus.PENDING,
    ReportStatus.SUCCEEDED: PaymentStatus.SUCCEEDED,
    ReportStatus.FAILED: PaymentStatus.FAILED,
    ReportStatus.WON: PaymentStatus.WON,
    ReportStatus.LOST: PaymentStatus.LOST,
}


def step_of(payment: Payment, transaction: Transaction, report: Report) -> Step | None:
    """Return what a report on a known payment calls for; ``None`` where it is nothing new.

    Reports come late, twice and in any order: only one that leads on from where the payment
    stands calls for anything. ``transaction`` is the payment's.
    """
    status = _STATUS[report.status]
    is_back = status is PaymentStatus.FAILED and payment.status is PaymentStatus.SUCCEEDED
    if is_back:
        status = PaymentStatus.RETURNED
    if _is_late(payment, report):
        return Step(
            PaymentStatus.FAILED,
            lambda _: booking.keep_in_suspense(payment.money),
            MovementKind.CHARGE,
            1,
        )
    if not payment.leads_to(status):
        return None
    if status is PaymentStatus.FAILED:
        return Step(status, lambda _: booking.void(transaction, report.failure))
    return _STEPS[payment.kind, status](transaction)


def first_step_of(charge: Transaction, report: Report) -> Step | None:
    """Return what a report calls for that tells of something new on a charge of ours.

    Somebody refunded it at the gateway, or the payer disputes it. A dispute took the money when
    it was opened, however it stands by now; what has become of it since is a step of its own.
    """
    money = report.money
    match report.kind, report.status:
        case PaymentKind.REFUND, ReportStatus.SUCCEEDED:
            return Step(
                PaymentStatus.SUCCEEDED,
                lambda instead: booking.refund_made_elsewhere(charge, money, instead),
                MovementKind.REFUND,
                -1,
            )
        case PaymentKind.DISPUTE, ReportStatus.PENDING | ReportStatus.WON | ReportStatus.LOST:
            return Step(
                PaymentStatus.PENDING,
                lambda instead: booking.take_disputed(charge, money, instead),
                MovementKind.DISPUTE,
                -1,
            )
    return None


def _is_late(payment: Payment, report: Report) -> bool:
    """Tell whether a charge came about that had been given up."""
    return (
        payment.kind is PaymentKind.CHARGE
        and payment.status is PaymentStatus.FAILED
        and report.status is ReportStatus.SUCCEEDED
    )


def _charged(charge: Transaction) -> Step:
    return Step(PaymentStatus.SUCCEEDED, lambda _: booking.settle(charge), MovementKind.CHARGE, 1)


def _refunded(refund: Transaction) -> Step:
    return Step(PaymentStatus.SUCCEEDED, lambda _: booking.settle(refund), MovementKind.REFUND, -1)


def _refund_returned(refund: Transaction) -> Step:
    return Step(
        PaymentStatus.RETURNED,
        lambda instead: booking.take_refund_back(refund, instead),
        MovementKind.REFUND_FAILURE,
        1,
    )


def _paid(payout: Transaction) -> Step:
    return Step(PaymentStatus.SUCCEEDED, lambda _: booking.pay(payout), MovementKind.PAYOUT, -1)


def _payout_returned(payout: Transaction) -> Step:
    return Step(
        PaymentStatus.RETURNED,
        lambda instead: booking.take_payout_back(payout, instead),
        MovementKind.PAYOUT_RETURN,
        1,
    )


def _won(dispute: Transaction) -> Step:
    return Step(
        PaymentStatus.WON,
        lambda instead: booking.give_disputed_back(dispute, instead),
        MovementKind.DISPUTE_WON,
        1,
    )


def _lost(_: Transaction) -> Step:
    return Step(PaymentStatus.LOST, lambda _: booking.NOTHING)


_STEPS: Mapping[tuple[PaymentKind, PaymentStatus], Callable[[Transaction], Step]] = {
    (PaymentKind.CHARGE, PaymentStatus.SUCCEEDED): _charged,
    (PaymentKind.REFUND, PaymentStatus.SUCCEEDED): _refunded,
    (PaymentKind.REFUND, PaymentStatus.RETURNED): _refund_returned,
    (PaymentKind.PAYOUT, PaymentStatus.SUCCEEDED): _paid,
    (PaymentKind.PAYOUT, PaymentStatus.RETURNED): _payout_returned,
    (PaymentKind.DISPUTE, PaymentStatus.WON): _won,
    (PaymentKind.DISPUTE, PaymentStatus.LOST): _lost,
}
