"""A wallet: its bounds, and the statuses it goes through."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.ledger.accounts import Counters
from payflow_domain.texts import InvalidText
from payflow_domain.wallets.model import (
    NewWallet,
    StatusNotReachable,
    WalletChange,
    WalletNotEmpty,
    WalletStatus,
    apply_change,
    open_wallet,
)
from tests.builders.times import START, wallet_id
from tests.strategies.ledger import metadata, texts

ACTIVE, FROZEN, CLOSED = WalletStatus.ACTIVE, WalletStatus.FROZEN, WalletStatus.CLOSED
NEW = NewWallet("Alice", "EUR", "user-1", "ext-1", {"tier": "gold"})
WALLET = open_wallet(wallet_id(1), NEW, START, sequence=5)


def test_a_new_wallet_is_active_and_empty_and_cannot_go_below_zero() -> None:
    assert (WALLET.status, WALLET.created_at) == (ACTIVE, START)
    assert WALLET.account.id == WALLET.id
    assert (WALLET.account.floor, WALLET.account.counters) == (0, Counters())
    assert (WALLET.account.is_open, WALLET.account.sequence) == (True, 5)


@pytest.mark.parametrize(
    ("present", "asked"),
    [
        (ACTIVE, FROZEN),
        (ACTIVE, CLOSED),
        (FROZEN, ACTIVE),
        (FROZEN, CLOSED),
        (ACTIVE, ACTIVE),
        (FROZEN, FROZEN),
        (CLOSED, CLOSED),
    ],
)
def test_a_status_leads_to_these(present: WalletStatus, asked: WalletStatus) -> None:
    changed = apply_change(evolve(WALLET, status=present), WalletChange(status=asked), 9)

    assert changed.status is asked
    assert changed.account.is_open == (asked is ACTIVE)
    assert changed.account.sequence == 9


@pytest.mark.parametrize("asked", [ACTIVE, FROZEN])
def test_a_closed_wallet_stays_closed(asked: WalletStatus) -> None:
    with pytest.raises(StatusNotReachable) as refusal:
        apply_change(evolve(WALLET, status=CLOSED), WalletChange(status=asked), 9)

    assert (refusal.value.code, refusal.value.subject) == ("wallet_status_conflict", WALLET.id)


@pytest.mark.parametrize(
    "counters",
    [
        Counters(credits_posted=1),
        Counters(debits_posted=1),
        Counters(credits_pending=1),
        Counters(debits_pending=1),
    ],
    ids=["money", "debt", "money on its way in", "money on its way out"],
)
def test_a_wallet_is_not_closed_with_money_in_it_or_on_its_way(counters: Counters) -> None:
    wallet = evolve(WALLET, account=evolve(WALLET.account, counters=counters))

    with pytest.raises(WalletNotEmpty) as refusal:
        apply_change(wallet, WalletChange(status=CLOSED), 9)

    assert (refusal.value.code, refusal.value.subject) == ("wallet_not_empty", WALLET.id)
    assert apply_change(wallet, WalletChange(status=FROZEN), 9).status is FROZEN


def test_a_wallet_that_was_used_and_emptied_may_be_closed() -> None:
    used = evolve(WALLET.account, counters=Counters(debits_posted=7, credits_posted=7))

    closed = apply_change(evolve(WALLET, account=used), WalletChange(status=CLOSED), 9)

    assert closed.status is CLOSED


@given(st.none() | texts, st.none() | metadata)
def test_only_what_is_asked_for_is_changed(name: str | None, data: dict[str, str] | None) -> None:
    changed = apply_change(WALLET, WalletChange(name, metadata=data), 9)

    assert changed.name == ("Alice" if name is None else name)
    assert changed.metadata == ({"tier": "gold"} if data is None else data)
    rest = evolve(changed, name="Alice", metadata=WALLET.metadata)
    assert rest == evolve(WALLET, account=evolve(WALLET.account, sequence=9))


@pytest.mark.parametrize(
    "words",
    [
        {"name": ""},
        {"name": "a" * 201},
        {"external_user_id": ""},
        {"external_user_id": "a" * 201},
        {"external_wallet_id": "\0"},
        {"metadata": {"": "v"}},
    ],
    ids=str,
)
def test_words_out_of_bounds_are_refused(words: dict[str, object]) -> None:
    with pytest.raises(InvalidText):
        NewWallet(**{"name": "Alice", "currency": "EUR", **words})  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [{"name": ""}, {"metadata": {"k": "\ud800"}}], ids=ascii)
def test_changes_out_of_bounds_are_refused(words: dict[str, object]) -> None:
    with pytest.raises(InvalidText):
        WalletChange(**words)  # type: ignore[arg-type]
