"""Refunds."""

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
    refund_of,
    sought,
    take_read,
)


def _part(amount: int) -> Money:
    return evolve(MONEY, amount=amount)


class GatewayRefunds(GatewaySuite):
    """What ``refund`` promises."""

    @pytest.fixture
    def charge_id(self, gateway: PaymentGateway) -> str:
        return gateway.charge(charge_of(1)).gateway_id

    @pytest.mark.parametrize("money", AMOUNTS, ids=lambda money: money.currency)
    def test_a_charge_is_refunded_in_full(
        self, harness: GatewayHarness, gateway: PaymentGateway, money: Money
    ) -> None:
        since = harness.now()
        charge_id = gateway.charge(charge_of(1, money=money)).gateway_id
        order = refund_of(2, charge_id, money)

        told = gateway.refund(order)

        succeeded = ReportStatus.SUCCEEDED
        assert told == Report(
            PaymentKind.REFUND, told.gateway_id, succeeded, money, order.transaction_id, charge_id
        )
        assert gateway.find(sought(order, since)) == told
        assert gateway.find(sought(order, since, told.gateway_id)) == told
        assert movements_of(harness, told.gateway_id) == [(MovementKind.REFUND, -money.amount)]

    def test_a_charge_is_refunded_in_parts(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str
    ) -> None:
        parts = [
            gateway.refund(refund_of(2, charge_id, _part(1_999))),
            gateway.refund(refund_of(3, charge_id, _part(1))),
            gateway.refund(refund_of(4, charge_id, _part(3_000))),
        ]

        assert {each.status for each in parts} == {ReportStatus.SUCCEEDED}
        assert len({each.gateway_id for each in parts}) == 3
        moved = [amount for each in parts for _, amount in movements_of(harness, each.gateway_id)]
        assert moved == [-1_999, -1, -3_000]

    @pytest.mark.parametrize("earlier", [0, 1, 5_000])
    def test_no_more_is_refunded_than_is_left_of_the_charge(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str, earlier: int
    ) -> None:
        if earlier:
            gateway.refund(refund_of(2, charge_id, _part(earlier)))
        before = movements_until_now(harness)
        order = refund_of(3, charge_id, _part(5_001 - earlier))

        told = gateway.refund(order)

        assert told.status is ReportStatus.FAILED
        assert told.failure is not None
        assert told.failure.code == "refund_exceeds_charge"
        assert (told.charge_id, told.transaction_id) == (charge_id, order.transaction_id)
        assert gateway.find(sought(order, harness.now())) in (None, told)
        assert movements_until_now(harness) == before

    def test_a_refund_that_was_refused_leaves_the_rest_to_be_refunded(
        self, gateway: PaymentGateway, charge_id: str
    ) -> None:
        gateway.refund(refund_of(2, charge_id, _part(5_001)))

        told = gateway.refund(refund_of(3, charge_id, _part(5_000)))

        assert told.status is ReportStatus.SUCCEEDED

    @pytest.mark.parametrize("charge_id", ["ch_unheard_of", "po/../x?y#z"])
    def test_a_charge_that_does_not_exist_is_not_refunded(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str
    ) -> None:
        told = gateway.refund(refund_of(2, charge_id))

        assert told.status is ReportStatus.FAILED
        assert told.failure is not None
        assert told.failure.code == "charge_not_found"
        assert movements_until_now(harness) == []

    def test_a_declined_charge_is_not_refunded(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        charge_id = gateway.charge(charge_of(1, "pm_card_chargeDeclined")).gateway_id

        told = gateway.refund(refund_of(2, charge_id))

        assert told.status is ReportStatus.FAILED
        assert told.failure is not None
        assert movements_until_now(harness) == []

    def test_a_refund_can_succeed_later(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        since, method = harness.now(), known(harness.values.refunded_later)
        order = refund_of(2, gateway.charge(charge_of(1, method)).gateway_id)

        told = gateway.refund(order)
        found = gateway.find(sought(order, since))
        harness.advance(DELAY)

        assert (told.status, found) == (ReportStatus.PENDING, told)
        assert gateway.find(sought(order, since)) == evolve(told, status=ReportStatus.SUCCEEDED)
        assert movements_of(harness, told.gateway_id) == [(MovementKind.REFUND, -5_000)]

    def test_a_refund_can_fail_after_it_has_succeeded(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        since, method = harness.now(), known(harness.values.refund_fails)
        order = refund_of(2, gateway.charge(charge_of(1, method)).gateway_id)

        told = gateway.refund(order)
        harness.advance(DELAY)
        found = gateway.find(sought(order, since, told.gateway_id))

        assert told.status is ReportStatus.SUCCEEDED
        assert found is not None
        assert found.failure is not None
        assert found == evolve(told, status=ReportStatus.FAILED, failure=found.failure)
        moved = [(MovementKind.REFUND, -5_000), (MovementKind.REFUND_FAILURE, 5_000)]
        assert movements_of(harness, told.gateway_id) == moved

    def test_a_refund_made_outside_is_told_of_without_a_transaction(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str
    ) -> None:
        refund_id = harness.refund_outside(charge_id, 2_000)

        expected = Report(
            PaymentKind.REFUND,
            refund_id,
            ReportStatus.SUCCEEDED,
            _part(2_000),
            charge_id=charge_id,
        )
        reports = [each.report for each in take_read(harness)]
        seen = Sought(PaymentKind.REFUND, transaction_id(9), harness.now(), refund_id, charge_id)
        assert [each for each in reports if each and each.gateway_id == refund_id] == [expected]
        assert gateway.find(seen) == expected
        assert movements_of(harness, refund_id) == [(MovementKind.REFUND, -2_000)]

    def test_a_refund_made_outside_leaves_less_to_refund(
        self, harness: GatewayHarness, gateway: PaymentGateway, charge_id: str
    ) -> None:
        harness.refund_outside(charge_id, 2_000)

        above = gateway.refund(refund_of(2, charge_id, _part(3_001)))
        rest = gateway.refund(refund_of(3, charge_id, _part(3_000)))

        assert (above.status, rest.status) == (ReportStatus.FAILED, ReportStatus.SUCCEEDED)
