"""The payment gateway Stripe."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import TypeVar

from stripe import InvalidRequestError, ListObject, PaymentIntent, Payout, Refund
from stripe.params import PaymentIntentListParamsCreated

from payflow_adapters.clock import SystemClock
from payflow_adapters.gateways.stripe_client import Timeouts, open_client
from payflow_adapters.gateways.stripe_errors import Refused, asking, is_missing, ordering
from payflow_adapters.gateways.stripe_movements import movements_of
from payflow_adapters.gateways.stripe_notices import NoticeReader
from payflow_adapters.gateways.stripe_orders import (
    charge_params,
    once,
    payout_params,
    refund_params,
    sent_once,
)
from payflow_adapters.gateways.stripe_reports import (
    ABANDONED,
    WAITING,
    is_of,
    report_of_dispute,
    report_of_intent,
    report_of_payout,
    report_of_refund,
)
from payflow_domain.clock import Clock
from payflow_domain.ids import TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import (
    ChargeOrder,
    GatewayUnavailable,
    Movement,
    Notice,
    Order,
    PaymentKind,
    PayoutOrder,
    RefundOrder,
    Report,
    ReportStatus,
    Sought,
)

Made = TypeVar("Made", PaymentIntent, Refund, Payout)
Found = TypeVar("Found")

_PAGE = 100
"""The most that Stripe tells at once."""

_SEEN_MAX = 20_000
"""How many objects are looked through for one order."""

_BEFORE, _AFTER = timedelta(minutes=5), timedelta(hours=1)
"""How far from the time that we know an order may be on Stripe's clock."""


