"""What Stripe is asked for each of our orders."""

import re
import unicodedata

from stripe import RequestOptions
from stripe.params import PaymentIntentCreateParams, PayoutCreateParams, RefundCreateParams

from payflow_adapters.gateways.stripe_money import to_stripe
from payflow_domain.ids import TransactionId
from payflow_domain.payments.gateway import (
    ChargeOrder,
    Order,
    PaymentKind,
    PayoutOrder,
    RefundOrder,
)

TRANSACTION_KEY = "payflow_transaction"
"""The name under which Stripe keeps our transaction's id with what it made for us."""

_DESCRIPTOR_LENGTH_MAX = 22
_NOT_IN_DESCRIPTORS = re.compile(r"""[^ -~]|[<>\\'"*]""")


def charge_params(order: ChargeOrder) -> PaymentIntentCreateParams:
    """Charge at once. Nobody is there to authenticate: a bank that asks for it declines."""
    params: PaymentIntentCreateParams = {
        "amount": to_stripe(order.money),
        "currency": order.money.currency.lower(),
        "payment_method": order.payment_method,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "confirm": True,
        "error_on_requires_action": True,
        "metadata": _metadata(order),
    }
    # The account's own name stands before it, and card charges take no more than this.
    if suffix := _descriptor(order.descriptor):
        params["statement_descriptor_suffix"] = suffix
    return params


def refund_params(order: RefundOrder) -> RefundCreateParams:
    return {
        "payment_intent": order.charge_id,
        "amount": to_stripe(order.money),
        "metadata": _metadata(order),
    }


def payout_params(order: PayoutOrder) -> PayoutCreateParams:
    params: PayoutCreateParams = {
        "amount": to_stripe(order.money, is_payout=True),
        "currency": order.money.currency.lower(),
        "destination": order.destination,
        "metadata": _metadata(order),
    }
    if descriptor := _descriptor(order.descriptor):
        params["statement_descriptor"] = descriptor
    return params


def once(kind: PaymentKind, transaction_id: TransactionId) -> RequestOptions:
    """Let an order be carried out once however often it is given, and send it one time."""
    return sent_once(f"{kind.value}-{transaction_id}")


def sent_once(key: str) -> RequestOptions:
    """Send once, under an idempotency key of ours; the SDK would make up one of its own."""
    return {"idempotency_key": key, "max_network_retries": 0}


def _metadata(order: Order) -> dict[str, str]:
    return {
        TRANSACTION_KEY: order.transaction_id,
        "payflow_partner": order.partner_id,
        "payflow_ledger": str(order.ledger_id),
    }


def _descriptor(text: str) -> str:
    """Keep what Stripe takes: plain Latin, no quotes, a letter at least; else nothing."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = " ".join(_NOT_IN_DESCRIPTORS.sub(" ", plain).split())[:_DESCRIPTOR_LENGTH_MAX].strip()
    return kept if any(character.isalpha() for character in kept) else ""
