"""What the mock gateway makes of orders, and of what its dashboard is told."""

from attrs import evolve

from payflow_adapters.gateways.mock_book import Book
from payflow_adapters.gateways.mock_schema import PREFIX
from payflow_adapters.gateways.mock_scripts import Scripts
from payflow_adapters.gateways.mock_values import (
    DESTINATIONS,
    PAYMENT_METHODS,
    Behaviour,
    Change,
    Trouble,
    failure,
    refusal,
)
from payflow_domain.ids import TRANSACTION
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    ChargeOrder,
    Order,
    PaymentKind,
    PayoutOrder,
    RefundOrder,
    Report,
    ReportStatus,
)

_KEEPS_THE_MONEY = frozenset({ReportStatus.PENDING, ReportStatus.LOST})
"""Where a dispute stands while, or since, the charge's money is not there to be refunded."""


def take(book: Book, order: Order) -> tuple[Report | None, Trouble | None]:
    """Take an order, or tell what the same one was told before; and what trouble it meets."""
    scripts = Scripts(book.connection)
    trouble = scripts.take_trouble()
    told = book.answer_to(order.transaction_id)
    if told is not None:
        return _tell_again(book, told, order), trouble
    behaviour = _behaviour_of(book, scripts, order)
    trouble = trouble or behaviour.trouble
    if trouble is Trouble.TIMEOUT_NO_EFFECT or trouble is Trouble.UNAVAILABLE:
        return None, trouble
    return _begin(book, order, behaviour), trouble


def refund_outside(book: Book, charge_id: str, amount: int) -> str:
    """Refund without an order; returns the refund's id. Raises ``ValueError`` if it cannot be."""
    money = Money(amount, _charge(book, charge_id).money.currency)
    behaviour = _refund_behaviour(book, Scripts(book.connection), charge_id, money)
    why = behaviour.changes[0].failure
    if why is not None:
        raise ValueError(why.message)
    earlier = [each for each in book.on_charge(charge_id) if each.kind is PaymentKind.REFUND]
    refund_id = f"{PREFIX}re_{_stem(charge_id)}_{len(earlier) + 1}"
    report = _report(PaymentKind.REFUND, refund_id, money, charge_id)
    book.add(report, charge_id, behaviour.changes)
    return refund_id


def open_dispute(book: Book, charge_id: str, amount: int | None) -> str:
    """Open the one dispute of a charge, of what is left of it if no amount is given.

    Raises ``ValueError`` if it cannot be.
    """
    charge = _charge(book, charge_id)
    if book.reference_of(_dispute_id(charge_id)) is not None:
        raise ValueError(f"{charge_id} has its dispute already, or will have.")
    disputed = _left_of(book, charge) if amount is None else amount
    if not 0 < disputed <= charge.money.amount:
        raise ValueError(f"{charge_id} cannot be disputed for {disputed}.")
    money = evolve(charge.money, amount=disputed)
    _dispute(book, charge_id, money, (Change(ReportStatus.PENDING),))
    return _dispute_id(charge_id)


def close_dispute(book: Book, dispute_id: str, *, won: bool) -> None:
    """Decide a dispute, in place of what was planned. Raises ``ValueError`` if it is not open."""
    dispute = book.standing(dispute_id)
    is_open = dispute is not None and dispute.kind is PaymentKind.DISPUTE
    if dispute is None or not is_open or dispute.status is not ReportStatus.PENDING:
        raise ValueError(f"{dispute_id} is no open dispute.")
    book.change(dispute, Change(ReportStatus.WON if won else ReportStatus.LOST))


def _tell_again(book: Book, told: Report, order: Order) -> Report:
    ordered = _first_report(order)
    same = evolve(told, status=ordered.status, failure=None) == ordered
    if same and book.reference_of(told.gateway_id) == _reference_of(order):
        return told
    mismatch = failure("idempotency_mismatch")
    return evolve(ordered, gateway_id="", status=ReportStatus.FAILED, failure=mismatch)


