"""Payouts and disputes."""

import pytest
from attrs import evolve

from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    MovementKind,
    PaymentGateway,
    PaymentKind,
    Report,
    ReportStatus,
    Sought,
)
from tests.builders.times import transaction_id
from tests.contracts.gateway_charges import AMOUNTS
from tests.contracts.gateway_harness import (
    DELAY,
    MONEY,
    GatewayHarness,
    GatewaySuite,
    charge_of,
    known,
    movements_of,
    movements_until_now,
    payout_of,
    refund_of,
    sought,
    take_read,
)


class GatewayPayouts(GatewaySuite):
    """What ``pay_out`` promises."""

    @pytest.mark.parametrize("money", AMOUNTS, ids=lambda money: money.currency)
    def test_a_payout_arrives_later(
        self, harness: GatewayHarness, gateway: PaymentGateway, money: Money
    ) -> None:
        since, order = harness.now(), payout_of(1, harness.values.paid, money)

        told = gateway.pay_out(order)
        found = gateway.find(sought(order, since))
        harness.advance(DELAY)

        assert told == Report(
            PaymentKind.PAYOUT,
            told.gateway_id,
            ReportStatus.PENDING,
            money,
            order.transaction_id,
        )
        assert found == told
        arrived = evolve(told, status=ReportStatus.SUCCEEDED)
        assert gateway.find(sought(order, since)) == arrived
        assert gateway.find(sought(order, since, told.gateway_id)) == arrived
        assert movements_of(harness, told.gateway_id) == [(MovementKind.PAYOUT, -money.amount)]

    def test_a_payout_can_fail_later(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        destination = known(harness.values.payout_fails)

        _shows_failure(harness, gateway, destination, "account_closed")

    def test_a_payout_can_be_canceled(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        destination = known(harness.values.payout_canceled)

        _shows_failure(harness, gateway, destination, "payout_canceled")

    def test_a_payout_can_be_refused_at_once(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        order = payout_of(1, known(harness.values.payout_refused))

        told = gateway.pay_out(order)

        assert told.status is ReportStatus.FAILED
        assert told.failure is not None
        assert told.failure.code == "no_account"
        assert gateway.find(sought(order, harness.now())) in (None, told)
        assert sum(each.amount for each in movements_until_now(harness)) == 0

    @pytest.mark.parametrize("destination", ["ba_unheard_of", "pm_card_visa", " ", "ba/../x?y#z"])
    def test_a_destination_that_does_not_exist_is_a_failure(
        self, harness: GatewayHarness, gateway: PaymentGateway, destination: str
    ) -> None:
        order = payout_of(1, destination)

        told = gateway.pay_out(order)

        assert told.status is ReportStatus.FAILED
        assert told.failure is not None
        assert told.failure.code
        assert gateway.find(sought(order, harness.now())) in (None, told)
        assert movements_until_now(harness) == []

    def test_a_payout_can_come_back_after_it_has_arrived(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        since, order = harness.now(), payout_of(1, known(harness.values.payout_returned))

        told = gateway.pay_out(order)
        harness.advance(DELAY)
        arrived = gateway.find(sought(order, since))
        harness.advance(DELAY)
        returned = gateway.find(sought(order, since, told.gateway_id))

        assert arrived == evolve(told, status=ReportStatus.SUCCEEDED)
        assert returned is not None
        assert returned.failure is not None
        assert returned.failure.code == "account_closed"
        assert returned == evolve(told, status=ReportStatus.FAILED, failure=returned.failure)
        assert movements_of(harness, told.gateway_id) == [
            (MovementKind.PAYOUT, -5_000),
            (MovementKind.PAYOUT_RETURN, 5_000),
        ]


class GatewayDisputes(GatewaySuite):
    """What a gateway tells of disputes."""

    @pytest.fixture
    def charge_id(self, gateway: PaymentGateway) -> str:
        return gateway.charge(charge_of(1)).gateway_id

    def test_an_open_dispute_is_told_of_and_takes_the_money(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str
    ) -> None:
        dispute_id = harness.open_dispute(charge_id)

        expected = _dispute(dispute_id, charge_id, ReportStatus.PENDING)
        assert _reported(harness, dispute_id)[-1] == expected
        assert gateway.find(_sought(harness, dispute_id)) == expected
        assert movements_of(harness, dispute_id) == [(MovementKind.DISPUTE, -5_000)]

    @pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])
    def test_a_dispute_is_won_or_lost(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str, *, won: bool
    ) -> None:
        dispute_id = harness.open_dispute(charge_id)
        harness.take_notices()
        harness.advance(DELAY)

        harness.close_dispute(dispute_id, won=won)

        status = ReportStatus.WON if won else ReportStatus.LOST
        expected = _dispute(dispute_id, charge_id, status)
        assert _reported(harness, dispute_id)[-1] == expected
        assert gateway.find(_sought(harness, dispute_id)) == expected
        back = [(MovementKind.DISPUTE_WON, 5_000)] if won else []
        assert movements_of(harness, dispute_id) == [(MovementKind.DISPUTE, -5_000), *back]

    @pytest.mark.parametrize("closed", [False, True], ids=["open", "lost"])
    def test_a_charge_whose_money_is_disputed_is_not_refunded(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str, *, closed: bool
    ) -> None:
        dispute_id = harness.open_dispute(charge_id)
        if closed:
            harness.close_dispute(dispute_id, won=False)
        before = movements_until_now(harness)

        told = gateway.refund(refund_of(2, charge_id))

        assert told.status is ReportStatus.FAILED
        assert told.failure is not None
        assert told.failure.code == "charge_disputed"
        assert movements_until_now(harness) == before

    def test_a_dispute_leaves_the_charge_succeeded(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str
    ) -> None:
        harness.open_dispute(charge_id)

        found = gateway.find(sought(charge_of(1), harness.now(), charge_id))

        assert found is not None
        assert found.status is ReportStatus.SUCCEEDED


def _shows_failure(
    harness: GatewayHarness, gateway: PaymentGateway, destination: str, code: str
) -> None:
    since, order = harness.now(), payout_of(1, destination)

    told = gateway.pay_out(order)
    harness.advance(DELAY)
    found = gateway.find(sought(order, since))

    assert told.status is ReportStatus.PENDING
    assert found is not None
    assert found.failure is not None
    assert found.failure.code == code
    assert found == evolve(told, status=ReportStatus.FAILED, failure=found.failure)
    assert sum(each.amount for each in movements_until_now(harness)) == 0


def _dispute(dispute_id: str, charge_id: str, status: ReportStatus) -> Report:
    return Report(PaymentKind.DISPUTE, dispute_id, status, MONEY, charge_id=charge_id)


def _sought(harness: GatewayHarness, dispute_id: str) -> Sought:
    """Look for a dispute: the transaction is one that the gateway was never told."""
    return Sought(PaymentKind.DISPUTE, transaction_id(9), harness.now(), dispute_id)


def _reported(harness: GatewayHarness, gateway_id: str) -> list[Report]:
    reports = [each.report for each in take_read(harness)]
    return [each for each in reports if each is not None and each.gateway_id == gateway_id]
