"""How the movements of wallets are booked."""

from collections.abc import Callable

import pytest

from payflow_domain.ledger.accounts import Side
from payflow_domain.ledger.errors import TransactionNotFound
from payflow_domain.ledger.transactions import Post, Reverse, TransactionType, Unit
from payflow_domain.money import Money
from payflow_domain.texts import InvalidText
from payflow_domain.wallets.model import WalletNotFound
from payflow_domain.wallets.movements import (
    REVERSIBLE,
    Note,
    book_credit,
    book_debit,
    book_reversal,
    book_transfer,
)
from tests.builders.times import transaction_id, wallet_id

ONE, OTHER = wallet_id(1), wallet_id(2)
MONEY = Money(100, "EUR")
NOTE = Note("Rent", {"month": "1"})


@pytest.mark.parametrize(
    ("unit", "type_", "debit", "credit"),
    [
        (book_transfer(ONE, OTHER, MONEY, NOTE), TransactionType.TRANSFER, ONE, OTHER),
        (book_credit(ONE, MONEY, NOTE), TransactionType.CREDIT, "partner_settlement:EUR", ONE),
        (book_debit(ONE, MONEY, NOTE), TransactionType.DEBIT, ONE, "partner_settlement:EUR"),
    ],
    ids=["transfer", "credit", "debit"],
)
def test_a_movement_debits_one_account_and_credits_another(
    unit: Unit, type_: TransactionType, debit: str, credit: str
) -> None:
    (command,) = unit

    assert isinstance(command, Post)
    draft = command.draft
    assert (draft.type, draft.money) == (type_, MONEY)
    assert (draft.description, draft.metadata) == ("Rent", {"month": "1"})
    assert {(each.account_id, each.side, each.amount) for each in draft.postings} == {
        (debit, Side.DEBIT, 100),
        (credit, Side.CREDIT, 100),
    }


def test_a_reversal_names_the_transaction() -> None:
    assert book_reversal(transaction_id(1), 40, NOTE) == (
        Reverse(transaction_id(1), 40, "Rent", {"month": "1"}, of_types=REVERSIBLE),
    )


@pytest.mark.parametrize("wallet", ["", "partner_settlement:EUR", transaction_id(1), ONE.upper()])
def test_only_a_wallets_id_will_do(wallet: str) -> None:
    bookings: list[Callable[[], Unit]] = [
        lambda: book_transfer(wallet, OTHER, MONEY),
        lambda: book_transfer(ONE, wallet, MONEY),
        lambda: book_credit(wallet, MONEY),
        lambda: book_debit(wallet, MONEY),
    ]

    for book in bookings:
        with pytest.raises(WalletNotFound) as refusal:
            book()
        assert refusal.value.subject == wallet


@pytest.mark.parametrize("transaction", ["", ONE, "txn_1"])
def test_only_a_transactions_id_will_do(transaction: str) -> None:
    with pytest.raises(TransactionNotFound) as refusal:
        book_reversal(transaction)

    assert refusal.value.subject == transaction


@pytest.mark.parametrize("words", [("", {}), ("a" * 501, {}), (None, {"": ""})], ids=ascii)
def test_a_note_out_of_bounds_is_refused(words: tuple[str | None, dict[str, str]]) -> None:
    with pytest.raises(InvalidText):
        Note(*words)