def _begin(book: Book, order: Order, behaviour: Behaviour) -> Report:
    report = _first_report(order)
    book.add(report, _reference_of(order), behaviour.changes)
    if behaviour.dispute:
        _dispute(book, report.gateway_id, order.money, behaviour.dispute)
    answer = behaviour.changes[0]
    return evolve(report, status=answer.status, failure=answer.failure)


def _behaviour_of(book: Book, scripts: Scripts, order: Order) -> Behaviour:
    reference = _reference_of(order)
    match order:
        case RefundOrder():
            return _refund_behaviour(book, scripts, reference, order.money)
        case PayoutOrder():
            known, refused = DESTINATIONS, "invalid_destination"
        case _:
            known, refused = PAYMENT_METHODS, "invalid_payment_method"
    return scripts.behaviour(reference) or known.get(reference) or refusal(refused)


def _refund_behaviour(book: Book, scripts: Scripts, charge_id: str, money: Money) -> Behaviour:
    charge = book.standing(charge_id)
    if charge is None or not _has_succeeded(charge):
        return refusal("charge_not_found")
    if any(
        each.kind is PaymentKind.DISPUTE and each.status in _KEEPS_THE_MONEY
        for each in book.on_charge(charge_id)
    ):
        return refusal("charge_disputed")
    if money.currency != charge.money.currency:
        return refusal("refund_currency_differs")
    if money.amount > _left_of(book, charge):
        return refusal("refund_exceeds_charge")
    method = book.reference_of(charge_id) or ""
    behaviour = scripts.behaviour(method) or PAYMENT_METHODS.get(method) or Behaviour()
    return Behaviour(behaviour.refunds)


def _left_of(book: Book, charge: Report) -> int:
    """Return what of a charge was not refunded, nor is about to be."""
    refunds = [
        each.money.amount
        for each in book.on_charge(charge.gateway_id)
        if each.kind is PaymentKind.REFUND and each.status is not ReportStatus.FAILED
    ]
    return charge.money.amount - sum(refunds)


def _charge(book: Book, charge_id: str) -> Report:
    charge = book.standing(charge_id)
    if charge is None or not _has_succeeded(charge):
        raise ValueError(f"{charge_id} is no charge that has succeeded.")
    return charge


def _has_succeeded(charge: Report) -> bool:
    return charge.kind is PaymentKind.CHARGE and charge.status is ReportStatus.SUCCEEDED


def _dispute(book: Book, charge_id: str, money: Money, plan: tuple[Change, ...]) -> None:
    report = _report(PaymentKind.DISPUTE, _dispute_id(charge_id), money, charge_id)
    book.add(report, charge_id, plan, is_ordered=False)


def _first_report(order: Order) -> Report:
    """Return what is the same in all reports on an order; it is pending until it is decided."""
    letters, kind = _KINDS[type(order)]
    gateway_id = f"{PREFIX}{letters}_{order.transaction_id.removeprefix(f'{TRANSACTION}_')}"
    charge_id = order.charge_id if isinstance(order, RefundOrder) else None
    report = _report(kind, gateway_id, order.money, charge_id)
    return evolve(report, transaction_id=order.transaction_id)


def _report(kind: PaymentKind, gateway_id: str, money: Money, charge_id: str | None) -> Report:
    return Report(kind, gateway_id, ReportStatus.PENDING, money, charge_id=charge_id)


def _reference_of(order: Order) -> str:
    match order:
        case ChargeOrder():
            return order.payment_method
        case RefundOrder():
            return order.charge_id
        case PayoutOrder():
            return order.destination
    raise TypeError(order)


_KINDS: dict[type[Order], tuple[str, PaymentKind]] = {
    ChargeOrder: ("ch", PaymentKind.CHARGE),
    RefundOrder: ("re", PaymentKind.REFUND),
    PayoutOrder: ("po", PaymentKind.PAYOUT),
}


def _dispute_id(charge_id: str) -> str:
    return f"{PREFIX}dp_{_stem(charge_id)}"


def _stem(charge_id: str) -> str:
    return charge_id.removeprefix(f"{PREFIX}ch_")
