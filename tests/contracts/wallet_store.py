"""The suite for stores of wallets: derive from ``WalletStoreContract``."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from attrs import evolve

from payflow_adapters.encoding import encode_json
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ids import AccountId, KeyId, LedgerId
from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.money import Money
from payflow_domain.wallets.model import (
    ExternalIdTaken,
    NewWallet,
    Wallet,
    WalletChange,
    WalletStatus,
)
from payflow_domain.wallets.movements import book_credit
from payflow_domain.wallets.ports import WalletFilter
from payflow_domain.wallets.service import Wallets
from tests.builders.ledger import PARTNER_ID, ledgers_over
from tests.builders.times import CountingIds, SettableClock
from tests.contracts.ledger_lists import walk
from tests.contracts.stores import WalletStore

ANY = WalletFilter()
ABSENT = AccountId("wal_00000000000000000000000000")
UNICODE = 'Miete "März" 🏠 \u202e\n日本'
RENT = NewWallet(
    name=UNICODE,
    currency="EUR",
    external_user_id="user 1",
    external_wallet_id=UNICODE,
    metadata={UNICODE: UNICODE, "empty": ""},
)


def holder(ledger: Ledger) -> Actor:
    """Return who may do everything in ``ledger``."""
    key_id = KeyId("key_00000000000000000000000001")
    return Actor(key_id, PARTNER_ID, ledger.id, ledger.environment, ALL_PERMISSIONS)


class WalletStoreContract:
    """What ``WalletUnitOfWork`` and ``WalletReader`` promise."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> WalletStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def ledgers(self, store: WalletStore, clock: SettableClock) -> Ledgers:
        return ledgers_over(store.begin, store, clock)

    @pytest.fixture
    def wallets(self, store: WalletStore, clock: SettableClock) -> Wallets:
        currencies = {"EUR": 2, "JPY": 0}
        return Wallets(store.begin, store, clock, CountingIds(), encode_json, currencies)

    @pytest.fixture
    def actor(self, ledgers: Ledgers) -> Actor:
        return holder(ledgers.open_ledger(PARTNER_ID, Environment.SANDBOX, None))

    @pytest.fixture
    def other(self, ledgers: Ledgers) -> Actor:
        """Someone who holds another ledger."""
        return holder(ledgers.open_ledger(PARTNER_ID, Environment.LIVE, None))

    def test_a_wallet_is_read_as_it_was_opened(
        self, store: WalletStore, wallets: Wallets, actor: Actor, clock: SettableClock
    ) -> None:
        clock.advance(timedelta(seconds=1))
        opened = _create(wallets, actor, RENT)

        assert store.wallet(actor.ledger_id, opened.id) == opened
        assert (opened.name, opened.metadata) == (RENT.name, RENT.metadata)
        assert opened.created_at == clock.now()

    def test_what_was_not_said_of_a_wallet_is_none(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, NewWallet("plain", "JPY"))

        found = store.wallet(actor.ledger_id, opened.id)

        assert found == opened
        assert (found.external_user_id, found.external_wallet_id) == (None, None)
        assert dict(found.metadata) == {}

    def test_a_wallet_has_its_account_as_it_is_now(
        self, store: WalletStore, wallets: Wallets, ledgers: Ledgers, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)
        _credit(ledgers, actor, opened.id)

        found = store.wallet(actor.ledger_id, opened.id)
        by_external_id = store.wallet_by_external_id(actor.ledger_id, UNICODE)
        (listed,) = store.wallets(actor.ledger_id, ANY, Page(10))

        assert found is not None
        assert [found.account] == store.accounts([(actor.ledger_id, opened.id)])
        assert found.account.balance.posted == 500
        assert found == by_external_id == listed

    def test_a_wallet_is_found_by_its_external_id(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)
        _create(wallets, actor, evolve(RENT, external_wallet_id="another"))

        assert store.wallet_by_external_id(actor.ledger_id, UNICODE) == opened
        assert store.wallet_by_external_id(actor.ledger_id, UNICODE.lower()) is None

    def test_what_does_not_exist_is_none(self, store: WalletStore, actor: Actor) -> None:
        assert store.wallet(actor.ledger_id, ABSENT) is None
        assert store.wallet_by_external_id(actor.ledger_id, "absent") is None
        assert list(store.wallets(actor.ledger_id, ANY, Page(10))) == []

    def test_an_account_without_a_wallet_is_none(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        _create(wallets, actor, RENT)

        assert store.wallet(actor.ledger_id, AccountId("partner_settlement:EUR")) is None

    def test_wallets_are_each_ledgers_own(
        self, store: WalletStore, wallets: Wallets, actor: Actor, other: Actor
    ) -> None:
        mine, theirs = _create(wallets, actor, RENT), _create(wallets, other, RENT)

        assert store.wallet(other.ledger_id, mine.id) is None
        assert store.wallet_by_external_id(actor.ledger_id, UNICODE) == mine
        assert store.wallet_by_external_id(other.ledger_id, UNICODE) == theirs
        assert list(store.wallets(actor.ledger_id, ANY, Page(10))) == [mine]
        assert list(store.wallets(LedgerId(2**40), ANY, Page(10))) == []

    def test_an_external_wallet_id_is_taken_once_in_a_ledger(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)
        before = store.ledger(actor.ledger_id)

        with pytest.raises(ExternalIdTaken) as refusal:
            wallets.create(actor, evolve(RENT, currency="JPY"))

        assert refusal.value.subject == UNICODE
        assert store.ledger(actor.ledger_id) == before
        assert list(store.wallets(actor.ledger_id, ANY, Page(10))) == [opened]
        assert store.accounts([(actor.ledger_id, AccountId("suspense:JPY"))]) == [None]

    def test_a_refused_external_id_that_is_caught_still_changes_nothing(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)

        with suppress(CommitFailed), store.begin() as uow:
            uow.load({actor.ledger_id: Wanted()})
            uow.replace_wallet(actor.ledger_id, evolve(opened, name="changed"))
            twin = evolve(opened, id=ABSENT)
            with suppress(ExternalIdTaken, CommitFailed):
                uow.add_wallet(actor.ledger_id, twin)

        assert list(store.wallets(actor.ledger_id, ANY, Page(10))) == [opened]

    def test_an_external_id_that_was_not_committed_is_free(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        first = _create(wallets, actor, evolve(RENT, external_wallet_id="first"))

        with pytest.raises(ExternalIdTaken):
            wallets.create(actor, evolve(RENT, external_wallet_id="first", name="second"))
        opened = _create(wallets, actor, RENT)

        assert store.wallet_by_external_id(actor.ledger_id, "first") == first
        assert store.wallet_by_external_id(actor.ledger_id, UNICODE) == opened

    def test_wallets_may_share_a_user_and_have_no_external_id(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        new = NewWallet("plain", "EUR", external_user_id="user 1")

        opened = [_create(wallets, actor, new) for _ in range(2)]

        which = WalletFilter(external_user_id="user 1")
        assert list(store.wallets(actor.ledger_id, which, Page(10))) == opened[::-1]

    def test_a_changed_wallet_replaces_the_one_before(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)

        change = WalletChange("Strom ⚡", WalletStatus.FROZEN, {"new": "⚡"})
        changed = wallets.change(actor, opened.id, change)

        found = store.wallet(actor.ledger_id, opened.id)
        assert found == changed == store.wallet_by_external_id(actor.ledger_id, UNICODE)
        assert (found.name, found.status) == ("Strom ⚡", WalletStatus.FROZEN)
        assert (dict(found.metadata), found.account.is_open) == ({"new": "⚡"}, False)
        assert found.created_at == opened.created_at

    def test_a_wallet_that_has_moved_money_can_be_changed(
        self, store: WalletStore, wallets: Wallets, ledgers: Ledgers, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)
        _credit(ledgers, actor, opened.id)

        wallets.change(actor, opened.id, WalletChange(status=WalletStatus.FROZEN))
        thawed = wallets.change(actor, opened.id, WalletChange(status=WalletStatus.ACTIVE))
        _credit(ledgers, actor, opened.id)

        (account,) = store.accounts([(actor.ledger_id, opened.id)])
        assert account is not None
        assert (thawed.account.balance.posted, account.balance.posted) == (500, 1000)

    def test_a_unit_of_work_sees_the_wallets_of_a_locked_ledger(
        self, store: WalletStore, wallets: Wallets, actor: Actor, other: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)

        with store.begin() as uow:
            uow.load({actor.ledger_id: Wanted(), other.ledger_id: Wanted()})
            found = [uow.wallet(actor.ledger_id, i) for i in (opened.id, ABSENT)]
            elsewhere = uow.wallet(other.ledger_id, opened.id)

        assert found == [opened, None]
        assert elsewhere is None

    def test_a_change_is_seen_only_when_it_is_committed(
        self, store: WalletStore, wallets: Wallets, actor: Actor
    ) -> None:
        opened = _create(wallets, actor, RENT)
        changed = evolve(opened, name="changed")

        with store.begin() as uow:
            uow.load({actor.ledger_id: Wanted()})
            uow.replace_wallet(actor.ledger_id, changed)
            inside, outside = (
                uow.wallet(actor.ledger_id, opened.id),
                store.wallet(actor.ledger_id, opened.id),
            )

        assert (inside, outside) == (changed, opened)
        assert store.wallet(actor.ledger_id, opened.id) == changed

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_walking_the_wallets_newest_first_loses_and_repeats_nothing(
        self, store: WalletStore, wallets: Wallets, actor: Actor, limit: int
    ) -> None:
        opened = [_create(wallets, actor, NewWallet(str(n), "EUR")) for n in range(5)]

        walked = walk(lambda p: _wallets(store, actor, ANY, p), lambda each: each.id, limit)

        assert walked == opened[::-1]

    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            (ANY, "dcba"),
            (WalletFilter(external_user_id="one"), "dba"),
            (WalletFilter(currency="JPY"), "dc"),
            (WalletFilter(status=WalletStatus.FROZEN), "b"),
            (WalletFilter(status=WalletStatus.CLOSED), ""),
            (WalletFilter(external_user_id="ONE"), ""),
            (WalletFilter("one", "EUR", WalletStatus.ACTIVE), "a"),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 100])
    def test_wallets_are_filtered(
        self,
        store: WalletStore,
        wallets: Wallets,
        actor: Actor,
        which: WalletFilter,
        expected: str,
        limit: int,
    ) -> None:
        people = {
            "a": ("EUR", "one"),
            "b": ("EUR", "one"),
            "c": ("JPY", "two"),
            "d": ("JPY", "one"),
        }
        opened = {
            name: _create(wallets, actor, NewWallet(name, currency, user))
            for name, (currency, user) in people.items()
        }
        wallets.change(actor, opened["b"].id, WalletChange(status=WalletStatus.FROZEN))

        walked = walk(lambda p: _wallets(store, actor, which, p), lambda each: each.id, limit)

        assert "".join(wallet.name for wallet in walked) == expected


def _create(wallets: Wallets, actor: Actor, new: NewWallet) -> Wallet:
    opened = wallets.create(actor, new)
    assert isinstance(opened, Wallet)
    return opened


def _credit(ledgers: Ledgers, actor: Actor, wallet_id: AccountId) -> None:
    ledgers.execute([Request(actor.ledger_id, (book_credit(wallet_id, Money(500, "EUR")),))])


def _wallets(store: WalletStore, actor: Actor, which: WalletFilter, page: Page) -> Sequence[Wallet]:
    return store.wallets(actor.ledger_id, which, page)
