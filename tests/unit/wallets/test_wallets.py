"""The use cases of wallets, over books in memory."""

import json

import pytest
from attrs import evolve

from payflow_domain.access.permissions import Actor, MissingPermission, Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import LedgerId, PartnerId
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.errors import (
    AccountNotOpen,
    IdempotencyKeyReused,
    InsufficientFunds,
    LedgerNotFound,
)
from payflow_domain.ledger.idempotency import Answer, Claim, IdempotencyKey
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.money import Money, UnknownCurrency
from payflow_domain.wallets.model import (
    ExternalIdTaken,
    NewWallet,
    Wallet,
    WalletChange,
    WalletNotEmpty,
    WalletNotFound,
    WalletStatus,
)
from payflow_domain.wallets.movements import NO_NOTE
from payflow_domain.wallets.ports import WalletFilter
from payflow_domain.wallets.published import publish_wallet
from tests.builders.ledger import EUR
from tests.builders.times import TICK, wallet_id
from tests.unit.wallets.office import Office, make_office, without

ABSENT = wallet_id(10**9)
TEN = Money(10, EUR)
CLAIM = Claim(IdempotencyKey("key-1"), bytes(32))
FROZEN = WalletChange(status=WalletStatus.FROZEN)


@pytest.fixture
def office() -> Office:
    return make_office()


def _elsewhere(office: Office) -> Actor:
    """Return the actor of another partner."""
    partner = PartnerId("ptr_00000000000000000000000002")
    ledger = office.ledgers.open_ledger(partner, Environment.SANDBOX, None)
    return evolve(office.actor, partner_id=partner, ledger_id=ledger.id)


def _answer(wallet: Wallet) -> Answer:
    return Answer(201, wallet.id.encode())


def test_a_new_wallet_is_told_of_in_the_journal(office: Office) -> None:
    wallet = office.open("Alice")

    (event,) = office.history.events(office.actor, after=0, limit=10)
    body = json.loads(event.body)
    assert (body["event"], body["sequence"]) == ("wallet.created", 1)
    assert body["data"] == publish_wallet(wallet, Environment.SANDBOX)
    assert wallet.account.sequence == 1


def test_the_published_wallet() -> None:
    office = make_office(Environment.LIVE, settlement_limit=0)
    new = NewWallet("Alice", EUR, "user-1", "ext-1", {"tier": "gold"})
    wallet = office.wallets.create(office.actor, new)

    assert isinstance(wallet, Wallet)
    assert publish_wallet(wallet, Environment.LIVE) == {
        "id": wallet.id,
        "name": "Alice",
        "currency": "EUR",
        "externalUserId": "user-1",
        "externalWalletId": "ext-1",
        "status": "active",
        "environment": "live",
        "balance": {"posted": 0, "pending": 0, "available": 0},
        "metadata": {"tier": "gold"},
        "createdAt": "2026-01-31T12:00:00.123457Z",
    }


def test_a_wallet_is_found_by_either_id(office: Office) -> None:
    new = NewWallet("Alice", EUR, external_wallet_id="ext-1")
    wallet = office.wallets.create(office.actor, new)

    assert isinstance(wallet, Wallet)
    assert office.wallets.get(office.actor, wallet.id) == wallet
    assert office.wallets.find(office.actor, "ext-1") == wallet
    assert office.wallets.list(office.actor, WalletFilter(), Page(10)) == [wallet]


def test_an_external_wallet_id_is_unique_in_its_ledger(office: Office) -> None:
    new = NewWallet("Alice", EUR, external_wallet_id="ext-1")
    office.wallets.create(office.actor, new)

    with pytest.raises(ExternalIdTaken):
        office.wallets.create(office.actor, new, CLAIM, _answer)

    assert len(office.history.events(office.actor, after=0, limit=10)) == 1
    assert isinstance(office.wallets.create(_elsewhere(office), new), Wallet)
    again = office.wallets.create(office.actor, NewWallet("Bob", EUR), CLAIM, _answer)
    assert isinstance(again, Wallet), "the refusal has left the key free"


def test_a_wallet_is_kept_in_a_currency_of_iso_4217(office: Office) -> None:
    with pytest.raises(UnknownCurrency):
        office.wallets.create(office.actor, NewWallet("Alice", "XXX"))


def test_the_same_request_opens_one_wallet(office: Office) -> None:
    new = NewWallet("Alice", EUR)
    wallet = office.wallets.create(office.actor, new, CLAIM, _answer)

    replayed = office.wallets.create(office.actor, new, CLAIM, _answer)

    assert isinstance(wallet, Wallet)
    assert replayed == Replayed(_answer(wallet))
    assert list(office.wallets.list(office.actor, WalletFilter(), Page(10))) == [wallet]
    with pytest.raises(IdempotencyKeyReused):
        office.wallets.create(office.actor, new, evolve(CLAIM, fingerprint=b"\x01" * 32))


def test_money_comes_in_goes_across_and_comes_out(office: Office) -> None:
    alice, bob = office.open("Alice"), office.open("Bob")
    wallets, actor = office.wallets, office.actor

    office.apply(wallets.book_credit(actor, alice.id, Money(100, EUR), NO_NOTE))
    office.apply(wallets.book_transfer(actor, alice.id, bob.id, Money(60, EUR), NO_NOTE))
    debit = office.apply(wallets.book_debit(actor, bob.id, Money(20, EUR), NO_NOTE))
    office.apply(wallets.book_reversal(actor, debit.transaction.id, 5, NO_NOTE))

    found = [wallets.get(actor, each.id).account.balance.posted for each in (alice, bob)]
    assert found == [40, 45]


