"""How changes at the mock gateway move its balance, and what it takes for that."""

from collections.abc import Mapping

from attrs import frozen

from payflow_domain.payments.gateway import MovementKind, PaymentKind, Report, ReportStatus

DISPUTE_FEE = 1_500
"""What a dispute costs, in minor units of whatever currency; it is not given back."""

_FEE_PER_MILLE = 15
_FEE_FIXED = 25

_GOING: Mapping[tuple[PaymentKind, ReportStatus], MovementKind] = {
    (PaymentKind.CHARGE, ReportStatus.SUCCEEDED): MovementKind.CHARGE,
    (PaymentKind.REFUND, ReportStatus.SUCCEEDED): MovementKind.REFUND,
    (PaymentKind.PAYOUT, ReportStatus.SUCCEEDED): MovementKind.PAYOUT,
    (PaymentKind.DISPUTE, ReportStatus.PENDING): MovementKind.DISPUTE,
    (PaymentKind.DISPUTE, ReportStatus.WON): MovementKind.DISPUTE_WON,
}
_COMING_BACK: Mapping[PaymentKind, MovementKind] = {
    PaymentKind.REFUND: MovementKind.REFUND_FAILURE,
    PaymentKind.PAYOUT: MovementKind.PAYOUT_RETURN,
}
_SHRINKING = frozenset({MovementKind.REFUND, MovementKind.PAYOUT, MovementKind.DISPUTE})


@frozen
class Line:
    """A movement as it is planned: ``amount`` signed, ``fee`` not."""

    kind: MovementKind
    amount: int
    fee: int = 0


def lines_of(report: Report, before: ReportStatus | None) -> list[Line]:
    """Return what moves when something comes to stand as ``report`` says."""
    kind = _kind_of(report, before)
    if kind is None:
        return []
    amount = report.money.amount
    if kind is MovementKind.CHARGE:
        return [Line(kind, amount, fee_of(amount))]
    line = Line(kind, -amount if kind in _SHRINKING else amount)
    if kind is MovementKind.DISPUTE:
        return [line, Line(MovementKind.FEE, 0, DISPUTE_FEE)]
    return [line]


def fee_of(amount: int) -> int:
    """Return what a charge costs: 1.5 % and 25 minor units, but never more than it brings."""
    return min(amount, amount * _FEE_PER_MILLE // 1000 + _FEE_FIXED)


def _kind_of(report: Report, before: ReportStatus | None) -> MovementKind | None:
    if report.status is not ReportStatus.FAILED:
        return _GOING.get((report.kind, report.status))
    return _COMING_BACK.get(report.kind) if before is ReportStatus.SUCCEEDED else None
