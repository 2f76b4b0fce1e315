"""Money out to a bank: every outcome, and where it goes that comes back."""

import pytest

from payflow_domain.access.permissions import Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import AccountKind, Balance
from payflow_domain.ledger.errors import AccountNotOpen, InsufficientFunds
from payflow_domain.ledger.transactions import Status, TransactionType
from payflow_domain.payments.gateway import GatewayUnavailable
from payflow_domain.payments.model import NEVER_SEEN_AFTER, PaymentStatus
from payflow_domain.wallets.model import WalletStatus
from tests.builders.payments import AMOUNT, LATER, PayFlow
from tests.unit.wallets.office import without

FUNDS = 8_000
FULL = Balance(FUNDS, 0, FUNDS)
HELD = Balance(FUNDS, -AMOUNT, FUNDS - AMOUNT)
PAID = Balance(FUNDS - AMOUNT, 0, FUNDS - AMOUNT)


@pytest.fixture
def wallet(payflow: PayFlow) -> AccountId:
    """A wallet with money from the partner."""
    return payflow.wallet(FUNDS)


def test_a_payout_holds_the_money_until_it_has_arrived(payflow: PayFlow, wallet: AccountId) -> None:
    told = payflow.pay_out(wallet)
    assert told.status == "pending"
    assert payflow.balance(wallet) == HELD

    payflow.wait()
    payflow.deliver()

    assert payflow.balance(wallet) == PAID
    assert payflow.payment(told.id).status is PaymentStatus.SUCCEEDED
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == -AMOUNT
    assert payflow.posted(AccountKind.PAYOUTS_IN_TRANSIT) == 0


@pytest.mark.parametrize(
    ("destination", "code"),
    [
        ("ba_failed", "account_closed"),
        ("ba_canceled", "payout_canceled"),
        ("ba_refused", "no_account"),
        ("ba_unheard_of", "invalid_destination"),
    ],
)
def test_a_payout_that_fails_gives_the_money_free(
    payflow: PayFlow, wallet: AccountId, destination: str, code: str
) -> None:
    told = payflow.pay_out(wallet, destination)
    payflow.wait()
    payflow.deliver()

    transaction = payflow.transaction(told.id)
    assert transaction.status is Status.VOIDED
    assert transaction.failure is not None
    assert transaction.failure.code == code
    assert payflow.balance(wallet) == FULL
    assert payflow.is_in_step


@pytest.mark.parametrize(
    ("destination", "status", "balance"),
    [
        ("ba_timeout_with_effect", PaymentStatus.SUCCEEDED, PAID),
        ("ba_timeout_no_effect", PaymentStatus.FAILED, FULL),
    ],
)
def test_a_payout_without_an_answer_is_held_until_a_worker_has_found_out(
    payflow: PayFlow,
    wallet: AccountId,
    destination: str,
    status: PaymentStatus,
    balance: Balance,
) -> None:
    told = payflow.pay_out(wallet, destination)
    assert (told.status, payflow.balance(wallet)) == ("pending", HELD)

    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()

    assert payflow.payment(told.id).status is status
    assert payflow.balance(wallet) == balance
    assert payflow.is_in_step


def test_a_gateway_that_is_away_gives_the_money_free(payflow: PayFlow, wallet: AccountId) -> None:
    with pytest.raises(GatewayUnavailable):
        payflow.pay_out(wallet, "ba_unavailable")

    assert payflow.balance(wallet) == FULL


def test_a_payout_that_comes_back_is_in_the_wallet_again(
    payflow: PayFlow, wallet: AccountId
) -> None:
    told = payflow.pay_out(wallet, "ba_returned_late")
    payflow.wait()
    payflow.deliver()
    assert payflow.balance(wallet) == PAID

    payflow.wait()
    payflow.deliver()

    assert payflow.balance(wallet) == FULL
    assert payflow.payment(told.id).status is PaymentStatus.RETURNED
    assert payflow.transaction(told.id).reversed_amount == AMOUNT
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == 0
    assert payflow.posted(AccountKind.PAYOUTS_IN_TRANSIT) == 0
    assert payflow.reconcile().unmatched == []


def test_a_payout_that_came_back_before_its_arrival_was_told_has_failed(
    payflow: PayFlow, wallet: AccountId
) -> None:
    told = payflow.pay_out(wallet, "ba_returned_late")
    payflow.wait(2 * LATER)
    payflow.receive(reversed(payflow.take_notices()))

    assert payflow.payment(told.id).status is PaymentStatus.FAILED
    assert payflow.balance(wallet) == FULL
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


@pytest.mark.parametrize("status", [WalletStatus.FROZEN, WalletStatus.CLOSED])
def test_what_comes_back_to_a_wallet_that_takes_nothing_is_the_partners(
    payflow: PayFlow, status: WalletStatus
) -> None:
    wallet = payflow.wallet(AMOUNT)
    told = payflow.pay_out(wallet, "ba_returned_late")
    payflow.wait()
    payflow.deliver()
    payflow.set_status(wallet, status)
    settled = payflow.posted(AccountKind.PARTNER_SETTLEMENT)

    payflow.wait()
    payflow.deliver()

    assert payflow.payment(told.id).status is PaymentStatus.RETURNED
    assert payflow.balance(wallet).posted == 0
    assert payflow.posted(AccountKind.PARTNER_SETTLEMENT) == settled + AMOUNT
    assert payflow.posted(AccountKind.PAYOUTS_IN_TRANSIT) == 0
    assert payflow.is_in_step


@pytest.mark.parametrize(
    ("destination", "posted"), [("ba_paid", FUNDS - AMOUNT), ("ba_failed", FUNDS)]
)
def test_a_payout_ends_although_the_wallet_was_frozen_meanwhile(
    payflow: PayFlow, wallet: AccountId, destination: str, posted: int
) -> None:
    payflow.pay_out(wallet, destination)
    payflow.set_status(wallet, WalletStatus.FROZEN)

    payflow.wait()
    payflow.deliver()

    assert payflow.balance(wallet) == Balance(posted, 0, posted)


def test_no_more_is_paid_out_than_is_available(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.pay_out(wallet)

    with pytest.raises(InsufficientFunds):
        payflow.pay_out(wallet)

    assert len(payflow.mock.due_notices()) == 1


def test_a_frozen_wallet_pays_nothing_out(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.set_status(wallet, WalletStatus.FROZEN)

    with pytest.raises(AccountNotOpen):
        payflow.pay_out(wallet)


def test_a_payout_cannot_be_refunded(payflow: PayFlow, wallet: AccountId) -> None:
    told = payflow.pay_out(wallet)

    with pytest.raises(PayFlowError) as refusal:
        payflow.refund(told.id)

    assert refusal.value.code == "transaction_not_reversible"


def test_a_payout_is_settled_by_a_transaction_of_its_own(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payout = payflow.pay_out(wallet)
    payflow.wait()
    payflow.deliver()

    (settlement,) = [
        each
        for each in map(payflow.transaction, payflow.transactions())
        if each.type is TransactionType.PAYOUT_SETTLEMENT
    ]
    assert payflow.transaction(payout.id).type is TransactionType.PAYOUT
    assert settlement.amount == AMOUNT


def test_who_may_not_pay_out_may_not(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.actor = without(payflow.actor, Permission.PAYOUTS_WRITE)

    with pytest.raises(PayFlowError) as refusal:
        payflow.pay_out(wallet)

    assert refusal.value.code == "missing_permission"
    assert payflow.balance(wallet) == FULL
