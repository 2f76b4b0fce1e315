"""Disputes, refunds and fees of the mock gateway."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.mock_book import Held
from payflow_adapters.gateways.mock_values import (
    failure,
)
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    Movement,
    MovementKind,
    PaymentKind,
    ReportStatus,
    Sought,
)
from tests.builders.mock_gateway import MockHarness
from tests.builders.times import transaction_id
from tests.contracts.gateway_harness import (
    DELAY,
    charge_of,
    movements_of,
    movements_until_now,
    payout_of,
    refund_of,
)

STEM = transaction_id(1).removeprefix("txn_")
CHARGE_ID = f"mock_ch_{STEM}"
DISPUTE_ID = f"mock_dp_{STEM}"


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


def dispute_sought(harness: MockHarness) -> Sought:
    return Sought(PaymentKind.DISPUTE, transaction_id(9), harness.now(), DISPUTE_ID)


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


def test_a_dispute_that_was_to_be_won_can_be_lost(
    harness: MockHarness, gateway: MockGateway
) -> None:
    gateway.charge(charge_of(1, "pm_card_createDisputeWon"))
    harness.advance(DELAY)

    gateway.close_dispute(DISPUTE_ID, won=False)
    harness.advance(DELAY)

    assert movements_of(harness, DISPUTE_ID) == [(MovementKind.DISPUTE, -5_000)]


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


def test_what_will_move_later_is_no_movement_yet(
    harness: MockHarness, gateway: MockGateway
) -> None:
    start, end = harness.now(), harness.now() + timedelta(hours=1)
    gateway.pay_out(payout_of(1))

    before = gateway.movements(start, end)
    harness.advance(DELAY)

    assert before == []
    assert [each.amount for each in gateway.movements(start, end)] == [-5_000]


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
