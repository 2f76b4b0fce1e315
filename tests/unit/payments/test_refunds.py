"""Money back to the card: asked for here, or made at the gateway without a word to us."""

import pytest
from attrs import evolve

from payflow_adapters.gateways.mock_values import Trouble
from payflow_domain.access.permissions import Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, LedgerId, TransactionId
from payflow_domain.ledger.accounts import AccountKind, Balance
from payflow_domain.ledger.errors import (
    AlreadyReversed,
    InsufficientFunds,
    NotReversible,
    ReversalExceedsOriginal,
)
from payflow_domain.ledger.transactions import Status
from payflow_domain.payments.gateway import GatewayUnavailable, PaymentKind
from payflow_domain.payments.model import NEVER_SEEN_AFTER, NoticeStatus, PaymentStatus
from payflow_domain.wallets.model import WalletStatus
from tests.builders.payments import AMOUNT, PayFlow
from tests.builders.times import transaction_id
from tests.unit.wallets.office import without

EMPTY = Balance(0, 0, 0)
CHARGED = Balance(AMOUNT, 0, AMOUNT)
PART = 2_000

_TIMEOUTS = {True: Trouble.TIMEOUT_WITH_EFFECT, False: Trouble.TIMEOUT_NO_EFFECT}


@pytest.fixture
def charge(payflow: PayFlow, wallet: AccountId) -> TransactionId:
    return payflow.charge(wallet).id


def _refund_outside(payflow: PayFlow, charge: TransactionId, amount: int) -> str:
    return payflow.mock.refund_outside(payflow.gateway_id(charge), amount)


def _reversed(payflow: PayFlow, charge: TransactionId) -> tuple[int, int]:
    """Return how much of a charge was taken back, and how much is about to be."""
    transaction = payflow.transaction(charge)
    return transaction.reversed_amount, transaction.reversing_amount


