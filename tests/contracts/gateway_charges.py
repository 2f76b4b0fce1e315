"""Charges, and what holds for orders of every kind."""

import pytest
from attrs import evolve

from payflow_domain.ledger.ledgers import Environment
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    GatewayUnavailable,
    MovementKind,
    Order,
    OutcomeUnknown,
    PaymentGateway,
    PaymentKind,
    Report,
    ReportStatus,
)
from tests.contracts.gateway_harness import (
    DECLINES,
    DELAY,
    GatewayHarness,
    GatewaySuite,
    charge_of,
    give,
    known,
    movements_of,
    movements_until_now,
    payout_of,
    refund_of,
    sought,
)

AMOUNTS = [Money(5_000, "EUR"), Money(500, "JPY"), Money(12_340, "KWD"), Money(99_999_999, "USD")]
ORDERS = ["charge", "refund", "payout"]


class GatewayCharges(GatewaySuite):
    """What ``charge`` promises, and for every order: asked twice, unanswered, sought."""

    @pytest.fixture
    def order(self, gateway: PaymentGateway, request: pytest.FixtureRequest) -> Order:
        """An order of the kind that the test is given; what it needs has been done."""
        if request.param == "refund":
            return refund_of(2, gateway.charge(charge_of(1)).gateway_id)
        return payout_of(2) if request.param == "payout" else charge_of(2)

    def test_a_gateway_tells_its_name_and_environment(self, gateway: PaymentGateway) -> None:
        assert gateway.name in {"mock", "stripe"}
        assert gateway.environment is Environment.SANDBOX

    @pytest.mark.parametrize("money", AMOUNTS, ids=lambda money: money.currency)
    def test_a_charge_is_told_at_once_and_found(
        self, harness: GatewayHarness, gateway: PaymentGateway, money: Money
    ) -> None:
        since, order = harness.now(), charge_of(1, money=money)

        told = gateway.charge(order)

        succeeded = ReportStatus.SUCCEEDED
        assert told == Report(
            PaymentKind.CHARGE, told.gateway_id, succeeded, money, order.transaction_id
        )
        assert told.gateway_id
        assert gateway.find(sought(order, since)) == told
        assert gateway.find(sought(order, since, told.gateway_id)) == told
        assert movements_of(harness, told.gateway_id) == [(MovementKind.CHARGE, money.amount)]

    @pytest.mark.parametrize("payment_method", DECLINES)
    def test_a_declined_charge_tells_why(
        self, harness: GatewayHarness, gateway: PaymentGateway, payment_method: str
    ) -> None:
        since = harness.now()
        code = known(harness.values.declines.get(payment_method))
        order = charge_of(1, payment_method)

        told = gateway.charge(order)

        assert told.status is ReportStatus.FAILED
        assert (told.money, told.transaction_id) == (order.money, order.transaction_id)
        assert told.failure is not None
        assert told.failure.code == code
        assert told.failure.message
        assert gateway.find(sought(order, since)) == told
        assert movements_until_now(harness) == []

    @pytest.mark.parametrize(
        "payment_method", ["pm_unheard_of", "ba_paid", " ", "pm/../x?y#z", "é"]
    )
    def test_a_payment_method_that_does_not_exist_is_a_failure(
        self, harness: GatewayHarness, gateway: PaymentGateway, payment_method: str
    ) -> None:
        order = charge_of(1, payment_method)

        told = gateway.charge(order)

        assert told.status is ReportStatus.FAILED
        assert told.failure is not None
        assert told.failure.code
        assert gateway.find(sought(order, harness.now())) in (None, told)
        assert movements_until_now(harness) == []

    def test_a_charge_can_succeed_later(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        since, order = harness.now(), charge_of(1, known(harness.values.charged_later))

        told = gateway.charge(order)
        found, moved = gateway.find(sought(order, since)), movements_until_now(harness)
        harness.advance(DELAY)

        assert (told.status, found, moved) == (ReportStatus.PENDING, told, [])
        assert gateway.find(sought(order, since)) == evolve(told, status=ReportStatus.SUCCEEDED)
        assert movements_of(harness, told.gateway_id) == [(MovementKind.CHARGE, order.money.amount)]

    def test_a_charge_can_fail_later(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        since, order = harness.now(), charge_of(1, known(harness.values.declined_later))

        told = gateway.charge(order)
        harness.advance(DELAY)
        found = gateway.find(sought(order, since, told.gateway_id))

        assert told.status is ReportStatus.PENDING
        assert found is not None
        assert found.failure is not None
        assert found == evolve(told, status=ReportStatus.FAILED, failure=found.failure)
        assert movements_until_now(harness) == []

    @pytest.mark.parametrize("order", ORDERS, indirect=True)
    def test_the_same_order_again_does_nothing_and_is_told_the_same(
        self, harness: GatewayHarness, gateway: PaymentGateway, order: Order
    ) -> None:
        told = give(gateway, order)
        harness.advance(DELAY)
        moved = movements_until_now(harness)

        assert [give(gateway, order) for _ in range(2)] == [told, told]
        assert movements_until_now(harness) == moved

    def test_a_declined_order_again_is_declined_again(self, gateway: PaymentGateway) -> None:
        told = gateway.charge(charge_of(1, "pm_card_chargeDeclined"))

        assert gateway.charge(charge_of(1, "pm_card_chargeDeclined")) == told

    def test_two_orders_that_are_alike_are_two(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        first, second = gateway.charge(charge_of(1)), gateway.charge(charge_of(2))

        assert first.gateway_id != second.gateway_id
        assert len(movements_of(harness, first.gateway_id)) == 1
        assert len(movements_of(harness, second.gateway_id)) == 1

    @pytest.mark.parametrize(
        "other",
        [
            charge_of(1, money=Money(5_001, "EUR")),
            charge_of(1, money=Money(5_000, "USD")),
            charge_of(1, "pm_card_mastercard"),
        ],
    )
    def test_a_transaction_is_one_order_only(
        self, harness: GatewayHarness, gateway: PaymentGateway, other: Order
    ) -> None:
        since, order = harness.now(), charge_of(1)
        told = gateway.charge(order)

        refused = give(gateway, other)

        assert refused.status is ReportStatus.FAILED
        assert refused.failure is not None
        assert refused.failure.code == "idempotency_mismatch"
        assert gateway.find(sought(order, since)) == told
        assert len(movements_until_now(harness)) == 1

    @pytest.mark.parametrize("order", ORDERS, indirect=True)
    def test_an_unanswered_order_that_had_no_effect_is_not_found_and_can_be_given_again(
        self, harness: GatewayHarness, gateway: PaymentGateway, order: Order
    ) -> None:
        since, moved = harness.now(), movements_until_now(harness)
        harness.lose_next(effect=False)

        with pytest.raises(OutcomeUnknown):
            give(gateway, order)

        assert gateway.find(sought(order, since)) is None
        assert movements_until_now(harness) == moved
        told = give(gateway, order)
        assert told.status is not ReportStatus.FAILED
        assert gateway.find(sought(order, since)) == told

    @pytest.mark.parametrize("order", ORDERS, indirect=True)
    def test_an_unanswered_order_that_had_an_effect_is_found_and_does_nothing_again(
        self, harness: GatewayHarness, gateway: PaymentGateway, order: Order
    ) -> None:
        since = harness.now()
        harness.lose_next(effect=True)

        with pytest.raises(OutcomeUnknown):
            give(gateway, order)
        found, moved = gateway.find(sought(order, since)), movements_until_now(harness)

        assert found is not None
        assert found.status is not ReportStatus.FAILED
        assert give(gateway, order) == found
        assert movements_until_now(harness) == moved

    @pytest.mark.parametrize("order", ORDERS, indirect=True)
    def test_a_gateway_that_is_out_of_order_does_nothing(
        self, harness: GatewayHarness, gateway: PaymentGateway, order: Order
    ) -> None:
        since, moved = harness.now(), movements_until_now(harness)
        harness.refuse_next()

        with pytest.raises(GatewayUnavailable):
            give(gateway, order)

        assert gateway.find(sought(order, since)) is None
        assert movements_until_now(harness) == moved
        assert give(gateway, order).status is not ReportStatus.FAILED

    @pytest.mark.parametrize("order", ORDERS, indirect=True)
    def test_an_order_that_was_never_given_is_not_found(
        self, harness: GatewayHarness, gateway: PaymentGateway, order: Order
    ) -> None:
        give(gateway, charge_of(3))

        assert gateway.find(sought(order, harness.now())) is None
