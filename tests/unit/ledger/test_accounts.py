"""Accounts, and the balances that derive from their counters."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.ledger.accounts import (
    MAX_COUNTER,
    AccountKind,
    Balance,
    Counters,
    Phase,
    Side,
    balance,
    system_account_id,
    system_accounts,
)
from payflow_domain.ledger.errors import BalanceOverflow
from tests.builders.ledger import settlement, wallet

counters = st.builds(Counters, *[st.integers(0, MAX_COUNTER)] * 4)
EXAMPLE = Counters(debits_posted=10, credits_posted=100, debits_pending=7, credits_pending=30)


def test_a_wallet_is_what_was_credited_less_what_was_debited() -> None:
    of_wallet = balance(EXAMPLE, Side.CREDIT)

    assert of_wallet == Balance(posted=90, pending=23, available=83)
    assert of_wallet.held == 7


def test_an_account_of_debits_counts_the_other_way() -> None:
    of_clearing = balance(EXAMPLE, Side.DEBIT)

    assert of_clearing == Balance(posted=-90, pending=-23, available=-120)
    assert of_clearing.held == 30


@given(counters)
def test_the_two_normal_sides_mirror_one_another(of: Counters) -> None:
    credit, debit = balance(of, Side.CREDIT), balance(of, Side.DEBIT)

    assert (credit.posted, credit.pending) == (-debit.posted, -debit.pending)
    assert (credit.held, debit.held) == (of.debits_pending, of.credits_pending)
    assert credit.available - credit.posted <= 0


@pytest.mark.parametrize(
    ("kind", "side"),
    [
        (AccountKind.WALLET, Side.CREDIT),
        (AccountKind.GATEWAY_CLEARING, Side.DEBIT),
        (AccountKind.PAYOUTS_IN_TRANSIT, Side.CREDIT),
        (AccountKind.PARTNER_SETTLEMENT, Side.CREDIT),
        (AccountKind.GATEWAY_FEES, Side.DEBIT),
        (AccountKind.SUSPENSE, Side.CREDIT),
    ],
)
def test_what_is_owned_grows_by_debits_and_what_is_owed_by_credits(
    kind: AccountKind, side: Side
) -> None:
    (account,) = [a for a in [wallet(1), *system_accounts("EUR", None)] if a.kind is kind]

    assert account.normal_side is side


def test_an_account_shows_its_balance_on_its_normal_side() -> None:
    assert wallet(1, 500).balance == Balance(posted=500, pending=0, available=500)
    assert settlement(owed=500).balance == Balance(posted=-500, pending=0, available=-500)


@given(counters, st.sampled_from(AccountKind))
def test_what_is_available_is_that_of_the_balance(has: Counters, kind: AccountKind) -> None:
    account = evolve(wallet(1), kind=kind, counters=has)

    assert account.available == account.balance.available


@pytest.mark.parametrize(
    ("phase", "posted", "pending"),
    [(Phase.POSTED, 15, 10), (Phase.HELD, 10, 15), (Phase.SETTLED, 15, 5), (Phase.VOIDED, 10, 5)],
)
def test_an_entry_counts_by_its_phase_on_its_side(phase: Phase, posted: int, pending: int) -> None:
    ten = Counters(10, 10, 10, 10)

    assert ten.after(Side.DEBIT, phase, 5) == Counters(posted, 10, pending, 10)
    assert ten.after(Side.CREDIT, phase, 5) == Counters(10, posted, 10, pending)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("phase", [Phase.POSTED, Phase.HELD])
def test_a_counter_may_be_full_and_no_more(side: Side, phase: Phase) -> None:
    full = wallet(1).after(side, phase, MAX_COUNTER, sequence=1)

    assert full.counters.largest == MAX_COUNTER == 2**63 - 1
    with pytest.raises(BalanceOverflow) as overflow:
        full.after(side, phase, 1, sequence=2)
    assert overflow.value.subject == full.id


def test_an_entry_raises_the_version_and_names_its_event() -> None:
    before = evolve(wallet(1, 500), version=3, sequence=8)

    after = before.after(Side.DEBIT, Phase.POSTED, 200, sequence=12)

    counters = before.counters.after(Side.DEBIT, Phase.POSTED, 200)
    assert after == evolve(before, counters=counters, version=4, sequence=12)


def test_the_other_side_is_opposite() -> None:
    assert Side.DEBIT.opposite is Side.CREDIT
    assert Side.CREDIT.opposite is Side.DEBIT


def test_a_ledger_has_its_own_accounts_for_a_currency_besides_wallets() -> None:
    accounts = {account.id: account for account in system_accounts("KWD", -700)}

    assert set(accounts) == {
        "gateway_clearing:KWD",
        "payouts_in_transit:KWD",
        "partner_settlement:KWD",
        "gateway_fees:KWD",
        "suspense:KWD",
    }
    assert {account.currency for account in accounts.values()} == {"KWD"}
    limited = system_account_id(AccountKind.PARTNER_SETTLEMENT, "KWD")
    assert {id_: each.floor for id_, each in accounts.items() if each.floor is not None} == {
        limited: -700
    }