class StripeGateway:
    """Stripe, for the ledgers of one environment.

    ``webhook_secrets`` may be several while one replaces another. Raises ``ValueError`` for what
    cannot work: a key of the other environment, no secret, one that is none.
    """

    def __init__(
        self,
        environment: Environment,
        api_key: str,
        webhook_secrets: Sequence[str],
        *,
        api_base: str | None = None,
        timeouts: Timeouts | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not webhook_secrets or not all(each.startswith("whsec_") for each in webhook_secrets):
            raise ValueError("Give Stripe's webhook secrets: each begins with whsec_.")
        self._environment = environment
        self._api = open_client(environment, api_key, api_base, timeouts or Timeouts()).v1
        self._notices = NoticeReader(environment, tuple(webhook_secrets), clock or SystemClock())

    @property
    def name(self) -> str:
        return "stripe"

    @property
    def environment(self) -> Environment:
        return self._environment

    def charge(self, order: ChargeOrder) -> Report:
        kind = PaymentKind.CHARGE
        try:
            with ordering(kind):
                intent = self._api.payment_intents.create(
                    charge_params(order), once(kind, order.transaction_id)
                )
        except Refused as refusal:
            if refusal.intent is None:
                return _failed(kind, order, refusal)
            intent = refusal.intent
        return self._finished(intent)

    def refund(self, order: RefundOrder) -> Report:
        kind = PaymentKind.REFUND
        try:
            with ordering(kind):
                refund = self._api.refunds.create(
                    refund_params(order), once(kind, order.transaction_id)
                )
        except Refused as refusal:
            return _failed(kind, order, refusal, order.charge_id)
        return report_of_refund(refund)

    def pay_out(self, order: PayoutOrder) -> Report:
        kind = PaymentKind.PAYOUT
        try:
            with ordering(kind):
                payout = self._api.payouts.create(
                    payout_params(order), once(kind, order.transaction_id)
                )
        except Refused as refusal:
            return _failed(kind, order, refusal)
        return report_of_payout(payout)

    def find(self, sought: Sought) -> Report | None:
        with asking():
            match sought.kind:
                case PaymentKind.CHARGE:
                    return self._find_charge(sought)
                case PaymentKind.REFUND:
                    return self._find_refund(sought)
                case PaymentKind.PAYOUT:
                    return self._find_payout(sought)
                case PaymentKind.DISPUTE:
                    return self._find_dispute(sought)

    def read_notice(self, payload: bytes, signature: str) -> Notice:
        self._notices.check(payload, signature)
        return self._notices.read(payload)

    def reread_notice(self, payload: bytes) -> Notice:
        return self._notices.read(payload)

    def movements(self, start: datetime, end: datetime) -> Iterable[Movement]:
        with asking():
            page = self._api.balance_transactions.list(
                {
                    "created": {"gte": ceil(start.timestamp()), "lt": ceil(end.timestamp())},
                    "expand": ["data.source"],
                    "limit": _PAGE,
                }
            )
            newest_first = list(page.auto_paging_iter())
            return [each for line in reversed(newest_first) for each in movements_of(line)]

    def _finished(self, intent: PaymentIntent) -> Report:
        """Report a charge; one that waits for the payer is cancelled first."""
        if intent.status in WAITING:
            try:
                with ordering(PaymentKind.CHARGE):
                    intent = self._api.payment_intents.cancel(
                        intent.id,
                        {"cancellation_reason": ABANDONED},
                        sent_once(f"cancel-{intent.id}"),
                    )
            except Refused:
                # It went on in the meantime.
                with asking():
                    intent = self._api.payment_intents.retrieve(intent.id)
        return report_of_intent(intent)

    def _find_charge(self, sought: Sought) -> Report | None:
        api = self._api.payment_intents
        intent: PaymentIntent | None
        if sought.gateway_id:
            intent = _existing(api.retrieve, sought.gateway_id)
        else:
            made = api.list({"created": _period(sought), "limit": _PAGE})
            intent = _of_transaction(made, sought.transaction_id)
        return self._finished(intent) if intent else None

    def _find_refund(self, sought: Sought) -> Report | None:
        api = self._api.refunds
        refund: Refund | None
        if sought.gateway_id:
            refund = _existing(api.retrieve, sought.gateway_id)
        elif sought.charge_id:
            refund = _existing(partial(self._listed_refund, sought), sought.charge_id)
        else:
            made = api.list({"created": _period(sought), "limit": _PAGE})
            refund = _of_transaction(made, sought.transaction_id)
        return report_of_refund(refund) if refund else None

    def _listed_refund(self, sought: Sought, charge_id: str) -> Refund | None:
        made = self._api.refunds.list({"payment_intent": charge_id, "limit": _PAGE})
        return _of_transaction(made, sought.transaction_id)

    def _find_payout(self, sought: Sought) -> Report | None:
        api = self._api.payouts
        payout: Payout | None
        if sought.gateway_id:
            payout = _existing(api.retrieve, sought.gateway_id)
        else:
            made = api.list({"created": _period(sought), "limit": _PAGE})
            payout = _of_transaction(made, sought.transaction_id)
        return report_of_payout(payout) if payout else None

    def _find_dispute(self, sought: Sought) -> Report | None:
        """Find one that Stripe has told of: disputes are never ordered."""
        if not sought.gateway_id:
            return None
        dispute = _existing(self._api.disputes.retrieve, sought.gateway_id)
        return report_of_dispute(dispute) if dispute else None


def _failed(
    kind: PaymentKind, order: Order, refusal: Refused, charge_id: str | None = None
) -> Report:
    """Report what was refused before Stripe made anything: it has no id."""
    return Report(
        kind,
        "",
        ReportStatus.FAILED,
        order.money,
        order.transaction_id,
        charge_id,
        refusal.failure,
    )


def _existing(retrieve: Callable[[str], Found], key: str) -> Found | None:
    """Return what there is under that key; ``None`` where Stripe knows nothing of it."""
    try:
        return retrieve(key)
    except InvalidRequestError as error:
        if is_missing(error):
            return None
        raise


def _of_transaction(made: ListObject[Made], transaction_id: TransactionId) -> Made | None:
    """Look through a list, page by page, for what was made for a transaction of ours.

    Raises ``GatewayUnavailable`` where it is too long to be sure that there is none.
    """
    pages: Iterator[Made] = made.auto_paging_iter()
    for seen, each in enumerate(pages):
        if is_of(each, transaction_id):
            return each
        if seen >= _SEEN_MAX:
            detail = f"Stripe has more than {_SEEN_MAX} objects of that time; look there."
            raise GatewayUnavailable(detail)
    return None


def _period(sought: Sought) -> PaymentIntentListParamsCreated:
    return {
        "gte": int((sought.since - _BEFORE).timestamp()),
        "lte": int((sought.since + _AFTER).timestamp()),
    }
