"""The published form of the ledger's values, member by member."""

from datetime import UTC, datetime

import pytest

from payflow_domain.ledger.accounts import Balance
from payflow_domain.ledger.decisions import Applied
from payflow_domain.ledger.published import (
    Published,
    publish_balance,
    publish_balances,
    publish_entry,
    publish_move,
    publish_time,
    publish_transaction,
    publish_with_balances,
)
from payflow_domain.ledger.transactions import (
    Command,
    Draft,
    Failure,
    Hold,
    Post,
    Reverse,
    Settle,
    TransactionType,
    Void,
    two_legged,
)
from payflow_domain.money import Money
from tests.builders.deciding import apply_all
from tests.builders.ledger import funded_books, settlement, transfer
from tests.builders.times import transaction_id, wallet_id

ONE, OTHER = wallet_id(1), wallet_id(2)
FIRST, SECOND = transaction_id(1), transaction_id(2)
NOON = "2026-01-31T12:00:00.123456Z"
SENT = two_legged(
    TransactionType.TRANSFER,
    Money(100, "EUR"),
    debit=ONE,
    credit=OTHER,
    description="Rent",
    metadata={"month": "1"},
)


def _applied(*commands: Command) -> Applied:
    _, applied = apply_all(funded_books(wallets=2), *commands)
    return applied[-1]


def _told(applied: Applied) -> Published:
    return publish_with_balances(applied.transaction, publish_balances(applied.wallets))


def _moves(applied: Applied) -> list[Published]:
    balances = publish_balances(applied.wallets)
    return [
        publish_move(applied.transaction, entry, balances[entry.account_id])
        for entry in applied.wallet_moves
    ]


def test_a_transfer_names_both_wallets() -> None:
    assert publish_transaction(_applied(Post(SENT)).transaction) == {
        "id": FIRST,
        "type": "transfer",
        "status": "completed",
        "amount": 100,
        "currency": "EUR",
        "fromWalletId": ONE,
        "toWalletId": OTHER,
        "failure": None,
        "description": "Rent",
        "metadata": {"month": "1"},
        "reverses": None,
        "reversedAmount": 0,
        "sequence": 1,
        "createdAt": NOON,
        "completedAt": NOON,
    }


def test_a_failed_hold_says_why() -> None:
    failure = Failure("bank_refused", "The bank refused.")

    published = publish_transaction(_applied(Hold(SENT), Void(FIRST, failure)).transaction)

    assert published["status"] == "failed"
    assert published["failure"] == {"code": "bank_refused", "message": "The bank refused."}
    assert (published["sequence"], published["completedAt"]) == (2, NOON)


def test_a_hold_is_pending_and_not_completed() -> None:
    published = publish_transaction(_applied(Hold(SENT)).transaction)

    assert published["status"] == "pending"
    assert published["completedAt"] is None


@pytest.mark.parametrize(
    "draft", [transfer(ONE, settlement().id, 100), transfer(settlement().id, ONE, 100)]
)
def test_with_one_wallet_the_ledgers_own_account_is_not_shown(draft: Draft) -> None:
    published = publish_transaction(_applied(Post(draft)).transaction)

    assert published["walletId"] == ONE
    assert not {"fromWalletId", "toWalletId"} & published.keys()


def test_a_reversal_goes_the_other_way_and_names_its_original() -> None:
    applied = _applied(Post(SENT), Reverse(FIRST, 40, "Too much", {"by": "staff"}))

    reversal = publish_transaction(applied.transaction)
    assert reversal["type"] == "reversal"
    assert (reversal["fromWalletId"], reversal["toWalletId"]) == (OTHER, ONE)
    assert (reversal["amount"], reversal["reverses"]) == (40, FIRST)
    assert (reversal["description"], reversal["metadata"]) == ("Too much", {"by": "staff"})


@pytest.mark.parametrize(("amount", "status"), [(40, "completed"), (100, "reversed")])
def test_a_transaction_is_reversed_once_all_of_it_is(amount: int, status: str) -> None:
    applied = _applied(Post(SENT), Reverse(FIRST, amount))

    assert applied.reversed is not None
    original = publish_transaction(applied.reversed)
    assert (original["id"], original["status"]) == (FIRST, status)
    assert (original["reversedAmount"], original["sequence"]) == (amount, 7)


def test_a_held_reversal_is_pending_and_names_its_original() -> None:
    published = _told(_applied(Post(SENT), Reverse(FIRST, 40, is_held=True)))

    assert (published["id"], published["type"], published["status"]) == (
        SECOND,
        "reversal",
        "pending",
    )
    assert (published["reverses"], published["completedAt"]) == (FIRST, None)
    assert published["balances"] == [
        {"walletId": ONE, "posted": 900, "pending": 40, "available": 900},
        {"walletId": OTHER, "posted": 1100, "pending": -40, "available": 1060},
    ]


def test_only_what_was_taken_back_counts_as_reversed() -> None:
    books, _ = apply_all(
        funded_books(wallets=2), Post(SENT), Reverse(FIRST, 40), Reverse(FIRST, 60, is_held=True)
    )

    published = publish_transaction(books.transactions[FIRST])

    assert (published["reversedAmount"], published["status"]) == (40, "completed")


def test_balances_are_of_the_wallets_asked_for() -> None:
    applied = _applied(Post(SENT))

    published = publish_with_balances(applied.transaction, publish_balances(applied.wallets[1:]))

    assert published == publish_transaction(applied.transaction) | {
        "balances": [{"walletId": OTHER, "posted": 1100, "pending": 0, "available": 1100}]
    }


def test_an_answer_shows_the_balances_that_were_left() -> None:
    published = _told(_applied(Hold(SENT), Settle(FIRST, 60)))

    assert published["amount"] == 60
    assert published["balances"] == [
        {"walletId": ONE, "posted": 940, "pending": 0, "available": 940},
        {"walletId": OTHER, "posted": 1060, "pending": 0, "available": 1060},
    ]


def test_a_movement_shows_the_wallet_after_it() -> None:
    applied = _applied(Post(SENT))

    assert _moves(applied) == [
        {
            "walletId": ONE,
            "transactionId": FIRST,
            "type": "transfer",
            "direction": "debit",
            "amount": 100,
            "currency": "EUR",
            "balance": {"posted": 900, "pending": 0, "available": 900},
        },
        {
            "walletId": OTHER,
            "transactionId": FIRST,
            "type": "transfer",
            "direction": "credit",
            "amount": 100,
            "currency": "EUR",
            "balance": {"posted": 1100, "pending": 0, "available": 1100},
        },
    ]


def test_a_movement_of_a_settled_part_shows_the_rest_released() -> None:
    applied = _applied(Hold(SENT), Settle(FIRST, 60))

    debited, _ = _moves(applied)

    assert debited["amount"] == 60
    assert debited["balance"] == {"posted": 940, "pending": 0, "available": 940}


def test_a_line_of_a_statement_shows_the_posted_balance_after_it() -> None:
    applied = _applied(Post(SENT))

    line = publish_entry(applied.entries[0], applied.transaction, applied.accounts[0].balance)

    assert line == {
        "transaction": publish_transaction(applied.transaction),
        "direction": "debit",
        "amount": 100,
        "balanceAfter": 900,
        "createdAt": NOON,
    }


def test_a_balance_has_three_figures() -> None:
    assert publish_balance(Balance(3, -2, 1)) == {"posted": 3, "pending": -2, "available": 1}


def test_a_time_always_has_microseconds() -> None:
    assert publish_time(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000000Z"
