"""What is Stripe's own: keys, secrets, what is sent, units of money, pages, errors."""

from collections.abc import Iterator

import pytest
import stripe
from attrs import evolve

from payflow_adapters.clock import SystemClock
from payflow_adapters.gateways.stripe_errors import VERDICTS
from payflow_adapters.gateways.stripe_gateway import StripeGateway
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    GatewayUnavailable,
    InvalidNotice,
    MovementKind,
    Order,
    PaymentKind,
    ReportStatus,
)
from tests.builders.ledger import PARTNER_ID
from tests.builders.stripe_gateway import StripeHarness, gateway_of
from tests.builders.stripe_payins import NEEDS_ACTION
from tests.builders.stripe_stand_in import SECRET, StripeStandIn
from tests.builders.stripe_webhooks import Delivery, sign
from tests.builders.stripe_wire import Request
from tests.builders.times import transaction_id
from tests.contracts.gateway_harness import (
    charge_of,
    give,
    movements_until_now,
    payout_of,
    refund_of,
    sought,
    take_read,
)


@pytest.fixture
def harness() -> Iterator[StripeHarness]:
    with StripeHarness.opened() as opened:
        yield opened


@pytest.fixture
def gateway(harness: StripeHarness) -> StripeGateway:
    return harness.gateway


@pytest.mark.parametrize(
    ("environment", "api_key"),
    [
        (Environment.SANDBOX, "sk_live_secret"),
        (Environment.SANDBOX, "pk_test_secret"),
        (Environment.LIVE, "sk_test_secret"),
        (Environment.LIVE, ""),
    ],
)
def test_a_key_of_another_environment_is_refused_and_not_repeated(
    environment: Environment, api_key: str
) -> None:
    with pytest.raises(ValueError, match="begins with") as refusal:
        StripeGateway(environment, api_key, [SECRET], clock=SystemClock())

    assert "secret" not in str(refusal.value)


def test_a_key_of_real_money_does_not_go_over_the_wire_in_the_clear() -> None:
    with pytest.raises(ValueError, match="https://"):
        StripeGateway(Environment.LIVE, "sk_live_1", [SECRET], api_base="http://127.0.0.1:1")


