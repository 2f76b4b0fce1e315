"""Stripe's webhook events as notices."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from attrs import frozen
from stripe import (
    Dispute,
    Event,
    PaymentIntent,
    Payout,
    Refund,
    SignatureVerificationError,
    StripeObject,
    WebhookSignature,
)

from payflow_adapters.gateways.stripe_money import UnsupportedAmount
from payflow_adapters.gateways.stripe_reports import (
    report_of_dispute,
    report_of_intent,
    report_of_payout,
    report_of_refund,
)
from payflow_domain.clock import Clock
from payflow_domain.errors import Invalid
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import InvalidNotice, Notice, Report

Made = TypeVar("Made", bound=StripeObject)

TOLERANCE = timedelta(seconds=300)
"""How far the time of a signature may be from ours, in either direction."""

_UNREADABLE = (
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    RecursionError,
    OverflowError,
    UnsupportedAmount,
    Invalid,
)


def _intent(told: StripeObject) -> Report | None:
    return report_of_intent(_expect(told, PaymentIntent))


def _refund(told: StripeObject) -> Report | None:
    return report_of_refund(_expect(told, Refund))


def _payout(told: StripeObject) -> Report | None:
    return report_of_payout(_expect(told, Payout))


def _dispute(told: StripeObject) -> Report | None:
    return report_of_dispute(_expect(told, Dispute))


_READERS: Mapping[str, Callable[[StripeObject], Report | None]] = {
    "payment_intent.succeeded": _intent,
    "payment_intent.payment_failed": _intent,
    "payment_intent.processing": _intent,
    "payment_intent.canceled": _intent,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
    "payout.created": _payout,
    "payout.updated": _payout,
    "payout.paid": _payout,
    "payout.failed": _payout,
    "payout.canceled": _payout,
}
"""Events that carry the present state of something. Of all others only their type is read.

``payment_intent.created`` is none of these: its charge has not been tried yet.
"""


@frozen
class NoticeReader:
    """Checks events that any of ``secrets`` may have signed, and reads them."""

    environment: Environment
    secrets: Sequence[str]
    clock: Clock

    def check(self, payload: bytes, signature: str) -> None:
        """Raise ``InvalidNotice`` unless a secret of ours signed these bytes, and lately."""
        # The SDK fails on a signature beyond ASCII instead of passing on to the next one.
        header = ",".join(part for part in signature.split(",") if part.isascii())
        if not any(_is_signed(payload, header, secret) for secret in self.secrets):
            raise InvalidNotice("The notice has no valid signature of Stripe's.")
        if abs(self.clock.now() - _signed_at(header)) > TOLERANCE:
            raise InvalidNotice("The notice was signed at another time: it is too old.")

    def read(self, payload: bytes) -> Notice:
        """Read an event that was checked; raises ``InvalidNotice``."""
        try:
            notice = _read(payload)
        except _UNREADABLE as error:
            raise InvalidNotice("The notice is no event that can be read.") from error
        if notice.environment is not self.environment:
            detail = f"The notice is of the {notice.environment.value} environment."
            raise InvalidNotice(detail, subject=notice.id)
        return notice


def _is_signed(payload: bytes, header: str, secret: str) -> bool:
    try:
        WebhookSignature.verify_header(payload, header, secret)
    except (SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def _signed_at(header: str) -> datetime:
    stamp = next(part for part in header.split(",") if part.startswith("t="))
    try:
        return datetime.fromtimestamp(int(stamp.removeprefix("t=")), UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidNotice("The notice's signature has no time.") from None


def _read(payload: bytes) -> Notice:
    said = json.loads(payload)
    if said["object"] != "event":
        raise ValueError(said["object"])
    event = Event.construct_from(said, None)
    reader = _READERS.get(_text(event.type))
    is_live = event.livemode
    if type(is_live) is not bool:
        raise TypeError(is_live)
    return Notice(
        _text(event.id),
        event.type,
        Environment.LIVE if is_live else Environment.SANDBOX,
        datetime.fromtimestamp(event.created, UTC),
        reader(event.data.object) if reader else None,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value


def _expect(told: StripeObject, made: type[Made]) -> Made:
    if not isinstance(told, made):
        raise TypeError(told)
    return told
