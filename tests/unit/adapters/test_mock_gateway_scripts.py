"""What a test can tell the mock gateway to do."""

from collections.abc import Callable, Iterator

import pytest
from attrs import evolve

from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.mock_values import (
    Behaviour,
    Change,
    Trouble,
)
from payflow_domain.ledger.transactions import Failure
from payflow_domain.payments.gateway import (
    GatewayUnavailable,
    OutcomeUnknown,
    ReportStatus,
)
from tests.builders.mock_gateway import MockHarness
from tests.builders.times import transaction_id
from tests.contracts.gateway_harness import (
    charge_of,
    payout_of,
    sought,
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
