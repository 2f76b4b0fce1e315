"""A payment: what PayFlow asked of a gateway, or was told by it, and where that stands."""

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, frozen

from payflow_domain.errors import Conflict, Invalid, NotFound
from payflow_domain.ids import AccountId, LedgerId, TransactionId
from payflow_domain.ledger.idempotency import Claim
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.money import Money
from payflow_domain.payments.gateway import MovementKind, PaymentKind

ANSWER_TIMEOUT = timedelta(seconds=90)
"""How long whoever made a payment has to learn its outcome before a worker asks for it."""

NEVER_SEEN_AFTER = timedelta(minutes=15)
"""How old a payment must be before one that the gateway does not know is given up."""

BACKOFF = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900, 1_800, 3_600))
"""How long to wait before a worker asks again; the last one for ever after."""

NOTICE_WAITS_MAX = timedelta(days=4)
"""How long a notice is tried again. Gateways stop sending after 3 days, so what it waits for
will not be told any more; and those that nothing comes of must not crowd out the others."""


class GatewayNotConfigured(Conflict):
    """No payment gateway is set up for ledgers of this environment."""

    code = "gateway_not_configured"


class InvalidReference(Invalid):
    """A payment method or a destination that no gateway could know."""

    code = "invalid_reference"


class NoticeNotFound(NotFound):
    """No such gateway notice is kept."""

    code = "notice_not_found"


class PaymentStatus(StrEnum):
    """Where a payment stands. ``RETURNED``: it had succeeded, and the money came back."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETURNED = "returned"
    WON = "won"
    LOST = "lost"


_FINAL = frozenset[PaymentStatus]()
_OUTCOMES = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.FAILED})

TRANSITIONS = {
    PaymentKind.CHARGE: {PaymentStatus.PENDING: _OUTCOMES},
    PaymentKind.REFUND: {
        PaymentStatus.PENDING: _OUTCOMES,
        PaymentStatus.SUCCEEDED: frozenset({PaymentStatus.RETURNED}),
    },
    PaymentKind.PAYOUT: {
        PaymentStatus.PENDING: _OUTCOMES,
        PaymentStatus.SUCCEEDED: frozenset({PaymentStatus.RETURNED}),
    },
    PaymentKind.DISPUTE: {
        PaymentStatus.PENDING: frozenset({PaymentStatus.WON, PaymentStatus.LOST}),
    },
}
"""For each kind and status, the statuses that it may lead to."""


@frozen
class Payment:
    """One charge, refund, payout or dispute.

    ``transaction_id`` is the ledger's transaction of it, and ``wallet_id`` the wallet that it
    is about. ``reference`` is the payment method of a charge and the destination of a payout;
    ``charge_id`` is the gateway's id of the charge that a refund or a dispute is of.
    ``next_attempt_at`` is when a worker asks the gateway (``None``: nothing to ask), after
    ``attempts`` earlier times. ``claim`` is the idempotency key of the request that made it,
    until that is answered, and ``request_id`` the id of that request (empty: of none).
    """

    ledger_id: LedgerId
    transaction_id: TransactionId
    environment: Environment
    gateway: str
    kind: PaymentKind
    status: PaymentStatus
    wallet_id: AccountId
    money: Money
    created_at: datetime
    gateway_id: str | None = None
    reference: str | None = None
    charge_id: str | None = None
    next_attempt_at: datetime | None = None
    attempts: int = 0
    claim: Claim | None = None
    request_id: str = ""

    def leads_to(self, status: PaymentStatus) -> bool:
        """Tell whether the payment can still come to stand at ``status``."""
        return status in TRANSITIONS[self.kind].get(self.status, _FINAL)

    def moved(self, status: PaymentStatus) -> "Payment":
        """Return it with its outcome: there is nothing left to ask or to answer."""
        return evolve(self, status=status, next_attempt_at=None, claim=None)

    def asked_again(self, now: datetime) -> "Payment":
        """Return it with the time at which to ask the gateway next."""
        wait = BACKOFF[min(self.attempts, len(BACKOFF) - 1)]
        return evolve(self, attempts=self.attempts + 1, next_attempt_at=now + wait)


@frozen
class Leg:
    """A booked line of the gateway clearing account, and what moved it at the gateway.

    There is one for each ``(gateway, environment, kind, gateway_id)``: that is what makes every
    effect happen once. ``amount`` is signed as a ``Movement``'s.
    """

    ledger_id: LedgerId
    transaction_id: TransactionId
    gateway: str
    environment: Environment
    kind: MovementKind
    gateway_id: str
    amount: int
    currency: str
    at: datetime


class NoticeStatus(StrEnum):
    """What became of a notice: ``IGNORED`` ones say nothing that PayFlow has to book."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"


@frozen
class KeptNotice:
    """A gateway's notice as it came, and what became of it."""

    gateway: str
    environment: Environment
    id: str
    type: str
    payload: bytes
    received_at: datetime
    status: NoticeStatus = NoticeStatus.RECEIVED
    deliveries: int = 1

    @property
    def position(self) -> str:
        """Where it stands among all that were received, for ``Page.after``."""
        at = self.received_at.isoformat()
        return f"{at} {self.gateway} {self.environment.value} {self.id}"
