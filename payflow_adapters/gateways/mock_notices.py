"""The mock gateway's notices: what they look like and how they are signed.

The signature is made as Stripe makes its own: ``t=<unix seconds>,v1=<hex>``, where the hex is
HMAC-SHA256 of the seconds, a full stop and the payload.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import orjson
from attrs import frozen

from payflow_adapters.encoding import encode_json
from payflow_domain.ids import TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import Failure
from payflow_domain.money import InvalidAmount, Money
from payflow_domain.payments.gateway import (
    InvalidNotice,
    Notice,
    PaymentKind,
    Report,
    ReportStatus,
)

TOLERANCE_S = 300
"""How far the time of a signature may be from ours, in either direction."""

_Members = Mapping[str, object]

_SECONDS = re.compile(r"[0-9]{1,12}")

_TYPES = {
    (PaymentKind.CHARGE, ReportStatus.PENDING): "charge.processing",
    (PaymentKind.CHARGE, ReportStatus.SUCCEEDED): "charge.succeeded",
    (PaymentKind.CHARGE, ReportStatus.FAILED): "charge.failed",
    (PaymentKind.REFUND, ReportStatus.PENDING): "refund.created",
    (PaymentKind.REFUND, ReportStatus.SUCCEEDED): "refund.updated",
    (PaymentKind.REFUND, ReportStatus.FAILED): "refund.failed",
    (PaymentKind.PAYOUT, ReportStatus.PENDING): "payout.created",
    (PaymentKind.PAYOUT, ReportStatus.SUCCEEDED): "payout.paid",
    (PaymentKind.PAYOUT, ReportStatus.FAILED): "payout.failed",
    (PaymentKind.DISPUTE, ReportStatus.PENDING): "charge.dispute.created",
    (PaymentKind.DISPUTE, ReportStatus.WON): "charge.dispute.closed",
    (PaymentKind.DISPUTE, ReportStatus.LOST): "charge.dispute.closed",
}
_CANCELED = "payout.canceled"
_KNOWN_TYPES = frozenset({*_TYPES.values(), _CANCELED})


@frozen
class SignedNotice:
    """A notice that is ready to be sent."""

    payload: bytes
    signature: str
    id: str


def type_of(report: Report, *, is_first: bool) -> str:
    """Name what a report tells; ``is_first`` if nothing was told of its subject before."""
    if report.kind is PaymentKind.REFUND and report.status is ReportStatus.SUCCEEDED and is_first:
        return "refund.created"
    if report.kind is PaymentKind.PAYOUT and report.failure is not None:
        return _CANCELED if report.failure.code == "payout_canceled" else "payout.failed"
    return _TYPES[report.kind, report.status]


def write_notice(notice: Notice) -> bytes:
    """Write a notice as compact JSON."""
    said = {
        "id": notice.id,
        "type": notice.type,
        "environment": notice.environment.value,
        "createdAt": _write_time(notice.created_at),
        "report": notice.report and _write_report(notice.report),
    }
    return encode_json(said)


def read_notice(payload: bytes) -> Notice:
    """Read what ``write_notice`` wrote; raises ``InvalidNotice``."""
    try:
        return _notice(orjson.loads(payload))
    except (ValueError, TypeError, KeyError, InvalidAmount):
        raise InvalidNotice("The payload is no notice of the mock gateway.") from None


def sign(secret: str, payload: bytes, at: datetime) -> str:
    """Return the signature of ``payload`` made at that moment."""
    seconds = str(int(at.timestamp()))
    return f"t={seconds},v1={_digest(secret, seconds, payload)}"


def check_signature(secret: str, payload: bytes, signature: str, now: datetime) -> None:
    """Raise ``InvalidNotice`` unless one of the ``v1`` in ``signature`` is good, and not old.

    There are several while the secret is being changed. Other members are not looked at.
    """
    members = [member.partition("=") for member in signature.split(",")]
    times = [value for name, _, value in members if name == "t"]
    given = [value.encode(errors="replace") for name, _, value in members if name == "v1"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        raise InvalidNotice("The signature has no time, or no readable one.")
    expected = _digest(secret, times[0], payload).encode()
    if not any(hmac.compare_digest(expected, each) for each in given):
        raise InvalidNotice("The signature is not of this payload with the gateway's secret.")
    if abs(int(times[0]) - int(now.timestamp())) > TOLERANCE_S:
        detail = f"The signature is more than {TOLERANCE_S} seconds off; check the clocks."
        raise InvalidNotice(detail)


def _digest(secret: str, seconds: str, payload: bytes) -> str:
    return hmac.digest(secret.encode(), f"{seconds}.".encode() + payload, "sha256").hex()


def _write_report(report: Report) -> dict[str, object]:
    failure = report.failure
    return {
        "kind": report.kind.value,
        "gatewayId": report.gateway_id,
        "status": report.status.value,
        "amount": report.money.amount,
        "currency": report.money.currency,
        "transactionId": report.transaction_id,
        "chargeId": report.charge_id,
        "failure": failure and {"code": failure.code, "message": failure.message},
    }


def _write_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _notice(said: _Members) -> Notice:
    type_ = _text(said["type"])
    if said["environment"] != Environment.SANDBOX:
        raise ValueError(said["environment"])
    return Notice(
        id=_text(said["id"]),
        type=type_,
        environment=Environment.SANDBOX,
        created_at=_time(_text(said["createdAt"])),
        report=_report(cast("_Members", said["report"])) if type_ in _KNOWN_TYPES else None,
    )


def _report(said: _Members) -> Report:
    transaction_id, charge_id, failure = said["transactionId"], said["chargeId"], said["failure"]
    return Report(
        kind=PaymentKind(_text(said["kind"])),
        gateway_id=_text(said["gatewayId"]),
        status=ReportStatus(_text(said["status"])),
        money=Money(cast("int", said["amount"]), _text(said["currency"])),
        transaction_id=None if transaction_id is None else TransactionId(_text(transaction_id)),
        charge_id=None if charge_id is None else _text(charge_id),
        failure=None if failure is None else _failure(cast("_Members", failure)),
    )


def _failure(said: _Members) -> Failure:
    return Failure(_text(said["code"]), _text(said["message"]))


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() != timedelta(0):
        raise ValueError(text)
    return at


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value
