"""What the SDK's errors say of an order: refused for good, not carried out, or who knows."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from socket import gaierror

import stripe
from requests.exceptions import ConnectTimeout
from stripe import InvalidRequestError, PaymentIntent, StripeError

from payflow_adapters.gateways.stripe_money import UnsupportedAmount
from payflow_domain.errors import Invalid
from payflow_domain.ledger.transactions import Failure
from payflow_domain.payments.gateway import GatewayUnavailable, OutcomeUnknown, PaymentKind


class Verdict(Enum):
    """What an error means where an order was given.

    ``REFUSED``: nothing moved, and asking again is no use. ``NOT_DONE``: nothing moved, and
    asking again later is sane. ``UNKNOWN``: find out first.
    """

    REFUSED = auto()
    NOT_DONE = auto()
    UNKNOWN = auto()


VERDICTS: Mapping[type[StripeError], Verdict] = {
    stripe.StripeError: Verdict.UNKNOWN,
    stripe.APIError: Verdict.UNKNOWN,
    stripe.APIConnectionError: Verdict.UNKNOWN,
    stripe.AuthenticationError: Verdict.NOT_DONE,
    stripe.CardError: Verdict.REFUSED,
    stripe.IdempotencyError: Verdict.REFUSED,
    stripe.InvalidRequestError: Verdict.REFUSED,
    stripe.PermissionError: Verdict.NOT_DONE,
    stripe.RateLimitError: Verdict.NOT_DONE,
    stripe.SignatureVerificationError: Verdict.UNKNOWN,
    stripe.StripeErrorWithParamCode: Verdict.UNKNOWN,
    # Of Stripe's second API, which PayFlow does not use.
    stripe.AlreadyCanceledError: Verdict.REFUSED,
    stripe.BlockedByStripeError: Verdict.REFUSED,
    stripe.CannotProceedError: Verdict.REFUSED,
    stripe.CapabilityNotEnabledError: Verdict.NOT_DONE,
    stripe.ControlledByAlternateResourceError: Verdict.REFUSED,
    stripe.FeatureNotEnabledError: Verdict.NOT_DONE,
    stripe.FinancialAccountNotOpenError: Verdict.NOT_DONE,
    stripe.FxQuoteNeedsRefreshError: Verdict.REFUSED,
    stripe.InsufficientFundsError: Verdict.REFUSED,
    stripe.InvalidPaymentMethodError: Verdict.REFUSED,
    stripe.InvalidPayoutMethodError: Verdict.REFUSED,
    stripe.InvalidVaultedCredentialError: Verdict.REFUSED,
    stripe.NotCancelableError: Verdict.REFUSED,
    stripe.QuotaExceededError: Verdict.NOT_DONE,
    stripe.RecipientNotNotifiableError: Verdict.REFUSED,
    stripe.TemporarySessionExpiredError: Verdict.NOT_DONE,
    stripe.VerificationAttemptFailedError: Verdict.REFUSED,
    stripe.VerificationExpiredError: Verdict.REFUSED,
    stripe.VerificationNotInitiatedError: Verdict.REFUSED,
}
"""Each of the SDK's errors; what follows from one of them alone is in ``verdict_of``."""

_NEVER_SENT = (ConnectTimeout, ConnectionRefusedError, gaierror, ssl.SSLCertVerificationError)

_WHAT_TO_DO: Mapping[type[StripeError], str] = {
    stripe.AuthenticationError: "Stripe does not accept PayFlow's API key; set a valid one.",
    stripe.PermissionError: "PayFlow's API key may not do this; give it the permission at Stripe.",
    stripe.RateLimitError: "Stripe is asked too often; try again later.",
}
_TRY_LATER = "Stripe does not work or cannot be reached; try again later."
_FIND_OUT = "Stripe did not tell what became of it."

_IN_USE = "idempotency_key_in_use"
_MISMATCH = Failure(
    "idempotency_mismatch", "The same transaction was ordered before, with other particulars."
)

