"""Reconciling: the gateway's own account of our money, line by line beside ours."""

from datetime import timedelta

import pytest
from attrs import evolve, frozen

from payflow_adapters.gateways.chosen import Gateways
from payflow_adapters.gateways.mock_moves import DISPUTE_FEE, fee_of
from payflow_domain.ids import AccountId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import AccountKind
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import TransactionType
from payflow_domain.money import Money
from payflow_domain.payments.gateway import ChargeOrder, Movement, MovementKind
from payflow_domain.payments.model import NEVER_SEEN_AFTER, GatewayNotConfigured
from payflow_domain.payments.reconciling import SLACK, Line, LineStatus, Reconciliation
from tests.builders.payments import AMOUNT, LATER, PayFlow
from tests.builders.perils import PerilousGateway
from tests.builders.times import TICK, transaction_id

FEE = fee_of(AMOUNT)
DAY = timedelta(days=1)


@frozen
class Row:
    """A line as a person would read it."""

    status: LineStatus
    kind: MovementKind
    is_there: bool
    is_here: bool


def _row(line: Line) -> Row:
    told = line.movement or line.leg
    assert told is not None
    return Row(line.status, told.kind, line.movement is not None, line.leg is not None)


def _rows(reconciliation: Reconciliation) -> list[Row]:
    return [_row(line) for line in reconciliation.lines]


def _matched(*kinds: MovementKind) -> list[Row]:
    return [Row(LineStatus.MATCHED, kind, is_there=True, is_here=True) for kind in kinds]


def _charge_elsewhere(payflow: PayFlow) -> str:
    """Let the gateway take money for a transaction that PayFlow knows nothing of."""
    actor = payflow.actor
    order = ChargeOrder(
        actor.ledger_id,
        PartnerId("ptr_1"),
        transaction_id(7),
        Money(AMOUNT, "EUR"),
        "pm_card_visa",
        "X",
    )
    return payflow.mock.charge(order).gateway_id


def test_what_is_booked_matches_line_by_line(payflow: PayFlow, wallet: AccountId) -> None:
    charge = payflow.charge(wallet).id
    payflow.wait()
    payflow.refund(charge, 1_000)
    payflow.wait()
    payflow.pay_out(wallet, amount=2_000)
    payflow.wait()
    payflow.deliver()

    reconciliation = payflow.reconcile()

    assert _rows(reconciliation) == _matched(
        MovementKind.CHARGE, MovementKind.REFUND, MovementKind.PAYOUT
    )
    assert reconciliation.unmatched == []


