"""The port to the card and bank world: what PayFlow asks a payment gateway, and what it is told.

A gateway is asked with the id of one of our transactions. It must be safe to ask the same twice:
the id is the gateway's idempotency key, so the second time does nothing and is told the same.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from payflow_domain.errors import Invalid, Unavailable
from payflow_domain.ids import LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import Failure
from payflow_domain.money import Money

REFERENCE_LENGTH_MAX = 255
"""The most characters that a payment method, a destination or a gateway's own id may have."""


class OutcomeUnknown(Unavailable):
    """The gateway did not answer in time: it may have done what it was asked, or not.

    Asking the same again is safe, and so is ``find``.
    """

    code = "gateway_outcome_unknown"


class GatewayUnavailable(Unavailable):
    """The gateway did nothing: it could not be reached, or refused to work. Retry later."""

    code = "gateway_unavailable"


class InvalidNotice(Invalid):
    """A notice was not signed by the gateway, is too old, or cannot be read. It has no effect."""

    code = "invalid_notice"


class PaymentKind(StrEnum):
    """What moves money at a gateway."""

    CHARGE = "charge"
    REFUND = "refund"
    PAYOUT = "payout"
    DISPUTE = "dispute"


class ReportStatus(StrEnum):
    """Where something stands at the gateway; the last two are of disputes only.

    A dispute is ``PENDING`` while it is open.
    """

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WON = "won"
    LOST = "lost"


@frozen
class Report:
    """What a gateway says of one charge, refund, payout or dispute.

    ``gateway_id`` is the gateway's id of it and ``charge_id`` the gateway's id of the charge
    that a refund or a dispute is of. ``transaction_id`` is ours, where the gateway was told it.
    ``money`` is the whole of it. A payout that is reported as failed after it had succeeded was
    returned by the bank.
    """

    kind: PaymentKind
    gateway_id: str
    status: ReportStatus
    money: Money
    transaction_id: TransactionId | None = None
    charge_id: str | None = None
    failure: Failure | None = None


@frozen
class Order:
    """What every order tells: whose it is, which of our transactions it is, and how much."""

    ledger_id: LedgerId
    partner_id: PartnerId
    transaction_id: TransactionId
    money: Money


@frozen
class ChargeOrder(Order):
    """Take ``money`` from ``payment_method``.

    ``descriptor`` is what the payer reads on the statement: 1 to 22 characters.
    """

    payment_method: str
    descriptor: str


@frozen
class RefundOrder(Order):
    """Give ``money`` of the charge with that gateway id back."""

    charge_id: str


@frozen
class PayoutOrder(Order):
    """Send ``money`` to ``destination``, a bank account as the gateway knows it."""

    destination: str
    descriptor: str


@frozen
class Sought:
    """What to look for: the order of one of our transactions, made at or after ``since``.

    ``gateway_id`` is known where the gateway has answered before; ``charge_id`` for a refund.
    """

    kind: PaymentKind
    transaction_id: TransactionId
    since: datetime
    gateway_id: str | None = None
    charge_id: str | None = None


@frozen
class Notice:
    """A message from the gateway: ``report`` is what it says, or ``None`` for an unknown type.

    ``id`` is the same each time that the message is delivered.
    """

    id: str
    type: str
    environment: Environment
    created_at: datetime
    report: Report | None


class MovementKind(StrEnum):
    """Why the balance at the gateway moved; ``UNKNOWN`` where it does not say so for PayFlow."""

    CHARGE = "charge"
    REFUND = "refund"
    REFUND_FAILURE = "refund_failure"
    PAYOUT = "payout"
    PAYOUT_RETURN = "payout_return"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    FEE = "fee"
    UNKNOWN = "unknown"


@frozen
class Movement:
    """One line of the gateway's own account of the money that it holds for us.

    ``amount`` (minor units) is above zero where the balance grew and below where it shrank;
    ``fee`` (0 or more) was taken besides. ``gateway_id`` is that of the charge, refund, payout or
    dispute; a line that is a fee alone has its own id, an ``amount`` of 0 and its ``fee``.
    One that is ``UNKNOWN`` has its own id as well, and a ``note`` of what the gateway says of it;
    its ``amount`` and ``fee`` are 0 where they cannot be told exactly in minor units.
    """

    id: str
    kind: MovementKind
    gateway_id: str
    amount: int
    fee: int
    currency: str
    at: datetime
    note: str = ""


class PaymentGateway(Protocol):
    """A gateway for the ledgers of one environment.

    Every method may raise ``GatewayUnavailable``, which means that nothing was done, and
    ``OutcomeUnknown``. What is refused for good is no error: it is a report that it failed.
    """

    @property
    def name(self) -> str:
        """Name the gateway: ``mock`` or ``stripe``."""
        ...

    @property
    def environment(self) -> Environment:
        """Tell whether its money is real."""
        ...

    def charge(self, order: ChargeOrder) -> Report:
        """Take money; failed means declined, with the reason."""
        ...

    def refund(self, order: RefundOrder) -> Report:
        """Give money of a charge back."""
        ...

    def pay_out(self, order: PayoutOrder) -> Report:
        """Send money to a bank."""
        ...

    def find(self, sought: Sought) -> Report | None:
        """Return what became of an order; ``None`` where the gateway never got it."""
        ...

    def read_notice(self, payload: bytes, signature: str) -> Notice:
        """Check the signature over the bytes as they came, then read them.

        Raises ``InvalidNotice``.
        """
        ...

    def reread_notice(self, payload: bytes) -> Notice:
        """Read a notice that was checked when it came; raises ``InvalidNotice``."""
        ...

    def movements(self, start: datetime, end: datetime) -> Iterable[Movement]:
        """Return what moved the balance from ``start`` to before ``end``, oldest first.

        A line that cannot be told apart is ``UNKNOWN``, and the others are told all the same.
        """
        ...


GatewayOf = Callable[[Environment], PaymentGateway | None]
"""Chooses the gateway of an environment; ``None`` where none is set up."""
