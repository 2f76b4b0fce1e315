"""What the stand-in makes of charges, refunds and disputes."""

from functools import partial

from payflow_adapters.gateways.mock_values import PAYMENT_METHODS, Behaviour, Change
from payflow_domain.ledger.transactions import Failure
from payflow_domain.payments.gateway import ReportStatus
from tests.builders.stripe_wire import Refusal, Thing, invalid, missing
from tests.builders.stripe_world import World

DISPUTE_FEE = 1_500
NEEDS_ACTION = "pm_stand_in_requiresAction"
"""Waits for the payer, which ``error_on_requires_action`` should have kept Stripe from."""

_OWN_CODES = frozenset(
    {"authentication_required", "expired_card", "incorrect_cvc", "processing_error"}
)
_WHOLE_ONLY = frozenset({"isk", "ugx"})
"""Currencies that Stripe writes with two places, which are always 00."""

_KEEPS_THE_MONEY = frozenset({"needs_response", "lost"})


def make_charge(world: World, params: Thing) -> Thing:
    """Make a PaymentIntent and confirm it."""
    method = params["payment_method"]
    if method != NEEDS_ACTION and method not in PAYMENT_METHODS:
        raise missing("PaymentMethod", method, "payment_method")
    intent = world.make(
        "pi",
        "payment_intent",
        amount=amount_in(params),
        cancellation_reason=None,
        currency=params["currency"],
        last_payment_error=None,
        latest_charge=None,
        metadata=params.get("metadata", {}),
        payment_method=None,
        statement_descriptor_suffix=params.get("statement_descriptor_suffix"),
        status="requires_confirmation",
    )
    world.methods[intent["id"]] = method
    world.tell("payment_intent.created", intent)
    if method == NEEDS_ACTION:
        intent["status"] = "requires_action"
        world.tell("payment_intent.requires_action", intent)
    else:
        _confirm(world, intent, PAYMENT_METHODS[method])
    return intent


def cancel_charge(world: World, intent: Thing, params: Thing) -> Thing:
    if intent["status"] in {"succeeded", "canceled", "processing"}:
        message = f"You cannot cancel this PaymentIntent because it has {intent['status']}."
        raise invalid(message, "payment_intent_unexpected_state")
    intent["status"] = "canceled"
    intent["cancellation_reason"] = params.get("cancellation_reason")
    world.tell("payment_intent.canceled", intent)
    return intent


