"""Disputes: what the gateway takes when a payer objects, and gives back when that is won."""

import pytest

from payflow_adapters.gateways.mock_values import Trouble
from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import AccountKind, Balance
from payflow_domain.ledger.transactions import TransactionType
from payflow_domain.payments.gateway import PaymentKind
from payflow_domain.payments.model import NEVER_SEEN_AFTER, NoticeStatus, Payment, PaymentStatus
from payflow_domain.wallets.model import WalletStatus
from tests.builders.payments import AMOUNT, LATER, PayFlow, open_payflow

EMPTY = Balance(0, 0, 0)
CHARGED = Balance(AMOUNT, 0, AMOUNT)
WON_OR_LOST = pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])


@pytest.fixture
def charge(payflow: PayFlow, wallet: AccountId) -> TransactionId:
    """A charge of which PayFlow has heard all that there is to tell."""
    charge = payflow.charge(wallet).id
    payflow.deliver()
    return charge


def _open(payflow: PayFlow, charge: TransactionId) -> str:
    return payflow.mock.open_dispute(payflow.gateway_id(charge))


def _dispute(payflow: PayFlow, dispute_id: str) -> Payment:
    found = payflow.store.payment_with_gateway_id("mock", payflow.actor.environment, dispute_id)
    assert found is not None
    return found


