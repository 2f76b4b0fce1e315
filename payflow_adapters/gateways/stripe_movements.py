"""The lines of Stripe's own account of our money: its balance transactions."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from stripe import BalanceTransaction, Charge

from payflow_adapters.gateways.stripe_money import from_stripe
from payflow_adapters.gateways.stripe_reports import id_of
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
    """Yield the line, and a second one where it gives a fee back."""
    kind, fee = _kind_of(line), line.fee
    if kind is MovementKind.FEE:
        yield _fee_line(line, line.id, fee - line.amount)
        return
    yield _movement(line, line.id, kind, _gateway_id(line), line.amount, max(fee, 0))
    if fee < 0:
        yield _fee_line(line, f"{line.id}-fee", fee)


def _fee_line(line: BalanceTransaction, id_: str, fee: int) -> Movement:
    """Return a line that is a fee alone; one that was given back is an amount that came in."""
    return _movement(line, id_, MovementKind.FEE, id_, max(-fee, 0), max(fee, 0))


def _movement(
    line: BalanceTransaction, id_: str, kind: MovementKind, gateway_id: str, amount: int, fee: int
) -> Movement:
    return Movement(
        id_,
        kind,
        gateway_id,
        from_stripe(amount, line.currency),
        from_stripe(fee, line.currency),
        line.currency.upper(),
        datetime.fromtimestamp(line.created, UTC),
    )


def _kind_of(line: BalanceTransaction) -> MovementKind:
    """Sort by category; what is none of ours looks like money put in or taken out."""
    is_in = line.amount > 0
    if line.reporting_category in _DISPUTES:
        return MovementKind.DISPUTE_WON if is_in else MovementKind.DISPUTE
    other = MovementKind.CHARGE if is_in else MovementKind.PAYOUT
    return _KINDS.get(line.reporting_category, other)


def _gateway_id(line: BalanceTransaction) -> str:
    """Return the id that reports have: of a charge, that of its PaymentIntent."""
    if isinstance(line.source, Charge) and line.source.payment_intent:
        return id_of(line.source.payment_intent) or line.source.id
    return id_of(line.source) or line.id
