"""The mock gateway keeps what the port promises, and does what its magic values say."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.mock_values import (
    DESTINATIONS,
    PAYMENT_METHODS,
    failure,
)
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    GatewayUnavailable,
    Order,
    OutcomeUnknown,
    PaymentKind,
    ReportStatus,
)
from tests.builders.mock_gateway import MockHarness
from tests.builders.times import SettableClock, transaction_id
from tests.contracts.gateway import GatewayContract
from tests.contracts.gateway_harness import (
    DELAY,
    charge_of,
    give,
    movements_until_now,
    payout_of,
    refund_of,
    sought,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "mock-gateway.md"
STEM = transaction_id(1).removeprefix("txn_")
CHARGE_ID = f"mock_ch_{STEM}"
DISPUTE_ID = f"mock_dp_{STEM}"


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


def test_what_is_found_is_of_the_kind_that_is_sought(
    harness: MockHarness, gateway: MockGateway
) -> None:
    told = gateway.charge(charge_of(1))

    assert gateway.find(sought(payout_of(1), harness.now())) is None
    assert gateway.find(sought(payout_of(1), harness.now(), told.gateway_id)) is None
