"""What a gateway under test offers to the suite, and the orders that the suite gives."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import pytest
from attrs import frozen

from payflow_domain.ids import LedgerId
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    ChargeOrder,
    Movement,
    MovementKind,
    Notice,
    Order,
    PaymentGateway,
    PaymentKind,
    PayoutOrder,
    RefundOrder,
    Report,
    Sought,
)
from tests.builders.ledger import PARTNER_ID
from tests.builders.times import transaction_id

DELAY = 2
"""After so many seconds the gateway knows an outcome, and after twice as many what follows it."""

MONEY = Money(5_000, "EUR")

DECLINES = {
    "pm_card_chargeDeclined": "card_declined",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedLostCard": "lost_card",
    "pm_card_chargeDeclinedStolenCard": "stolen_card",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "pm_card_chargeDeclinedProcessingError": "processing_error",
    "pm_card_chargeDeclinedFraudulent": "fraudulent",
    "pm_card_authenticationRequired": "authentication_required",
}
"""For each payment method the code with which a charge of it is declined."""


@frozen
class Values:
    """Payment methods and destinations by what becomes of them; ``None``: there is no such one.

    ``pm_card_visa`` is charged at once. ``declines`` gives each payment method that is declined
    its code.
    """

    declines: Mapping[str, str] = DECLINES
    charged_later: str | None = "pm_async_success"
    declined_later: str | None = "pm_async_failure"
    refunded_later: str | None = "pm_card_pendingRefund"
    refund_fails: str | None = "pm_card_refundFail"
    paid: str = "ba_paid"
    payout_fails: str | None = "ba_failed"
    payout_refused: str | None = "ba_refused"
    payout_canceled: str | None = "ba_canceled"
    payout_returned: str | None = "ba_returned_late"


class GatewayHarness(Protocol):
    """A gateway of the sandbox that nobody has used yet, and the world that it stands in.

    Its time stands still but for ``advance``.
    """

    @property
    def gateway(self) -> PaymentGateway: ...

    @property
    def values(self) -> Values: ...

    def now(self) -> datetime:
        """Return the time as the gateway has it."""
        ...

    def advance(self, seconds: int) -> None:
        """Let time pass; what is due by then has happened."""
        ...

    def take_notices(self) -> list[tuple[bytes, str]]:
        """Return payload and signature of the notices sent since the last call, oldest first."""
        ...

    def refund_outside(self, charge_id: str, amount: int) -> str:
        """Refund in the gateway's dashboard, and return the refund's id."""
        ...

    def open_dispute(self, charge_id: str) -> str:
        """Let the payer dispute the whole charge, and return the dispute's id."""
        ...

    def close_dispute(self, dispute_id: str, *, won: bool) -> None: ...

    def forge(self, payload: bytes, seconds: int = 0) -> str:
        """Return the signature that the gateway makes ``seconds`` from now."""
        ...

    def lose_next(self, *, effect: bool) -> None:
        """Let the next order go unanswered: after it was carried out, or before."""
        ...

    def refuse_next(self) -> None:
        """Let the gateway be out of order for the next order, which has no effect."""
        ...


class GatewaySuite:
    """The fixtures of every suite on the port."""

    @pytest.fixture
    def harness(self) -> GatewayHarness:
        raise NotImplementedError

    @pytest.fixture
    def gateway(self, harness: GatewayHarness) -> PaymentGateway:
        return harness.gateway


def known(value: str | None) -> str:
    """Return ``value``; a gateway without such a value need not show it."""
    return value if value is not None else pytest.skip("The gateway has no such value.")


def charge_of(
    number: int, payment_method: str = "pm_card_visa", money: Money = MONEY
) -> ChargeOrder:
    """Order a charge; ``number`` tells the transaction, here and below."""
    return ChargeOrder(
        LedgerId(1), PARTNER_ID, transaction_id(number), money, payment_method, "ROSABANK"
    )


def refund_of(number: int, charge_id: str, money: Money = MONEY) -> RefundOrder:
    return RefundOrder(LedgerId(1), PARTNER_ID, transaction_id(number), money, charge_id)


def payout_of(number: int, destination: str = "ba_paid", money: Money = MONEY) -> PayoutOrder:
    return PayoutOrder(
        LedgerId(1), PARTNER_ID, transaction_id(number), money, destination, "ROSABANK"
    )


def give(gateway: PaymentGateway, order: Order) -> Report:
    """Ask for whatever is ordered."""
    match order:
        case ChargeOrder():
            return gateway.charge(order)
        case RefundOrder():
            return gateway.refund(order)
        case PayoutOrder():
            return gateway.pay_out(order)
    raise AssertionError(order)


def sought(order: Order, since: datetime, gateway_id: str | None = None) -> Sought:
    """Return what to look for to find what became of ``order``."""
    kinds = {
        ChargeOrder: PaymentKind.CHARGE,
        RefundOrder: PaymentKind.REFUND,
        PayoutOrder: PaymentKind.PAYOUT,
    }
    charge_id = order.charge_id if isinstance(order, RefundOrder) else None
    return Sought(kinds[type(order)], order.transaction_id, since, gateway_id, charge_id)


def movements_until_now(harness: GatewayHarness) -> list[Movement]:
    """Return all that has moved the balance in the last hour."""
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    now = harness.now()
    return list(harness.gateway.movements(now - hour, now + second))


def movements_of(harness: GatewayHarness, gateway_id: str) -> list[tuple[MovementKind, int]]:
    """Return kind and amount of what one charge, refund, payout or dispute has moved.

    Lines that are a fee alone are left out.
    """
    return [
        (each.kind, each.amount)
        for each in movements_until_now(harness)
        if each.gateway_id == gateway_id and each.kind is not MovementKind.FEE
    ]


def take_read(harness: GatewayHarness) -> list[Notice]:
    """Take the notices that were sent and read them."""
    return [harness.gateway.read_notice(*each) for each in harness.take_notices()]
