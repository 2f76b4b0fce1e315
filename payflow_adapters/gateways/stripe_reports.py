"""Stripe's objects as reports.

A charge is known by the id of its PaymentIntent, which refunds and disputes name as well.
"""

from collections.abc import Mapping

from stripe import Dispute, PaymentIntent, Payout, Refund, StripeObject

from payflow_adapters.gateways.stripe_errors import decline
from payflow_adapters.gateways.stripe_money import money_of
from payflow_adapters.gateways.stripe_orders import TRANSACTION_KEY
from payflow_domain.ids import TRANSACTION, TransactionId, is_id
from payflow_domain.ledger.transactions import Failure
from payflow_domain.payments.gateway import PaymentKind, Report, ReportStatus

WAITING = frozenset({"requires_action", "requires_confirmation", "requires_capture"})
"""Where a charge waits for somebody to go on with it, which nobody will."""

ABANDONED = "abandoned"
"""The reason that PayFlow gives for cancelling a charge that is waiting."""

_CHARGES = {
    "succeeded": ReportStatus.SUCCEEDED,
    "canceled": ReportStatus.FAILED,
    # After the one payment method failed that it was made with.
    "requires_payment_method": ReportStatus.FAILED,
}
_REFUNDS = {
    "succeeded": ReportStatus.SUCCEEDED,
    "failed": ReportStatus.FAILED,
    "canceled": ReportStatus.FAILED,
}
_PAYOUTS = {
    "paid": ReportStatus.SUCCEEDED,
    "failed": ReportStatus.FAILED,
    "canceled": ReportStatus.FAILED,
}
_DISPUTES: Mapping[str, ReportStatus] = {
    "needs_response": ReportStatus.PENDING,
    "under_review": ReportStatus.PENDING,
    "appeal_needs_response": ReportStatus.PENDING,
    "appeal_under_review": ReportStatus.PENDING,
    "won": ReportStatus.WON,
    "lost": ReportStatus.LOST,
}
"""Not among them: warnings, which take no money, and ``prevented``, which may."""

_PREVENTED = "prevented"

_AUTHENTICATION = Failure(
    "authentication_required", "The payer's bank asks the payer to authenticate the payment."
)
_CHARGE_CANCELED = Failure("payment_canceled", "The payment was canceled.")


def report_of_intent(intent: PaymentIntent) -> Report:
    status = _CHARGES.get(intent.status, ReportStatus.PENDING)
    return Report(
        PaymentKind.CHARGE,
        intent.id,
        status,
        money_of(intent.amount, intent.currency),
        _transaction_of(intent),
        failure=_failure_of_intent(intent) if status is ReportStatus.FAILED else None,
    )


def report_of_refund(refund: Refund) -> Report:
    status = _REFUNDS.get(refund.status or "", ReportStatus.PENDING)
    failure = None
    if status is ReportStatus.FAILED:
        reason = getattr(refund, "failure_reason", None)
        message = "The refund did not reach the payer."
        failure = Failure(reason or f"refund_{refund.status}", message)
    return Report(
        PaymentKind.REFUND,
        refund.id,
        status,
        money_of(refund.amount, refund.currency),
        _transaction_of(refund),
        _charge_of(refund),
        failure,
    )


def report_of_payout(payout: Payout) -> Report:
    status = _PAYOUTS.get(payout.status, ReportStatus.PENDING)
    failure = None
    if status is ReportStatus.FAILED:
        code = getattr(payout, "failure_code", None) or f"payout_{payout.status}"
        message = getattr(payout, "failure_message", None) or f"The payout was {payout.status}."
        failure = Failure(code, message)
    return Report(
        PaymentKind.PAYOUT,
        payout.id,
        status,
        money_of(payout.amount, payout.currency),
        _transaction_of(payout),
        failure=failure,
    )


def report_of_dispute(dispute: Dispute) -> Report | None:
    """Return ``None`` for one that has taken no money: an inquiry, or one that was prevented."""
    status = _DISPUTES.get(dispute.status)
    if dispute.status == _PREVENTED and dispute.balance_transactions:
        status = ReportStatus.LOST
    if status is None:
        return None
    return Report(
        PaymentKind.DISPUTE,
        dispute.id,
        status,
        money_of(dispute.amount, dispute.currency),
        charge_id=_charge_of(dispute),
    )


def is_of(made: PaymentIntent | Refund | Payout, transaction_id: TransactionId) -> bool:
    """Tell whether Stripe made it for that transaction."""
    return _transaction_of(made) == transaction_id


def id_of(reference: StripeObject | str | None) -> str | None:
    """Return the id of what may be an id or the whole object."""
    if reference is None or isinstance(reference, str):
        return reference
    return str(reference["id"])


def _charge_of(part: Refund | Dispute) -> str | None:
    # A charge that PayFlow did not make may have no PaymentIntent.
    return id_of(part.payment_intent) or id_of(part.charge)


def _transaction_of(made: PaymentIntent | Refund | Payout) -> TransactionId | None:
    told = getattr(getattr(made, "metadata", None), TRANSACTION_KEY, None)
    if isinstance(told, str) and is_id(told, TRANSACTION):
        return TransactionId(told)
    return None


def _failure_of_intent(intent: PaymentIntent) -> Failure:
    if intent.status == "canceled":
        is_ours = getattr(intent, "cancellation_reason", None) == ABANDONED
        return _AUTHENTICATION if is_ours else _CHARGE_CANCELED
    error = intent.last_payment_error
    told = [getattr(error, name, None) for name in ("code", "decline_code", "message")]
    return decline(*told)
