"""The mock gateway keeps what the port promises, and does what its magic values say."""

import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.mock_book import Held
from payflow_adapters.gateways.mock_values import (
    DESTINATIONS,
    PAYMENT_METHODS,
    Behaviour,
    Change,
    Trouble,
    failure,
)
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import Failure
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    GatewayUnavailable,
    InvalidNotice,
    Movement,
    MovementKind,
    Order,
    OutcomeUnknown,
    PaymentKind,
    ReportStatus,
    Sought,
)
from tests.builders.mock_gateway import SECRET, MockHarness
from tests.builders.times import SettableClock, transaction_id
from tests.contracts.gateway import GatewayContract
from tests.contracts.gateway_harness import (
    DELAY,
    charge_of,
    give,
    movements_of,
    movements_until_now,
    payout_of,
    refund_of,
    sought,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "mock-gateway.md"
STEM = transaction_id(1).removeprefix("txn_")
CHARGE_ID, DISPUTE_ID = f"mock_ch_{STEM}", f"mock_dp_{STEM}"


class TestMockGateway(GatewayContract):
    @pytest.fixture
    def harness(self) -> Iterator[MockHarness]:
        with MockHarness.opened(":memory:") as opened:
            yield opened


@pytest.fixture
def harness() -> Iterator[MockHarness]:
    with MockHarness.opened(":memory:") as opened:
        yield opened


@pytest.fixture
def gateway(harness: MockHarness) -> MockGateway:
    return harness.gateway


def types_told(harness: MockHarness) -> list[str]:
    """Return the types of the notices that are due."""
    notices = [harness.gateway.read_notice(*each) for each in harness.take_notices()]
    return [notice.type for notice in notices]


def test_a_mock_is_for_the_sandbox_only(gateway: MockGateway) -> None:
    assert (gateway.name, gateway.environment) == ("mock", Environment.SANDBOX)
    with pytest.raises(AttributeError):
        gateway.environment = Environment.LIVE  # type: ignore[misc]


def test_a_mock_without_a_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        MockGateway(":memory:", SettableClock(), "")


def test_ids_follow_from_our_transactions(harness: MockHarness, gateway: MockGateway) -> None:
    told = [
        gateway.charge(charge_of(1)),
        gateway.refund(refund_of(2, CHARGE_ID, Money(1, "EUR"))),
        gateway.pay_out(payout_of(3)),
    ]
    outside = [gateway.refund_outside(CHARGE_ID, amount=1) for _ in range(2)]
    second, third = (transaction_id(n).removeprefix("txn_") for n in (2, 3))

    assert [each.gateway_id for each in told] == [
        CHARGE_ID,
        f"mock_re_{second}",
        f"mock_po_{third}",
    ]
    assert outside == [f"mock_re_{STEM}_2", f"mock_re_{STEM}_3"]
    assert gateway.open_dispute(CHARGE_ID) == DISPUTE_ID
    assert gateway.due_notices()[0].id == f"mock_evt_ch_{STEM}_1"
    assert movements_until_now(harness)[0].id == f"mock_bt_ch_{STEM}_charge"


@pytest.mark.parametrize("value", [*PAYMENT_METHODS, *DESTINATIONS])
def test_every_value_is_documented(value: str) -> None:
    assert f"`{value}`" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (charge_of(1, "pm_other"), "invalid_payment_method"),
        (charge_of(1, "ba_paid"), "invalid_payment_method"),
        (payout_of(1, "ba_other"), "invalid_destination"),
        (payout_of(1, "pm_card_visa"), "invalid_destination"),
        (refund_of(1, "mock_po_1"), "charge_not_found"),
    ],
)
def test_what_does_not_exist_is_refused_with_a_code(
    gateway: MockGateway, given: Order, code: str
) -> None:
    told = give(gateway, given)

    assert told.failure == failure(code)


@pytest.mark.parametrize("value", ["timeout_no_effect", "timeout_with_effect", "unavailable"])
@pytest.mark.parametrize("make", [charge_of, payout_of])
def test_trouble_by_magic_value(
    harness: MockHarness, gateway: MockGateway, make: Callable[[int, str], Order], value: str
) -> None:
    order = make(1, f"pm_{value}" if make is charge_of else f"ba_{value}")
    error = GatewayUnavailable if value == "unavailable" else OutcomeUnknown

    with pytest.raises(error):
        give(gateway, order)
    found = gateway.find(sought(order, harness.now()))

    if value == "timeout_with_effect":
        assert found is not None
        assert give(gateway, order) == found
    else:
        assert found is None
        with pytest.raises(error):
            give(gateway, order)


def test_an_order_again_is_told_what_it_was_told_first(
    harness: MockHarness, gateway: MockGateway
) -> None:
    told = gateway.pay_out(payout_of(1))
    harness.advance(DELAY)

    assert gateway.pay_out(payout_of(1)) == told
    assert told.status is ReportStatus.PENDING