def test_in_sandbox_credits_have_no_limit(office: Office) -> None:
    alice = office.open("Alice", funds=10**12)

    assert office.wallets.get(office.actor, alice.id).account.balance.posted == 10**12


def test_in_live_credits_end_at_the_partners_limit() -> None:
    office = make_office(Environment.LIVE, settlement_limit=100)
    alice = office.open("Alice", funds=100)

    refusal = office.decide(
        office.wallets.book_credit(office.actor, alice.id, Money(1, EUR), NO_NOTE)
    )

    assert isinstance(refusal, InsufficientFunds)
    assert refusal.facts["available"] == 0


def test_a_frozen_wallet_moves_no_money_until_it_is_active_again(office: Office) -> None:
    alice = office.open("Alice", funds=10)
    debit = office.wallets.book_debit(office.actor, alice.id, TEN, NO_NOTE)

    frozen = office.wallets.change(office.actor, alice.id, FROZEN)
    refusal = office.decide(debit)
    office.wallets.change(office.actor, alice.id, WalletChange(status=WalletStatus.ACTIVE))

    assert frozen.status is WalletStatus.FROZEN
    assert isinstance(refusal, AccountNotOpen)
    assert office.apply(debit).transaction.amount == 10


def test_a_change_is_told_of_in_the_journal(office: Office) -> None:
    alice = office.open("Alice")

    changed = office.wallets.change(office.actor, alice.id, WalletChange(name="Alicia"))

    event = office.history.events(office.actor, after=1, limit=1)[0]
    body = json.loads(event.body)
    assert (body["event"], body["data"]["name"]) == ("wallet.updated", "Alicia")
    assert office.wallets.get(office.actor, alice.id) == changed
    assert changed.account.sequence == event.sequence == 2


def test_a_refused_change_changes_nothing(office: Office) -> None:
    alice = office.open("Alice", funds=10)
    before = office.store.ledger(office.actor.ledger_id)

    with pytest.raises(WalletNotEmpty):
        office.wallets.change(
            office.actor, alice.id, WalletChange("Al", WalletStatus.CLOSED, metadata={})
        )

    assert office.wallets.get(office.actor, alice.id).name == "Alice"
    assert office.store.ledger(office.actor.ledger_id) == before


def test_another_partners_wallet_is_not_there(office: Office) -> None:
    alice, stranger = office.open("Alice", funds=10), _elsewhere(office)

    with pytest.raises(WalletNotFound):
        office.wallets.get(stranger, alice.id)
    with pytest.raises(WalletNotFound):
        office.wallets.change(stranger, alice.id, FROZEN)
    assert list(office.wallets.list(stranger, WalletFilter(), Page(10))) == []


@pytest.mark.parametrize("wallet", [ABSENT, "wal_1", "partner_settlement:EUR"])
def test_an_unknown_wallet_is_not_there(office: Office, wallet: str) -> None:
    office.open("Alice")

    with pytest.raises(WalletNotFound):
        office.wallets.get(office.actor, wallet)
    with pytest.raises(WalletNotFound):
        office.wallets.find(office.actor, wallet)
    with pytest.raises(WalletNotFound):
        office.wallets.change(office.actor, wallet, FROZEN)


def test_an_unknown_ledger_is_not_there(office: Office) -> None:
    nowhere = evolve(office.actor, ledger_id=LedgerId(99))

    with pytest.raises(LedgerNotFound):
        office.wallets.create(nowhere, NewWallet("Alice", EUR))


def test_each_use_case_needs_its_permission(office: Office) -> None:
    alice, wallets = office.open("Alice").id, office.wallets
    reader = without(office.actor, Permission.WALLETS_WRITE)
    writer = without(office.actor, Permission.WALLETS_READ)
    unmoving = without(office.actor, Permission.TRANSACTIONS_WRITE)
    still = without(office.actor, Permission.TRANSFERS_WRITE)

    refused: list[PayFlowError] = []
    for use_case in (
        lambda: wallets.create(reader, NewWallet("Bob", EUR)),
        lambda: wallets.change(reader, alice, FROZEN),
        lambda: wallets.get(writer, alice),
        lambda: wallets.find(writer, "ext-1"),
        lambda: wallets.list(writer, WalletFilter(), Page(10)),
        lambda: wallets.book_transfer(still, alice, ABSENT, TEN, NO_NOTE),
        lambda: wallets.book_credit(unmoving, alice, TEN, NO_NOTE),
        lambda: wallets.book_debit(unmoving, alice, TEN, NO_NOTE),
        lambda: wallets.book_reversal(unmoving, "txn_1", None, NO_NOTE),
    ):
        with pytest.raises(MissingPermission) as refusal:
            use_case()
        refused.append(refusal.value)

    assert [each.subject for each in refused] == [
        *["wallets:write"] * 2,
        *["wallets:read"] * 3,
        "transfers:write",
        *["transactions:write"] * 3,
    ]


def test_time_goes_on_where_the_clock_stands_still(office: Office) -> None:
    first, second = office.open("Alice"), office.open("Bob")

    assert second.created_at == first.created_at + TICK