def test_the_fee_of_a_charge_is_booked(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.charge(wallet)

    assert payflow.reconcile().fees_booked == 1

    assert payflow.posted(AccountKind.GATEWAY_FEES) == FEE
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == AMOUNT - FEE
    assert payflow.transaction(payflow.transactions()[0]).type is TransactionType.FEE


def test_fees_are_booked_once(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.charge(wallet)
    payflow.reconcile()
    before = payflow.everything()

    assert payflow.reconcile().fees_booked == 0

    assert payflow.everything() == before


def test_the_fee_of_a_dispute_is_a_line_of_its_own(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.charge(wallet, "pm_card_createDispute")
    payflow.wait()
    payflow.deliver()

    reconciliation = payflow.reconcile()

    assert _rows(reconciliation) == _matched(
        MovementKind.CHARGE, MovementKind.DISPUTE, MovementKind.FEE
    )
    assert reconciliation.fees_booked == 2
    assert payflow.posted(AccountKind.GATEWAY_FEES) == FEE + DISPUTE_FEE
    assert payflow.reconcile().fees_booked == 0


def test_with_its_fees_clearing_is_what_the_gateway_holds(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.refund(payflow.charge(wallet, "pm_card_refundFail").id, 1_500)
    payflow.charge(wallet, "pm_card_createDisputeLost")
    payflow.pay_out(wallet, "ba_returned_late", 1_000)
    payflow.wait(2 * LATER)
    payflow.deliver()

    payflow.reconcile()

    held = payflow.mock.held("EUR")
    assert payflow.posted(AccountKind.GATEWAY_FEES) == held.fees
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == held.balance - held.fees


def test_what_the_gateway_knows_and_payflow_does_not_is_missing_here(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.charge(wallet)
    _charge_elsewhere(payflow)

    reconciliation = payflow.reconcile()

    (unmatched,) = reconciliation.unmatched
    assert _row(unmatched) == Row(
        LineStatus.MISSING_HERE, MovementKind.CHARGE, is_there=True, is_here=False
    )
    assert reconciliation.fees_booked == 1


def test_what_payflow_booked_and_the_gateway_does_not_know_is_missing_there(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.charge(wallet)
    payflow.reconciler = evolve(
        payflow.reconciler, gateway_of=Gateways(_Telling(payflow, []), None)
    )

    (unmatched,) = payflow.reconcile().unmatched

    assert _row(unmatched) == Row(
        LineStatus.MISSING_THERE, MovementKind.CHARGE, is_there=False, is_here=True
    )


@pytest.mark.parametrize("other", [Money(AMOUNT + 1, "EUR"), Money(AMOUNT, "USD")])
def test_another_amount_is_no_match(payflow: PayFlow, wallet: AccountId, other: Money) -> None:
    payflow.charge(wallet)
    (movement,) = _movements(payflow)
    line = evolve(movement, fee=0, amount=other.amount, currency=other.currency)
    told = _Telling(payflow, [line])
    payflow.reconciler = evolve(payflow.reconciler, gateway_of=Gateways(told, None))

    (unmatched,) = payflow.reconcile().unmatched

    assert unmatched.status is LineStatus.DIFFERENT_AMOUNT


def test_a_line_that_cannot_be_told_apart_is_untold_and_keeps_no_other_one_back(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.charge(wallet)
    (charge,) = _movements(payflow)
    strange = evolve(
        charge, id="txn_1", gateway_id="txn_1", kind=MovementKind.UNKNOWN, amount=0, note="odd"
    )
    told = _Telling(payflow, [strange, charge])
    payflow.reconciler = evolve(payflow.reconciler, gateway_of=Gateways(told, None))

    reconciliation = payflow.reconcile()

    assert reconciliation.unmatched == [Line(LineStatus.UNTOLD, strange, None)]
    assert reconciliation.lines[1].status is LineStatus.MATCHED
    assert reconciliation.fees_booked == 1


def test_a_fee_that_changed_after_it_was_booked_is_no_match(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.charge(wallet, "pm_card_createDispute")
    payflow.wait()
    payflow.deliver()
    payflow.reconcile()
    movements = [evolve(m, fee=m.fee + 1) if _is_fee(m) else m for m in _movements(payflow)]
    told = _Telling(payflow, movements)
    payflow.reconciler = evolve(payflow.reconciler, gateway_of=Gateways(told, None))

    (unmatched,) = payflow.reconcile().unmatched

    assert unmatched.status is LineStatus.DIFFERENT_AMOUNT
    assert unmatched.leg is not None
    assert unmatched.leg.amount == -DISPUTE_FEE


def test_what_came_back_before_payflow_heard_of_it_cancels_out(
    payflow: PayFlow,
) -> None:
    wallet = payflow.wallet(AMOUNT)
    payflow.pay_out(wallet, "ba_returned_late")
    payflow.wait(2 * LATER)
    *_, last = payflow.take_notices()
    payflow.receive([last])

    reconciliation = payflow.reconcile()

    assert _rows(reconciliation) == [
        Row(LineStatus.CANCELLED_OUT, kind, is_there=True, is_here=False)
        for kind in (MovementKind.PAYOUT, MovementKind.PAYOUT_RETURN)
    ]
    assert reconciliation.unmatched == []


def test_what_came_back_after_it_was_booked_is_missing_until_it_is_told(
    payflow: PayFlow,
) -> None:
    wallet = payflow.wallet(AMOUNT)
    payflow.pay_out(wallet, "ba_returned_late")
    payflow.wait()
    payflow.deliver()
    payflow.wait()

    (unmatched,) = payflow.reconcile().unmatched
    assert _row(unmatched) == Row(
        LineStatus.MISSING_HERE, MovementKind.PAYOUT_RETURN, is_there=True, is_here=False
    )

    payflow.deliver()
    assert payflow.reconcile().unmatched == []


def test_a_fee_that_is_nobodys_is_missing_here(payflow: PayFlow) -> None:
    dispute_id = payflow.mock.open_dispute(_charge_elsewhere(payflow))
    payflow.mock.close_dispute(dispute_id, won=True)

    reconciliation = payflow.reconcile()

    assert [_kind(line) for line in reconciliation.unmatched] == ["charge", "fee"]
    assert {line.status for line in reconciliation.unmatched} == {LineStatus.MISSING_HERE}
    assert reconciliation.fees_booked == 0
    assert payflow.transactions() == []


def test_a_charge_in_suspense_matches_and_pays_its_fee(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.perils.is_network_slow = True
    payflow.charge(wallet)
    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()
    payflow.gateway.arrive()
    payflow.deliver()

    reconciliation = payflow.reconcile()

    assert _rows(reconciliation) == _matched(MovementKind.CHARGE)
    assert reconciliation.fees_booked == 1


def test_only_the_lines_of_the_period_are_compared(payflow: PayFlow, wallet: AccountId) -> None:
    made: list[TransactionId] = []
    start = payflow.clock.now()
    for _ in range(3):
        made.append(payflow.charge(wallet).id)
        payflow.wait(DAY)

    reconciliation = payflow.reconciler.reconcile(
        payflow.actor.environment, start + DAY, start + 2 * DAY
    )

    (line,) = reconciliation.lines
    assert line.leg is not None
    assert line.leg.transaction_id == made[1]
    assert reconciliation.fees_booked == 1


@pytest.mark.parametrize("first", ["gateway", "books"])
def test_a_line_matches_although_it_was_booked_in_another_period(
    payflow: PayFlow, wallet: AccountId, first: str
) -> None:
    payflow.charge(wallet, "pm_async_success")
    payflow.wait()
    moved = payflow.clock.now()
    payflow.wait(SLACK - LATER)
    payflow.deliver()
    booked = payflow.clock.now()
    start = moved if first == "gateway" else booked

    reconciliation = payflow.reconciler.reconcile(payflow.actor.environment, start, start + TICK)

    assert reconciliation.unmatched == []
    assert len(reconciliation.lines) == (1 if first == "gateway" else 0)


def test_without_a_gateway_there_is_nothing_to_compare_with(payflow: PayFlow) -> None:
    now = payflow.clock.now()

    with pytest.raises(GatewayNotConfigured):
        payflow.reconciler.reconcile(Environment.LIVE, now, now)


class _Telling(PerilousGateway):
    """The mock, which tells these movements in place of its own."""

    def __init__(self, payflow: PayFlow, told: list[Movement]) -> None:
        super().__init__(payflow.mock, payflow.perils)
        self._told = told

    def movements(self, *_: object) -> list[Movement]:
        return self._told


def _movements(payflow: PayFlow) -> list[Movement]:
    now = payflow.clock.now()
    return payflow.mock.movements(now - DAY, now + DAY)


def _is_fee(movement: Movement) -> bool:
    return movement.kind is MovementKind.FEE


def _kind(line: Line) -> str:
    return _row(line).kind.value