def test_a_transaction_is_of_one_kind(gateway: MockGateway) -> None:
    gateway.charge(charge_of(1))

    told = gateway.pay_out(payout_of(1))

    assert (told.status, told.gateway_id) == (ReportStatus.FAILED, "")
    assert told.failure == failure("idempotency_mismatch")
    assert told.kind is PaymentKind.PAYOUT


@pytest.mark.parametrize(
    ("value", "last", "moved"),
    [
        ("pm_card_createDispute", ReportStatus.PENDING, -5_000),
        ("pm_card_createDisputeWon", ReportStatus.WON, 0),
        ("pm_card_createDisputeLost", ReportStatus.LOST, -5_000),
    ],
)
def test_a_dispute_by_magic_value_opens_and_is_closed_in_its_time(
    harness: MockHarness, gateway: MockGateway, value: str, last: ReportStatus, moved: int
) -> None:
    gateway.charge(charge_of(1, value))
    seen = []
    for _ in range(3):
        dispute = gateway.find(dispute_sought(harness))
        seen.append(dispute and dispute.status)
        harness.advance(DELAY)

    assert seen == [None, ReportStatus.PENDING, last]
    assert sum(amount for _, amount in movements_of(harness, DISPUTE_ID)) == moved
    assert gateway.held("EUR") == Held(5_000 + moved, 100 + 1_500)


def test_the_fee_of_a_dispute_is_a_line_of_its_own(
    harness: MockHarness, gateway: MockGateway
) -> None:
    gateway.charge(charge_of(1))
    gateway.open_dispute(CHARGE_ID)

    *_, fee = movements_until_now(harness)

    assert fee == Movement(
        f"mock_bt_dp_{STEM}_fee", MovementKind.FEE, DISPUTE_ID, 0, 1_500, "EUR", harness.now()
    )


def test_a_dispute_by_magic_value_can_be_closed_before_its_time(
    harness: MockHarness, gateway: MockGateway
) -> None:
    gateway.charge(charge_of(1, "pm_card_createDisputeLost"))
    harness.advance(DELAY)

    gateway.close_dispute(DISPUTE_ID, won=True)
    harness.advance(DELAY)

    found = gateway.find(dispute_sought(harness))
    assert found is not None
    assert found.status is ReportStatus.WON
    assert types_told(harness)[-2:] == ["charge.dispute.created", "charge.dispute.closed"]


def test_a_dispute_can_be_of_a_part(harness: MockHarness, gateway: MockGateway) -> None:
    gateway.charge(charge_of(1))

    gateway.open_dispute(CHARGE_ID, amount=700)

    assert movements_of(harness, DISPUTE_ID) == [(MovementKind.DISPUTE, -700)]


def test_a_dispute_is_of_what_was_not_refunded(harness: MockHarness, gateway: MockGateway) -> None:
    gateway.charge(charge_of(1))
    gateway.refund(refund_of(2, CHARGE_ID, Money(2_000, "EUR")))

    gateway.open_dispute(CHARGE_ID)

    assert movements_of(harness, DISPUTE_ID) == [(MovementKind.DISPUTE, -3_000)]


def test_a_charge_can_be_refunded_after_its_dispute_was_won(gateway: MockGateway) -> None:
    gateway.charge(charge_of(1))
    gateway.close_dispute(gateway.open_dispute(CHARGE_ID), won=True)

    assert gateway.refund(refund_of(2, CHARGE_ID)).status is ReportStatus.SUCCEEDED


def test_a_refund_that_failed_leaves_its_money_to_be_refunded(
    harness: MockHarness, gateway: MockGateway
) -> None:
    gateway.charge(charge_of(1, "pm_card_refundFail"))
    gateway.refund(refund_of(2, CHARGE_ID))
    before = gateway.refund(refund_of(3, CHARGE_ID))
    harness.advance(DELAY)

    assert before.failure == failure("refund_exceeds_charge")
    assert gateway.refund(refund_of(4, CHARGE_ID)).status is ReportStatus.SUCCEEDED


def test_a_refund_is_in_the_currency_of_the_charge(gateway: MockGateway) -> None:
    gateway.charge(charge_of(1))

    told = gateway.refund(refund_of(2, CHARGE_ID, Money(5_000, "USD")))

    assert told.failure == failure("refund_currency_differs")


@pytest.mark.parametrize(
    ("amount", "fee"),
    [(1, 1), (25, 25), (26, 25), (66, 25), (67, 26), (5_000, 100), (2**53 - 1, 135107988821139)],
)
def test_a_charge_costs_a_fee_but_never_more_than_it_brings(
    harness: MockHarness, gateway: MockGateway, amount: int, fee: int
) -> None:
    gateway.charge(charge_of(1, money=Money(amount, "EUR")))

    assert [each.fee for each in movements_until_now(harness)] == [fee]
    assert gateway.held("EUR") == Held(amount, fee)
    assert gateway.held("JPY") == Held(0, 0)


