"""The lines of Stripe's own account of our money: its balance transactions."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from stripe import BalanceTransaction, Charge

from payflow_adapters.gateways.stripe_money import UnsupportedAmount, from_stripe
from payflow_adapters.gateways.stripe_reports import id_of
from payflow_domain.errors import Invalid
from payflow_domain.payments.gateway import Movement, MovementKind

_KINDS: Mapping[str, MovementKind] = {
    "charge": MovementKind.CHARGE,
    "charge_failure": MovementKind.REFUND,
    "partial_capture_reversal": MovementKind.REFUND,
    "refund": MovementKind.REFUND,
    "refund_failure": MovementKind.REFUND_FAILURE,
    "payout": MovementKind.PAYOUT,
    "payout_reversal": MovementKind.PAYOUT_RETURN,
    "fee": MovementKind.FEE,
    "network_cost": MovementKind.FEE,
    "tax": MovementKind.FEE,
}
"""By Stripe's reporting category, which sorts what its types leave together as adjustments."""

_DISPUTES = frozenset({"dispute", "dispute_reversal"})


def movements_of(line: BalanceTransaction) -> Iterator[Movement]:
    """Yield the line, and a second one where it gives a fee back.

    A line that cannot be told apart, or not exactly, is one of the kind ``UNKNOWN``.
    """
    try:
        yield from list(_told(line))
    except (UnsupportedAmount, Invalid) as error:
        note = f"{line.amount} less {line.fee} in {line.currency}: {error}"
        yield _movement(line, line.id, MovementKind.UNKNOWN, line.id, note=note)


def _told(line: BalanceTransaction) -> Iterator[Movement]:
    kind, fee = _kind_of(line), line.fee
    if kind is MovementKind.FEE:
        yield _fee_line(line, line.id, fee - line.amount)
        return
    gateway_id, note = _gateway_id(line), ""
    if kind is MovementKind.UNKNOWN or gateway_id is None:
        kind, gateway_id, note = MovementKind.UNKNOWN, line.id, _note_of(line)
    yield _movement(line, line.id, kind, gateway_id, line.amount, max(fee, 0), note)
    if fee < 0:
        yield _fee_line(line, f"{line.id}-fee", fee)


def _fee_line(line: BalanceTransaction, id_: str, fee: int) -> Movement:
    """Return a line that is a fee alone; one that was given back is an amount that came in."""
    return _movement(line, id_, MovementKind.FEE, id_, max(-fee, 0), max(fee, 0))


def _movement(
    line: BalanceTransaction,
    id_: str,
    kind: MovementKind,
    gateway_id: str,
    amount: int = 0,
    fee: int = 0,
    note: str = "",
) -> Movement:
    return Movement(
        id_,
        kind,
        gateway_id,
        from_stripe(amount, line.currency) if amount else 0,
        from_stripe(fee, line.currency) if fee else 0,
        line.currency.upper(),
        datetime.fromtimestamp(line.created, UTC),
        note,
    )


def _kind_of(line: BalanceTransaction) -> MovementKind:
    if line.reporting_category in _DISPUTES:
        return MovementKind.DISPUTE_WON if line.amount > 0 else MovementKind.DISPUTE
    return _KINDS.get(line.reporting_category, MovementKind.UNKNOWN)


def _gateway_id(line: BalanceTransaction) -> str | None:
    """Return the id that reports have: of a charge, that of its PaymentIntent."""
    if isinstance(line.source, Charge) and line.source.payment_intent:
        return id_of(line.source.payment_intent) or line.source.id
    return id_of(line.source)


def _note_of(line: BalanceTransaction) -> str:
    return f"category {line.reporting_category}, source {id_of(line.source)}"