def test_without_an_amount_the_whole_charge_is_refunded(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    told = payflow.refund(charge)

    assert told.status == "completed"
    assert payflow.balance(wallet) == EMPTY
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == 0
    assert payflow.transaction(told.id).reverses == charge
    assert _reversed(payflow, charge) == (AMOUNT, 0)


def test_a_charge_is_refunded_in_parts(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    payflow.refund(charge, PART)
    payflow.refund(charge, 1)
    payflow.refund(charge)

    assert payflow.balance(wallet) == EMPTY
    assert _reversed(payflow, charge) == (AMOUNT, 0)
    assert payflow.reconcile().unmatched == []


def test_no_more_is_refunded_than_is_left(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    payflow.refund(charge, PART)
    before = payflow.everything()

    with pytest.raises(ReversalExceedsOriginal) as refusal:
        payflow.refund(charge, AMOUNT - PART + 1)

    assert refusal.value.facts == {
        "required": AMOUNT - PART + 1,
        "reversible": AMOUNT - PART,
    }
    assert payflow.everything() == before
    assert payflow.balance(wallet).posted == AMOUNT - PART


def test_a_refund_is_out_of_what_the_wallet_has(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    payflow.spend(wallet, 1)

    with pytest.raises(InsufficientFunds):
        payflow.refund(charge)

    assert payflow.refund(charge, AMOUNT - 1).status == "completed"


@pytest.mark.parametrize("amount", [None, AMOUNT - PART + 1])
def test_two_refunds_at_once_are_not_above_the_charge(payflow: PayFlow, amount: int | None) -> None:
    wallet = payflow.wallet(AMOUNT)
    charge = payflow.charge(wallet, "pm_card_pendingRefund").id
    payflow.refund(charge, PART if amount else None)
    assert _reversed(payflow, charge) == (0, PART if amount else AMOUNT)

    with pytest.raises(ReversalExceedsOriginal if amount else AlreadyReversed):
        payflow.refund(charge, amount)


def test_a_refund_that_takes_its_time_holds_the_money(payflow: PayFlow, wallet: AccountId) -> None:
    charge = payflow.charge(wallet, "pm_card_pendingRefund").id
    told = payflow.refund(charge, PART)
    assert told.status == "pending"
    assert payflow.balance(wallet) == Balance(AMOUNT, -PART, AMOUNT - PART)

    payflow.wait()
    payflow.deliver()

    assert payflow.payment(told.id).status is PaymentStatus.SUCCEEDED
    assert payflow.balance(wallet) == Balance(AMOUNT - PART, 0, AMOUNT - PART)
    assert _reversed(payflow, charge) == (PART, 0)


def test_a_refund_that_the_gateway_refuses_leaves_the_charge_as_it_was(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    _refund_outside(payflow, charge, AMOUNT)
    before = payflow.transaction(charge)

    told = payflow.refund(charge, PART)

    assert (told.status, told.code) == ("failed", "refund_exceeds_charge")
    assert payflow.transaction(told.id).status is Status.VOIDED
    assert payflow.transaction(charge) == before
    assert payflow.balance(wallet) == CHARGED


def test_a_gateway_that_is_away_leaves_the_charge_as_it_was(
    payflow: PayFlow, wallet: AccountId
) -> None:
    charge = payflow.charge(wallet).id
    before = payflow.transaction(charge)
    payflow.mock.fail_next(Trouble.UNAVAILABLE)

    with pytest.raises(GatewayUnavailable):
        payflow.refund(charge)

    assert payflow.transaction(charge) == before
    assert payflow.balance(wallet) == CHARGED
    assert payflow.refund(charge).status == "completed"


@pytest.mark.parametrize(
    ("effect", "status", "left"),
    [(True, PaymentStatus.SUCCEEDED, 0), (False, PaymentStatus.FAILED, AMOUNT)],
)
def test_a_refund_without_an_answer_is_held_until_a_worker_has_found_out(
    payflow: PayFlow,
    wallet: AccountId,
    charge: TransactionId,
    *,
    effect: bool,
    status: PaymentStatus,
    left: int,
) -> None:
    payflow.mock.fail_next(_TIMEOUTS[effect])
    told = payflow.refund(charge)
    assert (told.status, payflow.balance(wallet).available) == ("pending", 0)

    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()

    assert payflow.payment(told.id).status is status
    assert payflow.balance(wallet) == Balance(left, 0, left)
    assert payflow.is_in_step


def test_a_refund_that_fails_later_is_in_the_wallet_again(
    payflow: PayFlow, wallet: AccountId
) -> None:
    charge = payflow.charge(wallet, "pm_card_refundFail").id
    told = payflow.refund(charge)
    assert (told.status, payflow.balance(wallet)) == ("completed", EMPTY)

    payflow.wait()
    payflow.deliver()

    assert payflow.payment(told.id).status is PaymentStatus.RETURNED
    assert payflow.balance(wallet) == CHARGED
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


def test_what_comes_back_to_a_frozen_wallet_is_the_partners(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.refund(payflow.charge(wallet, "pm_card_refundFail").id)
    payflow.set_status(wallet, WalletStatus.FROZEN)

    payflow.wait()
    payflow.deliver()

    assert payflow.balance(wallet) == EMPTY
    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == AMOUNT


@pytest.mark.parametrize("method", ["pm_async_success", "pm_card_chargeDeclined"])
def test_only_a_charge_that_has_succeeded_is_refunded(
    payflow: PayFlow, wallet: AccountId, method: str
) -> None:
    charge = payflow.charge(wallet, method).id

    with pytest.raises(NotReversible):
        payflow.refund(charge)


def test_what_is_no_charge_of_the_actors_has_no_charge(
    payflow: PayFlow, charge: TransactionId
) -> None:
    charge_of = payflow.payments.charge_of
    foreign = evolve(payflow.actor, ledger_id=LedgerId(99))

    assert charge_of(payflow.actor, "nonsense") is None
    assert charge_of(payflow.actor, transaction_id(9)) is None
    assert charge_of(foreign, charge) is None
    assert charge_of(payflow.actor, charge) == payflow.payment(charge)


def test_who_may_not_move_money_may_not_refund(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    payflow.actor = without(payflow.actor, Permission.TRANSACTIONS_WRITE)

    with pytest.raises(PayFlowError) as refusal:
        payflow.refund(charge)

    assert refusal.value.code == "missing_permission"
    assert payflow.balance(wallet) == CHARGED


def test_a_refund_made_at_the_gateway_is_booked_as_a_reversal(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    refund_id = _refund_outside(payflow, charge, PART)
    payflow.deliver()

    made = payflow.store.payment_with_gateway_id("mock", payflow.actor.environment, refund_id)
    assert made is not None
    assert (made.kind, made.status) == (PaymentKind.REFUND, PaymentStatus.SUCCEEDED)
    assert (made.charge_id, made.wallet_id) == (payflow.gateway_id(charge), wallet)
    assert payflow.transaction(made.transaction_id).reverses == charge
    assert _reversed(payflow, charge) == (PART, 0)
    assert payflow.balance(wallet).posted == AMOUNT - PART
    assert payflow.is_in_step


@pytest.mark.parametrize("status", [WalletStatus.ACTIVE, WalletStatus.FROZEN])
def test_what_the_wallet_cannot_give_the_partner_gives(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId, status: WalletStatus
) -> None:
    payflow.spend(wallet, 1)
    payflow.set_status(wallet, status)
    _refund_outside(payflow, charge, AMOUNT)
    payflow.deliver()

    assert payflow.balance(wallet).posted == AMOUNT - 1
    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == -AMOUNT
    assert _reversed(payflow, charge) == (AMOUNT, 0)
    assert payflow.is_in_step


def test_what_the_partner_gave_comes_back_to_the_partner(
    payflow: PayFlow, wallet: AccountId
) -> None:
    charge = payflow.charge(wallet, "pm_card_refundFail").id
    payflow.spend(wallet, AMOUNT)
    _refund_outside(payflow, charge, AMOUNT)
    payflow.deliver()
    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == -AMOUNT

    payflow.wait()
    payflow.deliver()

    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == 0
    assert payflow.balance(wallet) == EMPTY
    assert payflow.is_in_step


def test_a_refund_at_the_gateway_that_failed_before_it_was_told_of_is_not_booked(
    payflow: PayFlow, wallet: AccountId
) -> None:
    charge = payflow.charge(wallet, "pm_card_refundFail").id
    payflow.deliver()
    _refund_outside(payflow, charge, AMOUNT)
    payflow.wait()

    kept = payflow.receive(reversed(payflow.take_notices()))

    assert [notice.status for notice in kept] == [NoticeStatus.IGNORED] * 2
    assert payflow.balance(wallet) == CHARGED
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


@pytest.mark.parametrize(("ours", "theirs"), [(None, AMOUNT), (3_000, 3_000)])
def test_a_refund_at_the_gateway_waits_for_one_of_ours_that_leaves_it_no_room(
    payflow: PayFlow,
    wallet: AccountId,
    charge: TransactionId,
    ours: int | None,
    theirs: int,
) -> None:
    payflow.deliver()
    payflow.mock.fail_next(_TIMEOUTS[False])
    refund = payflow.refund(charge, ours).id
    _refund_outside(payflow, charge, theirs)

    assert [each.status for each in payflow.deliver()] == [NoticeStatus.RECEIVED]
    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()

    assert payflow.payment(refund).status is PaymentStatus.FAILED
    assert _reversed(payflow, charge) == (theirs, 0)
    assert payflow.balance(wallet).posted == AMOUNT - theirs
    assert payflow.is_in_step


def test_a_charge_is_refunded_again_at_the_gateway_after_a_refund_of_it_came_back(
    payflow: PayFlow, wallet: AccountId
) -> None:
    charge = payflow.charge(wallet, "pm_card_refundFail").id
    payflow.refund(charge)
    payflow.wait()
    payflow.deliver()
    _refund_outside(payflow, charge, AMOUNT)

    payflow.deliver()

    assert payflow.balance(wallet) == EMPTY
    assert payflow.is_in_step


def test_a_charge_in_suspense_is_refunded_out_of_suspense(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.perils.is_network_slow = True
    charge = payflow.charge(wallet).id
    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()
    payflow.gateway.arrive()
    payflow.deliver()

    _refund_outside(payflow, charge, AMOUNT)
    payflow.deliver()

    assert payflow.posted(AccountKind.SUSPENSE) == 0
    assert payflow.balance(wallet) == EMPTY
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []
