"""What the mock gateway does for which payment method and destination."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from payflow_domain.ledger.transactions import Failure
from payflow_domain.payments.gateway import ReportStatus

DELAY_S = 2
"""After so many seconds an outcome that is not told at once is there."""

SLOW_S = 1.0
"""How long a slow answer takes: by the machine's clock, since somebody waits for it."""


class Trouble(StrEnum):
    """What keeps an answer from whoever asked."""

    TIMEOUT_NO_EFFECT = "timeout_no_effect"
    TIMEOUT_WITH_EFFECT = "timeout_with_effect"
    UNAVAILABLE = "unavailable"
    SLOW = "slow"


@frozen
class Change:
    """Where something stands from ``after_s`` seconds after the order on."""

    status: ReportStatus
    after_s: int = 0
    failure: Failure | None = None


@frozen
class Behaviour:
    """What becomes of an order.

    The first of ``changes`` is the answer, at once; the others follow in the order of their
    times. ``dispute`` is what the payer makes of a charge, counted from the charge, and
    ``refunds`` what becomes of a refund of it. ``trouble`` meets the first to ask, and if nothing
    took effect then the next one, too.
    """

    changes: tuple[Change, ...] = (Change(ReportStatus.SUCCEEDED),)
    dispute: tuple[Change, ...] = ()
    refunds: tuple[Change, ...] = (Change(ReportStatus.SUCCEEDED),)
    trouble: Trouble | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a plan without an answer, and one whose times go back."""
        for answered in (self.changes, self.refunds):
            if not answered or answered[0].after_s != 0:
                raise ValueError("The first change is the answer: it comes after 0 seconds.")
        for plan in (self.changes, self.refunds, self.dispute):
            times = [change.after_s for change in plan]
            if times != sorted(times):
                raise ValueError("Changes stand in the order of their times.")


_SENTENCES = {
    "account_closed": "The bank account has been closed.",
    "authentication_required": "The payer's bank asks the payer to authenticate the payment.",
    "card_declined": "The card was declined.",
    "charge_disputed": "The payer disputes the charge, so it cannot be refunded.",
    "charge_not_found": "There is no charge of that id that has succeeded.",
    "expired_card": "The card has expired.",
    "fraudulent": "The payment was declined because it is thought to be fraudulent.",
    "idempotency_mismatch": "The same transaction was ordered before, with other particulars.",
    "incorrect_cvc": "The card's security code is wrong.",
    "insufficient_funds": "The card has insufficient funds.",
    "invalid_destination": "There is no such bank account.",
    "invalid_payment_method": "There is no such payment method.",
    "lost_card": "The card was reported as lost.",
    "no_account": "The bank knows no such account.",
    "payment_failed": "The payment did not go through.",
    "payout_canceled": "The payout was canceled.",
    "processing_error": "Something went wrong while the card was processed.",
    "refund_currency_differs": "The refund is in another currency than the charge.",
    "refund_exceeds_charge": "The refund is above what is left of the charge.",
    "refund_failed": "The payer's bank did not take the refund.",
    "stolen_card": "The card was reported as stolen.",
}


def failure(code: str) -> Failure:
    """Return one of the mock's failures, with its sentence."""
    return Failure(code, _SENTENCES[code])


def refusal(code: str) -> Behaviour:
    """Return what becomes of an order that is refused at once."""
    return Behaviour((Change(ReportStatus.FAILED, failure=failure(code)),))


def _failed(code: str, after_s: int = DELAY_S) -> Change:
    return Change(ReportStatus.FAILED, after_s, failure(code))


_PENDING = Change(ReportStatus.PENDING)
_SUCCEEDED = Change(ReportStatus.SUCCEEDED)
_SUCCEEDED_LATER = Change(ReportStatus.SUCCEEDED, DELAY_S)
_DISPUTED = Change(ReportStatus.PENDING, DELAY_S)
_PAID = (_PENDING, _SUCCEEDED_LATER)

PAYMENT_METHODS: Mapping[str, Behaviour] = {
    "pm_card_visa": Behaviour(),
    "pm_card_mastercard": Behaviour(),
    "pm_card_chargeDeclined": refusal("card_declined"),
    "pm_card_chargeDeclinedInsufficientFunds": refusal("insufficient_funds"),
    "pm_card_chargeDeclinedLostCard": refusal("lost_card"),
    "pm_card_chargeDeclinedStolenCard": refusal("stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": refusal("expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": refusal("incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": refusal("processing_error"),
    "pm_card_chargeDeclinedFraudulent": refusal("fraudulent"),
    "pm_card_authenticationRequired": refusal("authentication_required"),
    "pm_async_success": Behaviour((_PENDING, _SUCCEEDED_LATER)),
    "pm_async_failure": Behaviour((_PENDING, _failed("payment_failed"))),
    "pm_timeout_no_effect": Behaviour(trouble=Trouble.TIMEOUT_NO_EFFECT),
    "pm_timeout_with_effect": Behaviour(trouble=Trouble.TIMEOUT_WITH_EFFECT),
    "pm_unavailable": Behaviour(trouble=Trouble.UNAVAILABLE),
    "pm_slow": Behaviour(trouble=Trouble.SLOW),
    "pm_card_createDispute": Behaviour(dispute=(_DISPUTED,)),
    "pm_card_createDisputeWon": Behaviour(
        dispute=(_DISPUTED, Change(ReportStatus.WON, 2 * DELAY_S))
    ),
    "pm_card_createDisputeLost": Behaviour(
        dispute=(_DISPUTED, Change(ReportStatus.LOST, 2 * DELAY_S))
    ),
    "pm_card_refundFail": Behaviour(refunds=(_SUCCEEDED, _failed("refund_failed"))),
    "pm_card_pendingRefund": Behaviour(refunds=(_PENDING, _SUCCEEDED_LATER)),
}

DESTINATIONS: Mapping[str, Behaviour] = {
    "ba_paid": Behaviour(_PAID),
    "ba_failed": Behaviour((_PENDING, _failed("account_closed"))),
    "ba_refused": refusal("no_account"),
    "ba_canceled": Behaviour((_PENDING, _failed("payout_canceled"))),
    "ba_returned_late": Behaviour((*_PAID, _failed("account_closed", 2 * DELAY_S))),
    "ba_timeout_no_effect": Behaviour(_PAID, trouble=Trouble.TIMEOUT_NO_EFFECT),
    "ba_timeout_with_effect": Behaviour(_PAID, trouble=Trouble.TIMEOUT_WITH_EFFECT),
    "ba_unavailable": Behaviour(_PAID, trouble=Trouble.UNAVAILABLE),
    "ba_slow": Behaviour(_PAID, trouble=Trouble.SLOW),
}
