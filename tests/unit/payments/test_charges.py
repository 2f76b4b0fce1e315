"""Money in by card: what each outcome at the gateway leaves in the wallet and in the books."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_adapters.gateways.mock_values import Trouble
from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import AccountKind, Balance
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.transactions import Failure, Status, TransactionType
from payflow_domain.money import Money
from payflow_domain.payments.gateway import GatewayUnavailable, MovementKind, PaymentKind
from payflow_domain.payments.model import (
    ANSWER_TIMEOUT,
    BACKOFF,
    NEVER_SEEN_AFTER,
    PaymentStatus,
)
from payflow_domain.payments.service import Asked
from payflow_domain.wallets.model import WalletStatus
from payflow_domain.wallets.movements import Note
from tests.builders.payments import AMOUNT, PayFlow, render
from tests.builders.times import TICK
from tests.contracts.gateway_harness import DECLINES

PENDING = Balance(0, AMOUNT, 0)
EMPTY = Balance(0, 0, 0)
CHARGED = Balance(AMOUNT, 0, AMOUNT)


def _types(payflow: PayFlow) -> list[str]:
    return [event.type for event in payflow.store.events(payflow.actor.ledger_id, 0, 100)]


def test_a_charge_that_succeeds_is_in_the_wallet(payflow: PayFlow, wallet: AccountId) -> None:
    told = payflow.charge(wallet)

    assert told.status == "completed"
    assert payflow.balance(wallet) == CHARGED
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == AMOUNT
    assert payflow.payment(told.id).status is PaymentStatus.SUCCEEDED


def test_a_charge_is_a_credit_with_the_callers_words(payflow: PayFlow, wallet: AccountId) -> None:
    note = Note("October", {"month": "10"})
    money, asked = Money(AMOUNT, "EUR"), Asked(render)
    payflow.payments.credit(payflow.actor, wallet, money, "pm_card_visa", asked, note)

    (made,) = payflow.transactions()
    transaction = payflow.transaction(made)
    assert transaction.type is TransactionType.CREDIT
    assert (transaction.description, transaction.metadata) == ("October", {"month": "10"})


def test_the_journal_tells_of_the_intent_and_then_of_the_outcome(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.charge(wallet)

    assert _types(payflow)[1:] == [
        EventType.TRANSACTION_PENDING,
        EventType.TRANSACTION_COMPLETED,
        EventType.WALLET_CREDITED,
    ]


@pytest.mark.parametrize(("method", "code"), DECLINES.items())
def test_a_decline_is_kept_as_a_failed_transaction_with_its_code(
    payflow: PayFlow, wallet: AccountId, method: str, code: str
) -> None:
    told = payflow.charge(wallet, method)

    assert (told.status, told.code) == ("failed", code)
    transaction = payflow.transaction(told.id)
    assert transaction.status is Status.VOIDED
    assert transaction.failure is not None
    assert transaction.failure.code == code
    assert transaction.failure.message
    assert payflow.balance(wallet) == EMPTY
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == 0
    assert payflow.payment(told.id).next_attempt_at is None


def test_a_payment_method_that_the_gateway_does_not_know_is_a_decline(
    payflow: PayFlow, wallet: AccountId
) -> None:
    assert payflow.charge(wallet, "pm_unheard_of").code == "invalid_payment_method"


@pytest.mark.parametrize(
    ("method", "status", "balance"),
    [("pm_async_success", "completed", CHARGED), ("pm_async_failure", "failed", EMPTY)],
)
@pytest.mark.parametrize("learns", ["notice", "worker"])
def test_a_charge_that_takes_its_time_is_pending_until_the_outcome_is_known(
    payflow: PayFlow,
    wallet: AccountId,
    method: str,
    status: str,
    balance: Balance,
    learns: str,
) -> None:
    told = payflow.charge(wallet, method)
    assert told.status == "pending"
    assert payflow.balance(wallet) == PENDING

    payflow.wait(BACKOFF[0])
    if learns == "notice":
        payflow.deliver()
    else:
        assert payflow.work() == 1

    assert payflow.payment(told.id).status.value == {"completed": "succeeded"}.get(status, status)
    assert payflow.balance(wallet) == balance
    assert payflow.is_in_step


def test_money_that_is_pending_cannot_be_spent(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.charge(wallet, "pm_async_success")

    payflow.spend(wallet, 1)

    assert payflow.balance(wallet) == PENDING


@pytest.mark.parametrize(
    ("method", "status", "balance"),
    [
        ("pm_timeout_with_effect", PaymentStatus.SUCCEEDED, CHARGED),
        ("pm_timeout_no_effect", PaymentStatus.FAILED, EMPTY),
    ],
)
def test_a_charge_without_an_answer_is_pending_until_a_worker_has_found_out(
    payflow: PayFlow, wallet: AccountId, method: str, status: PaymentStatus, balance: Balance
) -> None:
    told = payflow.charge(wallet, method)
    assert told.status == "pending"

    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()

    assert payflow.payment(told.id).status is status
    assert payflow.balance(wallet) == balance
    assert payflow.is_in_step


def test_a_charge_that_the_gateway_never_got_is_given_up_only_after_a_while(
    payflow: PayFlow, wallet: AccountId
) -> None:
    told = payflow.charge(wallet, "pm_timeout_no_effect")

    payflow.wait(NEVER_SEEN_AFTER - TICK)
    payflow.work()
    assert payflow.payment(told.id).status is PaymentStatus.PENDING

    payflow.wait(BACKOFF[-1])
    payflow.work()
    failure = payflow.transaction(told.id).failure
    assert failure == Failure(
        "gateway_timeout", "The payment gateway never received it; nothing was moved. Try again."
    )


def test_a_worker_asks_again_and_again_and_each_time_later(
    payflow: PayFlow, wallet: AccountId
) -> None:
    told = payflow.charge(wallet, "pm_async_success")
    waits = []
    for _ in range(len(BACKOFF) + 2):
        waits.append(_until_asked(payflow, told.id))
        payflow.wait(waits[-1])
        payflow.mock.fail_next(Trouble.UNAVAILABLE)
        assert payflow.work() == 1

    assert waits == [*BACKOFF, BACKOFF[-1], BACKOFF[-1]]


def test_nothing_is_asked_before_its_time(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.perils.kill_at = "before charge"
    with pytest.raises(BaseException, match="before charge"):
        payflow.charge(wallet)

    payflow.wait(ANSWER_TIMEOUT - TICK)
    assert payflow.work() == 0
    payflow.wait(TICK)
    assert payflow.work() == 1


def test_how_long_an_outcome_may_be_missing_can_be_set(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.payments = evolve(payflow.payments, answer_timeout=timedelta(seconds=7))
    payflow.perils.kill_at = "before charge"
    with pytest.raises(BaseException, match="before charge"):
        payflow.charge(wallet)

    payflow.wait(timedelta(seconds=7))

    assert payflow.work() == 1


def test_a_gateway_that_is_away_leaves_a_failed_transaction(
    payflow: PayFlow, wallet: AccountId
) -> None:
    with pytest.raises(GatewayUnavailable):
        payflow.charge(wallet, "pm_unavailable")

    (made,) = payflow.transactions()
    failure = payflow.transaction(made).failure
    assert failure is not None
    assert failure.code == "gateway_unavailable"
    assert payflow.payment(made).status is PaymentStatus.FAILED
    assert payflow.balance(wallet) == EMPTY
    payflow.wait(BACKOFF[-1])
    assert payflow.work() == 0


def test_a_charge_settles_into_a_wallet_that_was_frozen_meanwhile(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.charge(wallet, "pm_async_success")
    payflow.set_status(wallet, WalletStatus.FROZEN)

    payflow.wait()
    payflow.deliver()

    assert payflow.balance(wallet) == CHARGED


def test_a_charge_that_came_about_after_it_was_given_up_is_kept_in_suspense(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.perils.is_network_slow = True
    told = payflow.charge(wallet)
    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()

    payflow.gateway.arrive()
    payflow.deliver()

    assert payflow.transaction(told.id).status is Status.VOIDED
    assert payflow.balance(wallet) == EMPTY
    assert payflow.posted(AccountKind.SUSPENSE) == AMOUNT
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


def test_what_came_about_late_is_kept_in_suspense_once(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.perils.is_blind = True
    told = payflow.charge(wallet, "pm_timeout_with_effect")
    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()
    payflow.perils.is_blind = False
    kept = payflow.deliver()

    again = [payflow.notices.replay(n.gateway, n.environment, n.id) for n in kept]

    assert len(again) == 1
    assert payflow.posted(AccountKind.SUSPENSE) == AMOUNT
    assert payflow.payment(told.id).status is PaymentStatus.FAILED


def test_each_charge_is_one_leg_of_clearing(payflow: PayFlow, wallet: AccountId) -> None:
    told = payflow.charge(wallet)

    now = payflow.clock.now()
    (leg,) = payflow.store.legs("mock", payflow.actor.environment, now, now + TICK)
    assert (leg.kind, leg.gateway_id) == (MovementKind.CHARGE, payflow.gateway_id(told.id))
    assert (leg.transaction_id, leg.amount, leg.currency) == (told.id, AMOUNT, "EUR")


def test_a_payment_remembers_what_it_was_made_of(payflow: PayFlow, wallet: AccountId) -> None:
    payment = payflow.payment(payflow.charge(wallet).id)

    assert (payment.kind, payment.wallet_id, payment.reference) == (
        PaymentKind.CHARGE,
        wallet,
        "pm_card_visa",
    )
    assert payment.gateway_id == f"mock_ch_{payment.transaction_id.removeprefix('txn_')}"


def _until_asked(payflow: PayFlow, transaction_id: TransactionId) -> timedelta:
    at = payflow.payment(transaction_id).next_attempt_at
    assert at is not None
    return at - payflow.clock.now()
