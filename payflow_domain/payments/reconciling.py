"""Comparing the gateway's own account of our money with our gateway clearing account."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from payflow_domain.clock import Clock
from payflow_domain.ids import LedgerId, TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.money import Money
from payflow_domain.payments import booking
from payflow_domain.payments.desk import Desk
from payflow_domain.payments.gateway import GatewayOf, Movement, MovementKind, PaymentGateway
from payflow_domain.payments.model import GatewayNotConfigured, Leg
from payflow_domain.payments.ports import PaymentReader

SLACK = timedelta(days=3)
"""How long after the gateway moved money PayFlow may have booked it, or before."""

_Key = tuple[MovementKind, str]

_NOT_YET = TransactionId("")


class LineStatus(StrEnum):
    """What the comparison of one line came to.

    ``CANCELLED_OUT``: the gateway took back what it had done before PayFlow heard of either.
    ``UNTOLD``: the gateway has a line that PayFlow cannot tell apart; it is compared with nothing.
    """

    MATCHED = "matched"
    CANCELLED_OUT = "cancelled_out"
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    DIFFERENT_AMOUNT = "different_amount"
    UNTOLD = "untold"


_SOUND = frozenset({LineStatus.MATCHED, LineStatus.CANCELLED_OUT})


@frozen
class Line:
    """One line: the gateway's ``movement``, our ``leg``, or both."""

    status: LineStatus
    movement: Movement | None
    leg: Leg | None


@frozen
class Reconciliation:
    """Every line of a period, oldest first, and the fees that were booked by the way."""

    lines: Sequence[Line]
    fees_booked: int

    @property
    def unmatched(self) -> list[Line]:
        """The lines that are not in order."""
        return [line for line in self.lines if line.status not in _SOUND]


@frozen
class Reconciler:
    """Compares line by line, and books the gateway's fees."""

    reader: PaymentReader
    desk: Desk
    gateway_of: GatewayOf
    clock: Clock

    def reconcile(self, environment: Environment, start: datetime, end: datetime) -> Reconciliation:
        """Compare what moved from ``start`` to before ``end``; raises ``GatewayNotConfigured``.

        The fee of each line whose ledger is known is booked: Dr gateway fees / Cr gateway
        clearing, once. A fee that belongs to nobody's payment is a line missing here.
        """
        gateway = self.gateway_of(environment)
        if gateway is None:
            detail = f"No payment gateway is set up for the {environment.value} environment."
            raise GatewayNotConfigured(detail)
        movements = list(gateway.movements(start - SLACK, end + SLACK))
        legs = self._legs_of(gateway, movements)
        booked = self._book_fees(gateway, [m for m in movements if start <= m.at < end], legs)
        legs |= booked
        lines = [
            *self._of_movements(movements, legs, start, end),
            *self._without_movement(gateway, movements, start, end),
        ]
        return Reconciliation(sorted(lines, key=_time_of), len(booked))

    def _legs_of(self, gateway: PaymentGateway, movements: Iterable[Movement]) -> dict[_Key, Leg]:
        keys = [_key(movement) for movement in movements]
        found = self.reader.legs_at_gateway(gateway.name, gateway.environment, keys)
        return {(leg.kind, leg.gateway_id): leg for leg in found}

    def _of_movements(
        self,
        movements: Sequence[Movement],
        legs: dict[_Key, Leg],
        start: datetime,
        end: datetime,
    ) -> Iterator[Line]:
        nets: defaultdict[str, int] = defaultdict(int)
        for movement in movements:
            if _key(movement) not in legs:
                nets[movement.gateway_id] += movement.amount
        for movement in movements:
            if start <= movement.at < end:
                leg = legs.get(_key(movement))
                yield Line(_compare(movement, leg, nets[movement.gateway_id]), movement, leg)

    def _without_movement(
        self,
        gateway: PaymentGateway,
        movements: Iterable[Movement],
        start: datetime,
        end: datetime,
    ) -> Iterator[Line]:
        """Yield our lines that the gateway knows nothing of; fees are from its lines anyway."""
        known = {_key(movement) for movement in movements}
        for leg in self.reader.legs(gateway.name, gateway.environment, start, end):
            if leg.kind is not MovementKind.FEE and (leg.kind, leg.gateway_id) not in known:
                yield Line(LineStatus.MISSING_THERE, None, leg)

    def _book_fees(
        self, gateway: PaymentGateway, movements: Iterable[Movement], legs: dict[_Key, Leg]
    ) -> dict[_Key, Leg]:
        booked: dict[_Key, Leg] = {}
        for movement in movements:
            ledger_id = self._ledger_of(gateway, movement, legs) if movement.fee else None
            if ledger_id is None:
                continue
            leg = self._book_fee(gateway, movement, ledger_id)
            if leg is not None:
                booked[leg.kind, leg.gateway_id] = leg
        return booked

    def _ledger_of(
        self, gateway: PaymentGateway, movement: Movement, legs: dict[_Key, Leg]
    ) -> LedgerId | None:
        if leg := legs.get(_key(movement)):
            return leg.ledger_id
        payment = self.reader.payment_with_gateway_id(
            gateway.name, gateway.environment, movement.gateway_id
        )
        return payment.ledger_id if payment else None

    def _book_fee(
        self, gateway: PaymentGateway, movement: Movement, ledger_id: LedgerId
    ) -> Leg | None:
        description = f"Fee of the gateway for a {movement.kind}"
        unit = booking.pay_fee(Money(movement.fee, movement.currency), description)
        leg = Leg(
            ledger_id=ledger_id,
            transaction_id=_NOT_YET,
            gateway=gateway.name,
            environment=gateway.environment,
            kind=MovementKind.FEE,
            gateway_id=movement.id,
            amount=-movement.fee,
            currency=movement.currency,
            at=self.clock.now(),
        )
        return self.desk.pay_fee(unit, leg)


def _key(movement: Movement) -> _Key:
    if movement.kind is MovementKind.FEE:
        return movement.kind, movement.id
    return movement.kind, movement.gateway_id


def _compare(movement: Movement, leg: Leg | None, net: int) -> LineStatus:
    if movement.kind is MovementKind.UNKNOWN:
        return LineStatus.UNTOLD
    if leg is None:
        is_fee = movement.kind is MovementKind.FEE
        return LineStatus.MISSING_HERE if net or is_fee else LineStatus.CANCELLED_OUT
    amount = -movement.fee if movement.kind is MovementKind.FEE else movement.amount
    is_same = (leg.amount, leg.currency) == (amount, movement.currency)
    return LineStatus.MATCHED if is_same else LineStatus.DIFFERENT_AMOUNT


def _time_of(line: Line) -> datetime:
    if line.movement is not None:
        return line.movement.at
    if line.leg is None:
        raise AssertionError(line)
    return line.leg.at