def test_a_dispute_takes_the_money_from_the_wallet(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    dispute_id = _open(payflow, charge)
    payflow.deliver()

    dispute = _dispute(payflow, dispute_id)
    assert (dispute.kind, dispute.status) == (PaymentKind.DISPUTE, PaymentStatus.PENDING)
    assert dispute.charge_id == payflow.gateway_id(charge)
    assert payflow.transaction(dispute.transaction_id).type is TransactionType.DISPUTE
    assert payflow.balance(wallet) == EMPTY
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == 0


def test_a_dispute_leaves_the_charge_as_it_was(payflow: PayFlow, charge: TransactionId) -> None:
    before = payflow.transaction(charge), payflow.payment(charge)

    _open(payflow, charge)
    payflow.deliver()

    assert (payflow.transaction(charge), payflow.payment(charge)) == before


@pytest.mark.parametrize("status", [WalletStatus.ACTIVE, WalletStatus.FROZEN])
def test_the_partner_stands_in_for_a_wallet_that_cannot_pay(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId, status: WalletStatus
) -> None:
    payflow.spend(wallet, 1)
    payflow.set_status(wallet, status)

    _open(payflow, charge)
    payflow.deliver()

    assert payflow.balance(wallet).posted == AMOUNT - 1
    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == -AMOUNT
    assert payflow.is_in_step


def test_the_partner_stands_in_for_a_wallet_that_is_closed(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    payflow.spend(wallet, AMOUNT)
    payflow.set_status(wallet, WalletStatus.CLOSED)

    _open(payflow, charge)
    payflow.deliver()

    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == -AMOUNT


def test_the_partner_stands_in_beyond_any_limit() -> None:
    with open_payflow(settlement_limit=0) as payflow:
        wallet = payflow.wallet()
        charge = payflow.charge(wallet).id
        payflow.spend(wallet, AMOUNT)

        _open(payflow, charge)
        payflow.deliver()

        assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == -AMOUNT


def test_a_dispute_waits_for_a_gateway_that_is_in_trouble(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    _open(payflow, charge)
    for trouble in (Trouble.UNAVAILABLE, Trouble.TIMEOUT_NO_EFFECT):
        payflow.mock.fail_next(trouble)

    assert [notice.status for notice in payflow.deliver()] == [NoticeStatus.RECEIVED]
    assert payflow.notices.retry_received() == 0
    assert payflow.balance(wallet) == CHARGED

    assert payflow.notices.retry_received() == 1
    assert payflow.balance(wallet) == EMPTY


def test_a_dispute_waits_for_a_charge_that_is_pending_here(
    payflow: PayFlow, wallet: AccountId
) -> None:
    charge = payflow.charge(wallet, "pm_async_success").id
    payflow.wait()
    of_the_charge = payflow.take_notices()
    _open(payflow, charge)

    assert [notice.status for notice in payflow.deliver()] == [NoticeStatus.RECEIVED]
    payflow.receive(of_the_charge)
    payflow.work()

    assert payflow.balance(wallet) == EMPTY
    assert payflow.is_in_step


def test_a_dispute_that_is_won_gives_the_wallet_its_money_back(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    dispute_id = _open(payflow, charge)
    payflow.deliver()

    payflow.mock.close_dispute(dispute_id, won=True)
    payflow.deliver()

    assert _dispute(payflow, dispute_id).status is PaymentStatus.WON
    assert payflow.balance(wallet) == CHARGED
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


def test_a_dispute_that_is_lost_moves_nothing_more(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    dispute_id = _open(payflow, charge)
    payflow.deliver()
    made = payflow.transactions()

    payflow.mock.close_dispute(dispute_id, won=False)
    payflow.deliver()

    assert _dispute(payflow, dispute_id).status is PaymentStatus.LOST
    assert payflow.transactions() == made
    assert payflow.balance(wallet) == EMPTY
    assert payflow.reconcile().unmatched == []


def test_what_the_partner_gave_is_given_back_to_the_partner(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    payflow.spend(wallet, AMOUNT)
    dispute_id = _open(payflow, charge)
    payflow.deliver()

    payflow.mock.close_dispute(dispute_id, won=True)
    payflow.deliver()

    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == 0
    assert payflow.balance(wallet) == EMPTY
    assert payflow.is_in_step


def test_what_is_given_back_to_a_frozen_wallet_is_the_partners(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    dispute_id = _open(payflow, charge)
    payflow.deliver()
    payflow.set_status(wallet, WalletStatus.FROZEN)

    payflow.mock.close_dispute(dispute_id, won=True)
    payflow.deliver()

    assert payflow.balance(wallet) == EMPTY
    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == AMOUNT
    assert payflow.is_in_step


@WON_OR_LOST
def test_a_dispute_may_be_told_of_from_its_end(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId, *, won: bool
) -> None:
    dispute_id = _open(payflow, charge)
    opened = payflow.take_notices()
    payflow.mock.close_dispute(dispute_id, won=won)
    closed = payflow.take_notices()

    kept = payflow.receive([*closed, *opened])

    assert [notice.status for notice in kept] == [NoticeStatus.APPLIED] * 2
    assert _dispute(payflow, dispute_id).status.value == ("won" if won else "lost")
    assert payflow.balance(wallet) == (CHARGED if won else EMPTY)
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


@WON_OR_LOST
def test_the_last_notice_of_a_dispute_is_enough(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId, *, won: bool
) -> None:
    dispute_id = _open(payflow, charge)
    payflow.take_notices()
    payflow.mock.close_dispute(dispute_id, won=won)
    payflow.deliver()

    assert payflow.balance(wallet) == (CHARGED if won else EMPTY)
    assert payflow.reconcile().unmatched == []


@WON_OR_LOST
def test_a_dispute_of_a_charge_in_suspense_is_paid_from_there(
    payflow: PayFlow, wallet: AccountId, *, won: bool
) -> None:
    payflow.perils.is_network_slow = True
    charge = payflow.charge(wallet).id
    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()
    payflow.gateway.arrive()
    payflow.deliver()

    dispute_id = _open(payflow, charge)
    payflow.deliver()
    assert payflow.posted(AccountKind.SUSPENSE) == 0
    payflow.mock.close_dispute(dispute_id, won=won)
    payflow.deliver()

    assert payflow.posted(AccountKind.SUSPENSE) == (AMOUNT if won else 0)
    assert payflow.balance(wallet) == EMPTY
    assert payflow.is_in_step


def test_a_charge_that_is_disputed_is_not_refunded(
    payflow: PayFlow, wallet: AccountId, charge: TransactionId
) -> None:
    other = payflow.charge(wallet).id
    _open(payflow, charge)
    payflow.deliver()
    assert payflow.balance(wallet) == CHARGED

    told = payflow.refund(charge)

    assert (told.status, told.code) == ("failed", "charge_disputed")
    assert payflow.balance(wallet) == CHARGED
    assert payflow.refund(other).status == "completed"


@pytest.mark.parametrize(
    ("method", "posted"),
    [
        ("pm_card_createDispute", 0),
        ("pm_card_createDisputeWon", AMOUNT),
        ("pm_card_createDisputeLost", 0),
    ],
)
def test_cards_that_are_disputed_by_themselves(
    payflow: PayFlow, wallet: AccountId, method: str, posted: int
) -> None:
    payflow.charge(wallet, method)

    payflow.wait(2 * LATER)
    payflow.deliver()

    assert payflow.balance(wallet).posted == posted
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


def test_no_worker_asks_for_a_dispute(payflow: PayFlow, charge: TransactionId) -> None:
    dispute_id = _open(payflow, charge)
    kept = payflow.deliver()
    payflow.notices.replay("mock", payflow.actor.environment, kept[0].id)

    assert _dispute(payflow, dispute_id).next_attempt_at is None