@pytest.mark.parametrize("secrets", [(), ("",), (SECRET, "sk_test_1")])
def test_a_gateway_without_proper_secrets_is_refused(
    harness: StripeHarness, secrets: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        gateway_of(harness.stripe, secrets=secrets)


def test_a_key_that_stripe_does_not_know_makes_the_gateway_unavailable(
    harness: StripeHarness,
) -> None:
    gateway = gateway_of(harness.stripe, "sk_test_other")

    with pytest.raises(GatewayUnavailable, match="set a valid one"):
        gateway.charge(charge_of(1))
    assert harness.gateway.find(sought(charge_of(1), harness.now())) is None


def test_whatever_moves_money_has_a_key_of_its_transaction(
    harness: StripeHarness, gateway: StripeGateway
) -> None:
    charge_id = gateway.charge(charge_of(1)).gateway_id
    gateway.refund(refund_of(2, charge_id))
    gateway.pay_out(payout_of(3))
    stuck = gateway.charge(charge_of(4, NEEDS_ACTION))

    assert [each.idempotency_key for each in _posted(harness.stripe)] == [
        f"charge-{transaction_id(1)}",
        f"refund-{transaction_id(2)}",
        f"payout-{transaction_id(3)}",
        f"charge-{transaction_id(4)}",
        f"cancel-{stuck.gateway_id}",
    ]


def test_stripe_is_told_whose_an_order_is(harness: StripeHarness, gateway: StripeGateway) -> None:
    charge_id = gateway.charge(charge_of(1)).gateway_id
    gateway.refund(refund_of(2, charge_id))
    gateway.pay_out(payout_of(3))

    assert [each.params["metadata"] for each in _posted(harness.stripe)] == [
        {
            "payflow_transaction": transaction_id(number),
            "payflow_partner": PARTNER_ID,
            "payflow_ledger": "1",
        }
        for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("descriptor", "told"),
    [
        ("ROSABANK", "ROSABANK"),
        ("Café <Zürich>", "Cafe Zurich"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ABCDEFGHIJKLMNOPQRSTUV"),
        ("12345", None),
        ("日本", None),
    ],
)
def test_the_statement_names_what_stripe_can_print(
    harness: StripeHarness, gateway: StripeGateway, descriptor: str, told: str | None
) -> None:
    gateway.charge(evolve(charge_of(1), descriptor=descriptor))
    gateway.pay_out(evolve(payout_of(2), descriptor=descriptor))

    charge, payout = _posted(harness.stripe)
    assert charge.params.get("statement_descriptor_suffix") == told
    assert payout.params.get("statement_descriptor") == told


def test_a_charge_that_waits_for_the_payer_is_canceled(
    harness: StripeHarness, gateway: StripeGateway
) -> None:
    since, order = harness.now(), charge_of(1, NEEDS_ACTION)

    told = gateway.charge(order)

    assert told.status is ReportStatus.FAILED
    assert told.failure is not None
    assert told.failure.code == "authentication_required"
    assert gateway.find(sought(order, since)) == told
    assert take_read(harness)[-1].report == told


def test_a_notice_may_be_signed_with_any_of_several_secrets(harness: StripeHarness) -> None:
    gateway = gateway_of(harness.stripe, secrets=("whsec_new", SECRET))
    gateway.charge(charge_of(1))
    payload, signature = harness.take_notices()[-1]

    by_new = gateway.read_notice(payload, sign(payload, "whsec_new", harness.now()))

    assert by_new == gateway.read_notice(payload, signature)
    with pytest.raises(InvalidNotice):
        gateway.read_notice(payload, sign(payload, "whsec_retired", harness.now()))


def test_a_notice_of_real_money_is_refused_in_the_sandbox(harness: StripeHarness) -> None:
    with StripeStandIn.opened(livemode=True) as live:
        gateway = gateway_of(live)
        gateway.charge(charge_of(1))
        payload, signature = live.take_webhooks()[-1]

        with pytest.raises(InvalidNotice, match="live environment"):
            gateway.read_notice(payload, signature)
    with pytest.raises(InvalidNotice):
        harness.gateway.reread_notice(payload)


def test_webhooks_that_come_twice_late_and_out_of_order_are_told_apart(
    harness: StripeHarness, gateway: StripeGateway
) -> None:
    dropped = frozenset({"payment_intent.created"})
    harness.stripe.deliver(Delivery(2, delay_s=5, is_reversed=True, dropped=dropped))
    gateway.charge(charge_of(1))

    early = take_read(harness)
    harness.advance(5)
    late = take_read(harness)

    types = ["payment_intent.succeeded"] * 2 + ["charge.succeeded"] * 2
    assert (early, [each.type for each in late]) == ([], types)
    assert late[0] == late[1] != late[2]


@pytest.mark.parametrize(
    ("money", "told"),
    [
        (Money(500, "ISK"), "50000"),
        (Money(500, "UGX"), "50000"),
        (Money(500, "MGA"), "5"),
        (Money(500, "JPY"), "500"),
        (Money(12_340, "KWD"), "12340"),
    ],
    ids=lambda value: getattr(value, "currency", value),
)
def test_money_is_told_in_the_units_of_stripe_and_read_back(
    harness: StripeHarness, gateway: StripeGateway, money: Money, told: str
) -> None:
    report = gateway.charge(charge_of(1, money=money))

    assert _posted(harness.stripe)[0].params["amount"] == told
    assert report.money == money
    assert [each.amount for each in movements_until_now(harness)] == [money.amount]


@pytest.mark.parametrize(
    "order",
    [
        charge_of(1, money=Money(501, "MGA")),
        charge_of(1, money=Money(12_345, "KWD")),
        payout_of(1, money=Money(150, "HUF")),
    ],
    ids=lambda order: order.money.currency,
)
def test_an_amount_that_stripe_cannot_take_is_refused_without_asking(
    harness: StripeHarness, gateway: StripeGateway, order: Order
) -> None:
    told = give(gateway, order)

    assert told.failure is not None
    assert told.failure.code == "unsupported_amount"
    assert harness.stripe.requests == []


@pytest.mark.parametrize(
    ("amount", "members", "told", "note"),
    [
        (700, {"reporting_category": "topup"}, 700, "category topup, source "),
        (-700, {"reporting_category": "risk_reserved_funds"}, -700, "category risk_reserved_funds"),
        (700, {"source": None}, 700, "category charge, source None"),
        (150, {"currency": "isk"}, 0, "150 less 0 in isk: "),
        (700, {"currency": "xyz"}, 0, "700 less 0 in xyz: "),
    ],
    ids=["top-up", "reserve", "no source", "not exact", "no currency"],
)
def test_a_line_that_cannot_be_told_apart_is_told_so_and_keeps_none_back(
    harness: StripeHarness,
    gateway: StripeGateway,
    amount: int,
    members: dict[str, object],
    told: int,
    note: str,
) -> None:
    before = gateway.charge(charge_of(1)).gateway_id
    source = harness.stripe.world.make("tu", "topup", currency="eur")
    line = harness.stripe.world.move(source, "topup", "charge", amount)
    line.update(members)
    after = gateway.charge(charge_of(2)).gateway_id

    moved = movements_until_now(harness)

    assert [each.gateway_id for each in moved] == [before, line["id"], after]
    assert [each.kind for each in moved] == [
        MovementKind.CHARGE,
        MovementKind.UNKNOWN,
        MovementKind.CHARGE,
    ]
    assert (moved[1].amount, moved[1].fee) == (told, 0)
    assert moved[1].note.startswith(note)


def test_a_refund_is_found_beyond_the_first_page(
    harness: StripeHarness, gateway: StripeGateway
) -> None:
    charge_id = gateway.charge(charge_of(1)).gateway_id
    since, order = harness.now(), refund_of(2, charge_id, Money(1, "EUR"))
    told = gateway.refund(order)
    for _ in range(100):
        harness.refund_outside(charge_id, 1)

    assert gateway.find(sought(order, since)) == told
    assert len(movements_until_now(harness)) == 102
    pages = [each for each in harness.stripe.requests if "starting_after" in each.params]
    assert {each.path for each in pages} == {"/v1/refunds", "/v1/balance_transactions"}


def test_each_error_of_the_sdk_has_a_verdict() -> None:
    found = set(_with_subclasses(stripe.StripeError))
    # OAuth connects other accounts to Stripe, which PayFlow does not do.
    errors = {each for each in found if "oauth" not in each.__module__}

    assert {stripe.CardError, stripe.RateLimitError, stripe.QuotaExceededError} < errors
    assert errors - VERDICTS.keys() == set()


def test_a_gateway_that_cannot_be_reached_has_done_nothing() -> None:
    with StripeHarness.opened() as harness:
        gateway = harness.gateway

    with pytest.raises(GatewayUnavailable):
        gateway.charge(charge_of(1))
    with pytest.raises(GatewayUnavailable):
        gateway.find(sought(charge_of(1), harness.now()))


def test_an_event_says_of_a_dispute_which_charge_it_is_of(
    harness: StripeHarness, gateway: StripeGateway
) -> None:
    charge_id = gateway.charge(charge_of(1)).gateway_id
    harness.take_notices()
    harness.open_dispute(charge_id)

    reports = [each.report for each in take_read(harness)]

    assert [(each.kind, each.charge_id) for each in reports if each] == [
        (PaymentKind.DISPUTE, charge_id),
        (PaymentKind.DISPUTE, charge_id),
    ]


def _posted(stand_in: StripeStandIn) -> list[Request]:
    return [each for each in stand_in.requests if each.method == "POST"]


def _with_subclasses(error: type[stripe.StripeError]) -> Iterator[type[stripe.StripeError]]:
    yield error
    for each in error.__subclasses__():
        yield from _with_subclasses(each)
