"""The mock gateway's notices, and how they are signed."""

import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from payflow_adapters.gateways.mock import MockGateway
from payflow_domain.payments.gateway import (
    InvalidNotice,
    Order,
)
from tests.builders.mock_gateway import SECRET, MockHarness
from tests.builders.times import transaction_id
from tests.contracts.gateway_harness import (
    DELAY,
    charge_of,
    give,
    payout_of,
    refund_of,
)

STEM = transaction_id(1).removeprefix("txn_")
CHARGE_ID = f"mock_ch_{STEM}"


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