@pytest.mark.parametrize(
    ("order", "types"),
    [
        (charge_of(1), ["charge.succeeded"]),
        (charge_of(1, "pm_card_chargeDeclined"), ["charge.failed"]),
        (charge_of(1, "pm_async_success"), ["charge.processing", "charge.succeeded"]),
        (charge_of(1, "pm_async_failure"), ["charge.processing", "charge.failed"]),
        (
            charge_of(1, "pm_card_createDisputeWon"),
            ["charge.succeeded", "charge.dispute.created", "charge.dispute.closed"],
        ),
        (refund_of(1, "mock_ch_other"), ["refund.failed"]),
        (payout_of(1, "ba_paid"), ["payout.created", "payout.paid"]),
        (payout_of(1, "ba_failed"), ["payout.created", "payout.failed"]),
        (payout_of(1, "ba_refused"), ["payout.failed"]),
        (payout_of(1, "ba_canceled"), ["payout.created", "payout.canceled"]),
        (payout_of(1, "ba_returned_late"), ["payout.created", "payout.paid", "payout.failed"]),
    ],
)
def test_types_of_notices(
    harness: MockHarness, gateway: MockGateway, order: Order, types: list[str]
) -> None:
    give(gateway, order)
    harness.advance(2 * DELAY)

    assert types_told(harness) == types


@pytest.mark.parametrize(
    ("payment_method", "types"),
    [
        ("pm_card_visa", ["refund.created"]),
        ("pm_card_refundFail", ["refund.created", "refund.failed"]),
        ("pm_card_pendingRefund", ["refund.created", "refund.updated"]),
    ],
)
def test_types_of_notices_on_refunds(
    harness: MockHarness, gateway: MockGateway, payment_method: str, types: list[str]
) -> None:
    gateway.charge(charge_of(1, payment_method))
    gateway.refund(refund_of(2, CHARGE_ID))
    harness.advance(DELAY)

    assert types_told(harness) == ["charge.succeeded", *types]


def test_a_notice_is_compact_json(harness: MockHarness, gateway: MockGateway) -> None:
    gateway.charge(charge_of(1, "pm_card_chargeDeclinedLostCard"))
    harness.advance(7)

    (notice,) = gateway.due_notices()

    assert notice.payload.decode() == (
        f'{{"id":"mock_evt_ch_{STEM}_1","type":"charge.failed","environment":"sandbox",'
        '"createdAt":"2026-01-31T12:00:00.123456Z","report":{"kind":"charge",'
        f'"gatewayId":"{CHARGE_ID}","status":"failed","amount":5000,"currency":"EUR",'
        f'"transactionId":"{transaction_id(1)}","chargeId":null,"failure":'
        '{"code":"lost_card","message":"The card was reported as lost."}}}'
    )
    assert notice.signature.startswith("t=1769860807,v1=")


def test_notices_are_due_at_their_time_until_they_are_marked(
    harness: MockHarness, gateway: MockGateway
) -> None:
    gateway.pay_out(payout_of(1))
    (first,) = gateway.due_notices()
    again = gateway.due_notices()
    gateway.mark_delivered(first.id)
    gateway.mark_delivered(first.id)
    marked = gateway.due_notices()
    harness.advance(DELAY)

    assert again == [first]
    assert marked == []
    assert [each.id for each in gateway.due_notices()] == [f"mock_evt_po_{STEM}_2"]


def test_notices_are_taken_so_many_at_a_time_oldest_first(gateway: MockGateway) -> None:
    for number in range(1, 5):
        gateway.charge(charge_of(number))

    few = gateway.due_notices(limit=2)

    assert few == gateway.due_notices()[:2]
    assert few[0].id == f"mock_evt_ch_{STEM}_1"


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (b'"sandbox"', b'"live"'),
        (b":5000,", b":0,"),
        (b":5000,", b":true,"),
        (b":5000,", b":5e3,"),
        (b'"charge"', b'"gift"'),
        (b'"succeeded"', b"null"),
        (b'"EUR"', b"7"),
        (b'123456Z"', b'123456"'),
        (b'"report":{', b'"report":null,"other":{'),
        (b'"id":', b'"id":"","x":'),
    ],
)
def test_a_signed_notice_that_makes_no_sense_is_refused(
    harness: MockHarness, gateway: MockGateway, part: bytes, instead: bytes
) -> None:
    gateway.charge(charge_of(1))
    payload = gateway.due_notices()[0].payload
    forged = payload.replace(part, instead, 1)
    assert forged != payload

    with pytest.raises(InvalidNotice):
        gateway.read_notice(forged, harness.forge(forged))