def make_refund(world: World, params: Thing) -> Thing:
    intent = world.find("payment_intent", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise invalid(f"{intent['id']} does not have a successful charge to refund.")
    _check_disputes(world, intent)
    amount = _refundable(world, intent, params)
    refund = world.make(
        "re",
        "refund",
        amount=amount,
        charge=intent["latest_charge"],
        currency=intent["currency"],
        metadata=params.get("metadata", {}),
        payment_intent=intent["id"],
        reason=None,
        status="pending",
    )
    world.move(refund, "refund", "refund", -amount)
    for change in PAYMENT_METHODS[world.methods[intent["id"]]].refunds:
        world.plan(change.after_s, partial(_change_refund, world, refund, change))
    return refund


def open_dispute(world: World, intent: Thing) -> Thing:
    dispute = world.make(
        "dp",
        "dispute",
        amount=intent["amount"],
        balance_transactions=[],
        charge=intent["latest_charge"],
        currency=intent["currency"],
        is_charge_refundable=False,
        metadata={},
        payment_intent=intent["id"],
        reason="fraudulent",
        status="needs_response",
    )
    line = world.move(dispute, "adjustment", "dispute", -dispute["amount"], DISPUTE_FEE)
    dispute["balance_transactions"].append(dict(line))
    world.tell("charge.dispute.created", dispute)
    world.tell("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(world: World, dispute: Thing, *, won: bool) -> None:
    dispute["status"] = "won" if won else "lost"
    if won:
        line = world.move(dispute, "adjustment", "dispute_reversal", dispute["amount"])
        dispute["balance_transactions"].append(dict(line))
        world.tell("charge.dispute.funds_reinstated", dispute)
    world.tell("charge.dispute.closed", dispute)


def amount_in(params: Thing) -> int:
    """Return the amount, which Stripe wants to be a whole number of up to eight digits."""
    text = params["amount"]
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise invalid("This value must be greater than or equal to 1.", None, "amount")
    if len(text) > 8:
        raise invalid("Amount must be no more than 99999999.", "amount_too_large", "amount")
    return int(text)


def _confirm(world: World, intent: Thing, behaviour: Behaviour) -> None:
    for change in behaviour.changes:
        world.plan(change.after_s, partial(_change_charge, world, intent, change))
    for change in behaviour.dispute:
        world.plan(change.after_s, partial(_change_dispute, world, intent, change))
    answer = behaviour.changes[0]
    if answer.failure is not None:
        told = _card_error(answer.failure)
        raise Refusal(402, payment_intent=intent, **told, type_=told.pop("type"))


def _change_charge(world: World, intent: Thing, change: Change) -> None:
    if change.status is ReportStatus.PENDING:
        intent["status"] = "processing"
        world.tell("payment_intent.processing", intent)
    elif change.failure is not None:
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = _card_error(change.failure)
        world.tell("payment_intent.payment_failed", intent)
    else:
        _charge_now(world, intent)


def _charge_now(world: World, intent: Thing) -> None:
    charge = world.make(
        "ch",
        "charge",
        amount=intent["amount"],
        currency=intent["currency"],
        metadata=intent["metadata"],
        payment_intent=intent["id"],
        status="succeeded",
    )
    world.move(charge, "charge", "charge", intent["amount"], _fee_of(intent))
    intent["status"] = "succeeded"
    intent["latest_charge"] = charge["id"]
    world.tell("charge.succeeded", charge)
    world.tell("payment_intent.succeeded", intent)


def _fee_of(intent: Thing) -> int:
    fee: int = intent["amount"] * 15 // 1000 + 25
    return fee // 100 * 100 if intent["currency"] in _WHOLE_ONLY else fee


def _change_dispute(world: World, intent: Thing, change: Change) -> None:
    if change.status is ReportStatus.PENDING:
        open_dispute(world, intent)
        return
    for dispute in world.all_of("dispute", payment_intent=intent["id"]):
        close_dispute(world, dispute, won=change.status is ReportStatus.WON)


def _change_refund(world: World, refund: Thing, change: Change) -> None:
    if change.status is ReportStatus.FAILED:
        refund["status"] = "failed"
        refund["failure_reason"] = "expired_or_canceled_card"
        world.move(refund, "refund_failure", "refund_failure", refund["amount"])
        world.tell("refund.failed", refund)
        return
    refund["status"] = change.status.value
    world.tell("refund.updated" if change.after_s else "refund.created", refund)


def _check_disputes(world: World, intent: Thing) -> None:
    disputes = world.all_of("dispute", payment_intent=intent["id"])
    if any(dispute["status"] in _KEEPS_THE_MONEY for dispute in disputes):
        raise invalid("The charge has been charged back.", "charge_disputed")


def _refundable(world: World, intent: Thing, params: Thing) -> int:
    refunds = world.all_of("refund", payment_intent=intent["id"])
    gone = sum(each["amount"] for each in refunds if each["status"] != "failed")
    left = intent["amount"] - gone
    if not left:
        raise invalid("The charge has already been refunded.", "charge_already_refunded")
    amount = amount_in(params) if "amount" in params else left
    if amount > left:
        raise invalid("Refund amount is greater than unrefunded amount.", None, "amount")
    return int(amount)


def _card_error(failure: Failure) -> Thing:
    code = failure.code
    if code in _OWN_CODES or code == "payment_failed":
        told = {"code": code, "decline_code": code if code in _OWN_CODES else None}
    else:
        given = "generic_decline" if code == "card_declined" else code
        told = {"code": "card_declined", "decline_code": given}
    return {"type": "card_error", "message": failure.message, **told}