_NAMES: Mapping[PaymentKind, Mapping[str, str]] = {
    PaymentKind.CHARGE: {"payment_method": "invalid_payment_method"},
    PaymentKind.REFUND: {
        "amount": "refund_exceeds_charge",
        "charge_already_refunded": "refund_exceeds_charge",
        "payment_intent": "charge_not_found",
        "refund_disputed_payment": "charge_disputed",
    },
    PaymentKind.PAYOUT: {"destination": "invalid_destination"},
}
"""Our codes for Stripe's, or else for the parameter that is at fault."""

_SAME_AS = {"requires_action_not_handled": "authentication_required"}


class Refused(Exception):
    """Stripe said no for good, and nothing moved.

    ``intent`` is the charge that came of it, where Stripe keeps one that was declined.
    """

    def __init__(self, failure: Failure, intent: PaymentIntent | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.intent = intent


@contextmanager
def ordering(kind: PaymentKind) -> Iterator[None]:
    """Tell of an order's error in our words.

    Raises ``Refused``, ``GatewayUnavailable`` where nothing was done, and ``OutcomeUnknown``.
    """
    try:
        yield
    except UnsupportedAmount as error:
        raise Refused(Failure("unsupported_amount", str(error))) from error
    except StripeError as error:
        verdict = verdict_of(error)
        if verdict is Verdict.REFUSED:
            raise _refusal(error, kind) from error
        if verdict is Verdict.NOT_DONE:
            raise GatewayUnavailable(_detail(error)) from error
        raise OutcomeUnknown(_FIND_OUT + _request_id(error)) from error


@contextmanager
def asking() -> Iterator[None]:
    """Raise ``GatewayUnavailable`` where a question, which never moves money, has no answer."""
    try:
        yield
    except StripeError as error:
        raise GatewayUnavailable(_detail(error)) from error
    except (UnsupportedAmount, Invalid) as error:
        raise GatewayUnavailable(f"Stripe's answer cannot be read: {error}") from error


def verdict_of(error: StripeError) -> Verdict:
    """Look the error up, or the nearest class above it."""
    if isinstance(error, stripe.APIConnectionError) and _was_never_sent(error):
        return Verdict.NOT_DONE
    if isinstance(error, stripe.IdempotencyError) and _code_of(error) == _IN_USE:
        return Verdict.UNKNOWN
    return next(VERDICTS[each] for each in type(error).__mro__ if each in VERDICTS)


def is_missing(error: InvalidRequestError) -> bool:
    """Tell whether it says that there is no such object."""
    return error.code == "resource_missing"


def decline(code: str | None, decline_code: str | None, message: str | None) -> Failure:
    """Say why a charge failed; the issuer's own reason is told where it gives one."""
    given = None if decline_code == "generic_decline" else decline_code
    name = given or code or "payment_failed"
    return Failure(_SAME_AS.get(name, name), message or "The payment did not go through.")


def _was_never_sent(error: BaseException) -> bool:
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, _NEVER_SENT):
            return True
        reason = reason.__cause__ or reason.__context__
    return False


def _refusal(error: StripeError, kind: PaymentKind) -> Refused:
    if isinstance(error, stripe.IdempotencyError):
        return Refused(_MISMATCH)
    if isinstance(error, stripe.CardError):
        told = error.error
        decline_code = getattr(told, "decline_code", None)
        return Refused(
            decline(error.code, decline_code, error.user_message),
            getattr(told, "payment_intent", None),
        )
    names, param = _NAMES.get(kind, {}), getattr(error, "param", None)
    code = names.get(error.code or "") or names.get(param or "") or error.code or "invalid_request"
    return Refused(Failure(code, error.user_message or "Stripe refused it."))


def _detail(error: StripeError) -> str:
    # Stripe's own sentence is left out: it can name the key.
    return _WHAT_TO_DO.get(type(error), _TRY_LATER) + _request_id(error)


def _request_id(error: StripeError) -> str:
    return f" Stripe's request id is {error.request_id}." if error.request_id else ""


def _code_of(error: StripeError) -> str | None:
    return error.code or getattr(error.error, "code", None)