def test_the_signature_is_that_of_stripe(gateway: MockGateway) -> None:
    at = datetime(2026, 1, 31, 12, 0, 0, 999_999, tzinfo=UTC)
    expected = hmac.new(SECRET.encode(), b"1769860800.{}", "sha256").hexdigest()

    assert gateway.sign(b"{}", at) == f"t=1769860800,v1={expected}"


def test_a_notice_of_another_mock_is_refused(harness: MockHarness) -> None:
    other = MockGateway(":memory:", harness.clock, "another secret")
    other.charge(charge_of(1))
    (notice,) = other.due_notices()
    other.close()

    with pytest.raises(InvalidNotice):
        harness.gateway.read_notice(notice.payload, notice.signature)


def test_a_value_can_be_scripted(harness: MockHarness, gateway: MockGateway) -> None:
    why = Failure("eaten", "The dog ate it.")
    pending = Change(ReportStatus.PENDING)
    gateway.script("pm_mine", Behaviour((pending, Change(ReportStatus.FAILED, 60, why))))
    gateway.script("ba_mine", Behaviour(trouble=Trouble.UNAVAILABLE))

    told = gateway.charge(charge_of(1, "pm_mine"))
    harness.advance(60)
    found = gateway.find(sought(charge_of(1), harness.now()))

    assert told.status is ReportStatus.PENDING
    assert found == evolve(told, status=ReportStatus.FAILED, failure=why)
    with pytest.raises(GatewayUnavailable):
        gateway.pay_out(payout_of(2, "ba_mine"))


def test_a_script_takes_the_place_of_a_magic_value_and_of_the_script_before(
    gateway: MockGateway,
) -> None:
    gateway.script("pm_card_visa", Behaviour((Change(ReportStatus.FAILED),)))
    first = gateway.charge(charge_of(1))
    gateway.script("pm_card_visa", Behaviour((Change(ReportStatus.PENDING),)))

    assert first.status is ReportStatus.FAILED
    assert gateway.charge(charge_of(2)).status is ReportStatus.PENDING


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (Change(ReportStatus.PENDING, 1),),
        (Change(ReportStatus.PENDING), Change(ReportStatus.WON, 2), Change(ReportStatus.LOST, 1)),
    ],
)
def test_a_behaviour_without_an_answer_or_out_of_order_is_refused(
    changes: tuple[Change, ...],
) -> None:
    for make in (Behaviour, lambda plan: Behaviour(refunds=plan)):
        with pytest.raises(ValueError, match="hange"):
            make(changes)


def test_troubles_meet_one_call_each_in_their_order(
    harness: MockHarness, gateway: MockGateway
) -> None:
    for trouble in (Trouble.UNAVAILABLE, Trouble.TIMEOUT_NO_EFFECT, Trouble.UNAVAILABLE):
        gateway.fail_next(trouble)

    with pytest.raises(GatewayUnavailable):
        gateway.find(sought(charge_of(1), harness.now()))
    with pytest.raises(OutcomeUnknown):
        gateway.movements(harness.now(), harness.now())
    with pytest.raises(GatewayUnavailable):
        gateway.charge(charge_of(1))
    assert gateway.charge(charge_of(1)).status is ReportStatus.SUCCEEDED


@pytest.mark.parametrize(
    "ask",
    [
        lambda gateway: gateway.refund_outside(CHARGE_ID, 5_001),
        lambda gateway: gateway.refund_outside("mock_ch_other", 1),
        lambda gateway: gateway.open_dispute("mock_ch_other"),
        lambda gateway: gateway.open_dispute(CHARGE_ID, 5_001),
        lambda gateway: gateway.open_dispute(CHARGE_ID, 0),
        lambda gateway: [gateway.open_dispute(CHARGE_ID) for _ in range(2)],
        lambda gateway: gateway.close_dispute(CHARGE_ID, won=True),
        lambda gateway: gateway.close_dispute(DISPUTE_ID, won=True),
    ],
    ids=[
        "refund above the charge",
        "refund of no charge",
        "dispute of no charge",
        "dispute above the charge",
        "dispute of nothing",
        "dispute twice",
        "close a charge",
        "close no dispute",
    ],
)
def test_what_cannot_happen_at_the_gateway_is_a_fault_of_the_test(
    gateway: MockGateway, ask: Callable[[MockGateway], object]
) -> None:
    gateway.charge(charge_of(1))

    with pytest.raises(ValueError, match=r"mock_|left"):
        ask(gateway)


def dispute_sought(harness: MockHarness) -> Sought:
    return Sought(PaymentKind.DISPUTE, transaction_id(9), harness.now(), DISPUTE_ID)
