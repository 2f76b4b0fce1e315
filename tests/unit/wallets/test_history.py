"""What partners read of their books."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.access.permissions import MissingPermission, Permission
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.accounts import Balance
from payflow_domain.ledger.errors import AccountNotFound, TransactionNotFound
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.service import BalanceAt
from payflow_domain.money import Money
from payflow_domain.wallets.model import WalletNotFound
from payflow_domain.wallets.movements import NO_NOTE
from tests.builders.ledger import EUR
from tests.builders.times import transaction_id, wallet_id
from tests.unit.wallets.office import Office, make_office, without

ABSENT = wallet_id(10**9)


@pytest.fixture
def office() -> Office:
    return make_office()


def test_each_balance_is_answered_on_its_own(office: Office) -> None:
    alice, bob = office.open("Alice", funds=7), office.open("Bob")
    blind = without(office.actor, Permission.WALLETS_READ)
    stranger = evolve(office.actor, ledger_id=LedgerId(99))

    answers = office.history.balances(
        [
            (office.actor, bob.id),
            (blind, alice.id),
            (office.actor, "wal_1"),
            (stranger, alice.id),
            (office.actor, ABSENT),
            (office.actor, alice.id),
        ]
    )

    kinds = [BalanceAt, MissingPermission, WalletNotFound, AccountNotFound, AccountNotFound]
    assert [type(each) for each in answers] == [*kinds, BalanceAt]
    assert answers[0] == BalanceAt(bob.id, EUR, Balance(0, 0, 0), 4, office.clock.at)
    assert answers[5] == BalanceAt(alice.id, EUR, Balance(7, 0, 7), 3, office.clock.at)


def test_a_balance_is_as_it_was_then(office: Office) -> None:
    alice = office.open("Alice", funds=7)
    then = office.clock.at + timedelta(seconds=1)
    office.clock.advance(timedelta(hours=1))
    office.apply(office.wallets.book_debit(office.actor, alice.id, Money(5, EUR), NO_NOTE))

    assert office.history.balance_at(office.actor, alice.id, then).balance.posted == 7
    assert office.history.balance_at(office.actor, alice.id, office.clock.at).balance.posted == 2
    before = office.history.balance_at(office.actor, alice.id, then - timedelta(days=1))
    assert (before.balance, before.sequence) == (Balance(0, 0, 0), 0)


def test_a_statement_is_newest_first_with_the_balance_after_each_line(office: Office) -> None:
    alice = office.open("Alice", funds=7)
    office.apply(office.wallets.book_debit(office.actor, alice.id, Money(5, EUR), NO_NOTE))

    lines = office.history.statement(office.actor, alice.id, Page(10))

    assert [(entry.amount, balance.posted) for entry, _, balance in lines] == [(5, 2), (7, 7)]
    assert [of.type.value for _, of, _ in lines] == ["debit", "credit"]


def test_a_transaction_is_found_in_its_own_ledger_only(office: Office) -> None:
    office.open("Alice", funds=7)
    (made,) = office.history.transactions(office.actor, TransactionFilter(), Page(10))

    assert office.history.transaction(office.actor, made.id) == made
    stranger = evolve(office.actor, ledger_id=LedgerId(99))
    for actor, asked in (
        (stranger, made.id),
        (office.actor, transaction_id(1)),
        (office.actor, "1"),
    ):
        with pytest.raises(TransactionNotFound):
            office.history.transaction(actor, asked)


def test_an_unknown_wallet_has_no_history(office: Office) -> None:
    with pytest.raises(WalletNotFound):
        office.history.statement(office.actor, "partner_settlement:EUR", Page(10))
    with pytest.raises(AccountNotFound):
        office.history.balance_at(office.actor, ABSENT, office.clock.at)


def test_each_reading_needs_its_permission(office: Office) -> None:
    alice, history = office.open("Alice").id, office.history
    no_wallets = without(office.actor, Permission.WALLETS_READ)
    no_transactions = without(office.actor, Permission.TRANSACTIONS_READ)
    no_events = without(office.actor, Permission.EVENTS_READ)

    with pytest.raises(MissingPermission, match="wallets:read"):
        history.balance_at(no_wallets, alice, office.clock.at)
    with pytest.raises(MissingPermission, match="transactions:read"):
        history.statement(no_transactions, alice, Page(10))
    with pytest.raises(MissingPermission, match="transactions:read"):
        history.transaction(no_transactions, transaction_id(1))
    with pytest.raises(MissingPermission, match="transactions:read"):
        history.transactions(no_transactions, TransactionFilter(), Page(10))
    with pytest.raises(MissingPermission, match="events:read"):
        history.events(no_events, 0, 10)
