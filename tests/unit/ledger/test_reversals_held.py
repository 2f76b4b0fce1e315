"""Reversals that are held: refunds on their way, and what has happened already elsewhere."""

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from payflow_domain.ledger.accounts import Balance
from payflow_domain.ledger.decisions import Applied, Books
from payflow_domain.ledger.errors import (
    AccountNotOpen,
    AlreadyReversed,
    InsufficientFunds,
    NotPending,
    NotReversible,
    ReversalExceedsOriginal,
    SameAccount,
    SettlementExceedsHold,
)
from payflow_domain.ledger.transactions import (
    Command,
    Failure,
    Hold,
    Post,
    Reverse,
    Settle,
    Status,
    Transaction,
    TransactionType,
    Void,
)
from tests.builders.deciding import apply_all, books_after, decide_units, refusal_of, split
from tests.builders.ledger import books_of, funded_books, settlement, transfer, wallet
from tests.builders.times import transaction_id, wallet_id

thoroughly = settings(max_examples=1000)

FUNDS = 1000
BOOKS = funded_books(wallets=3, funds=FUNDS)
ONE, OTHER, THIRD = map(wallet_id, (1, 2, 3))
FIRST, SECOND, LATER = transaction_id(1), transaction_id(2), transaction_id(3)
SENT = transfer(ONE, OTHER, 600)
HOLD_ALL = Reverse(FIRST, is_held=True)

amounts = st.integers(1, FUNDS)


def _hold(amount: int | None = None) -> Reverse:
    return Reverse(FIRST, amount, is_held=True)


def _original(books: Books) -> Transaction:
    return books.transactions[FIRST]


def _balances(books: Books) -> list[Balance]:
    return [books.accounts[each].balance for each in (ONE, OTHER, THIRD)]


def _last(*commands: Command) -> Applied:
    _, applied = apply_all(BOOKS, *commands)
    return applied[-1]


@given(amounts, st.data())
def test_a_held_reversal_reserves_its_part_of_the_original(
    amount: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(1, amount))

    books, _ = apply_all(BOOKS, Post(transfer(ONE, OTHER, amount)), _hold(part))

    original, reversal = _original(books), books.transactions[SECOND]
    assert (original.reversed_amount, original.reversing_amount) == (0, part)
    assert (reversal.status, reversal.amount, reversal.reverses) == (Status.PENDING, part, FIRST)
    assert books.accounts[OTHER].balance == Balance(FUNDS + amount, -part, FUNDS + amount - part)
    assert books.accounts[ONE].balance == Balance(FUNDS - amount, part, FUNDS - amount)


def test_without_an_amount_all_that_is_left_is_held() -> None:
    books, _ = apply_all(BOOKS, Post(SENT), Reverse(FIRST, 100), _hold(200), HOLD_ALL)

    assert _original(books).reversing_amount == 500
    assert books.transactions[transaction_id(4)].amount == 300


def test_a_held_reversal_takes_only_what_is_available() -> None:
    spent = Post(transfer(OTHER, THIRD, FUNDS + 1))

    refusal = refusal_of(BOOKS, Post(SENT), spent, HOLD_ALL)

    assert isinstance(refusal, InsufficientFunds)
    assert refusal.facts == {"required": 600, "available": 599, "shortfall": 1, "held": 0}


@thoroughly
@given(
    amounts,
    st.lists(
        st.tuples(amounts, st.booleans(), st.sampled_from(["stay", "settle", "void", "part"])),
        min_size=1,
        max_size=6,
    ),
)
def test_all_reversals_together_never_exceed_the_original(
    amount: int, wanted: list[tuple[int, bool, str]]
) -> None:
    books, _ = apply_all(BOOKS, Post(transfer(ONE, OTHER, amount)))

    left = amount
    for number, (part, is_held, ending) in enumerate(wanted, 10):
        decisions = decide_units(books, [(Reverse(FIRST, part, is_held=is_held),)], number)
        (outcome,) = decisions.outcomes
        books = books_after(books, decisions)
        if part > left:
            assert type(outcome) is (ReversalExceedsOriginal if left else AlreadyReversed)
            continue
        left -= part
        if is_held and ending != "stay":
            reversal = transaction_id(number)
            settled = {"settle": part, "part": (part + 1) // 2}.get(ending, 0)
            command = Settle(reversal, settled) if settled else Void(reversal)
            books = books_after(books, decide_units(books, [(command,)]))
            left += part - settled
        assert left == amount - _original(books).reversed_amount - _original(books).reversing_amount
    assert left >= 0


def test_what_is_held_is_left_to_no_other_reversal() -> None:
    refusal = refusal_of(BOOKS, Post(SENT), _hold(400), _hold(201))

    assert isinstance(refusal, ReversalExceedsOriginal)
    assert refusal.facts == {"required": 201, "reversible": 200}


@pytest.mark.parametrize("is_held", [True, False])
def test_nothing_is_left_to_reverse_while_all_of_it_is_held(*, is_held: bool) -> None:
    refusal = refusal_of(BOOKS, Post(SENT), HOLD_ALL, Reverse(FIRST, is_held=is_held))

    assert isinstance(refusal, AlreadyReversed)


@thoroughly
@given(amounts, st.data())
def test_holding_and_settling_a_reversal_equals_reversing(amount: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(1, amount))
    sent = Post(transfer(ONE, OTHER, amount))

    settled, _ = apply_all(BOOKS, sent, _hold(part), Settle(SECOND))
    reversed_, _ = apply_all(BOOKS, sent, Reverse(FIRST, part))

    assert _balances(settled) == _balances(reversed_)
    one, other = _original(settled), _original(reversed_)
    assert (one.reversed_amount, one.reversing_amount) == (part, 0)
    assert (other.reversed_amount, other.reversing_amount) == (part, 0)


@thoroughly
@given(amounts, st.data())
def test_voiding_a_held_reversal_restores_the_original_exactly(
    amount: int, data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, amount - 1))
    part = data.draw(st.integers(1, amount - before))
    earlier = [Reverse(FIRST, before)] if before else []
    sent, _ = apply_all(BOOKS, Post(transfer(ONE, OTHER, amount)), *earlier)

    held = books_after(sent, decide_units(sent, [(_hold(part),)], first_id=9))
    after, _ = apply_all(held, Void(transaction_id(9)))

    assert _original(held) != _original(sent)
    assert _original(after) == _original(sent)
    assert _balances(after) == _balances(sent)


@thoroughly
@given(amounts, st.data())
def test_settling_a_part_gives_the_rest_of_the_original_free(
    amount: int, data: st.DataObject
) -> None:
    held = data.draw(st.integers(1, amount))
    part = data.draw(st.integers(1, held))
    sent = Post(transfer(ONE, OTHER, amount))

    settled, _ = apply_all(BOOKS, sent, _hold(held), Settle(SECOND, part))
    reversed_, _ = apply_all(BOOKS, sent, Reverse(FIRST, part))

    assert _balances(settled) == _balances(reversed_)
    original = _original(settled)
    assert (original.reversed_amount, original.reversing_amount) == (part, 0)
    assert settled.transactions[SECOND].amount == part


def test_settling_tells_of_the_original_as_it_is_then() -> None:
    applied = _last(Post(SENT), _hold(250), Settle(SECOND, 200))

    assert applied.reversed is not None
    assert (applied.reversed.id, applied.reversed.reversed_amount) == (FIRST, 200)
    # 1 to 3 tell of SENT, 4 of the hold, 5 to 8 of its end: the last one of the original.
    assert (applied.transaction.sequence, applied.reversed.sequence) == (5, 8)
    assert {entry.sequence for entry in applied.entries} == {8}


@pytest.mark.parametrize("ending", [(), (Void(SECOND),)], ids=["held", "voided"])
def test_the_original_is_not_told_of_before_money_was_taken_back(ending: tuple[Void, ...]) -> None:
    applied = _last(Post(SENT), HOLD_ALL, *ending)

    assert applied.reversed is None


def test_a_voided_reversal_says_why() -> None:
    failure = Failure("charge_disputed", "The charge is disputed.")

    applied = _last(Post(SENT), HOLD_ALL, Void(SECOND, failure))

    assert (applied.transaction.status, applied.transaction.failure) == (Status.VOIDED, failure)
    assert applied.transaction.reverses == FIRST


def test_a_held_reversal_ends_once() -> None:
    for first in (Settle(SECOND), Void(SECOND)):
        for then in (Settle(SECOND), Void(SECOND)):
            assert isinstance(refusal_of(BOOKS, Post(SENT), HOLD_ALL, first, then), NotPending)


def test_no_more_is_settled_than_was_held_of_the_original() -> None:
    refusal = refusal_of(BOOKS, Post(SENT), _hold(400), Settle(SECOND, 401))

    assert isinstance(refusal, SettlementExceedsHold)


def test_a_reversal_that_is_held_is_not_reversed() -> None:
    refusal = refusal_of(BOOKS, Post(SENT), _hold(400), Reverse(SECOND))

    assert isinstance(refusal, NotReversible)


def test_three_postings_are_held_back_whole() -> None:
    sent = split(wallet(1), [(wallet(2), 300), (wallet(3), 300)])

    books, _ = apply_all(BOOKS, Post(sent), HOLD_ALL, Settle(SECOND))

    assert _balances(books) == _balances(BOOKS)
    assert _original(books).reversed_amount == 600


@given(amounts)
def test_an_account_stands_in_for_another(amount: int) -> None:
    books, _ = apply_all(
        BOOKS, Post(transfer(ONE, OTHER, amount)), Reverse(FIRST, instead={OTHER: THIRD})
    )

    posted = [each.posted for each in _balances(books)]
    assert posted == [FUNDS, FUNDS + amount, FUNDS - amount]
    assert _original(books).reversed_amount == amount


@thoroughly
@given(st.integers(0, FUNDS), amounts, st.booleans())
def test_what_stands_in_may_go_below_its_floor(funds: int, amount: int, is_held: bool) -> None:  # noqa: FBT001
    poor = evolve(BOOKS.accounts[THIRD], counters=wallet(3, funds).counters)
    books = evolve(BOOKS, accounts={**BOOKS.accounts, THIRD: poor})

    after, _ = apply_all(
        books,
        Post(transfer(ONE, OTHER, amount)),
        Reverse(FIRST, is_held=is_held, instead={OTHER: THIRD}),
    )

    assert after.accounts[THIRD].balance.available == funds - amount


def test_what_stands_in_for_another_must_be_open() -> None:
    frozen = evolve(BOOKS.accounts[THIRD], is_open=False)
    books = evolve(BOOKS, accounts={**BOOKS.accounts, THIRD: frozen})

    refusal = refusal_of(books, Post(SENT), Reverse(FIRST, instead={OTHER: THIRD}))

    assert isinstance(refusal, AccountNotOpen)
    assert refusal.subject == THIRD


def test_what_is_stood_in_for_may_be_closed() -> None:
    sent, _ = apply_all(BOOKS, Post(SENT))
    frozen = evolve(sent.accounts[OTHER], is_open=False)
    books = evolve(sent, accounts={**sent.accounts, OTHER: frozen})

    decisions = decide_units(books, [(Reverse(FIRST, instead={OTHER: THIRD}),)], first_id=2)

    assert isinstance(decisions.outcomes[0], tuple)


def test_what_stands_in_for_another_is_none_of_the_rest() -> None:
    refusal = refusal_of(BOOKS, Post(SENT), Reverse(FIRST, instead={OTHER: ONE}))

    assert isinstance(refusal, SameAccount)


def test_standing_in_for_nothing_changes_nothing() -> None:
    plain, _ = apply_all(BOOKS, Post(SENT), Reverse(FIRST))
    named, _ = apply_all(BOOKS, Post(SENT), Reverse(FIRST, instead={THIRD: settlement().id}))

    assert _balances(named) == _balances(plain)


@pytest.mark.parametrize("command", [Post, Hold])
def test_only_the_accounts_named_may_go_below_their_floor(
    command: type[Post] | type[Hold],
) -> None:
    limited = settlement(floor=-500)
    books = books_of([wallet(1, 100), wallet(2), limited])
    taken = transfer(ONE, OTHER, 101)

    named, _ = apply_all(books, command(evolve(taken, beyond_floor=frozenset({ONE}))))
    refusal = refusal_of(books, command(evolve(taken, beyond_floor=frozenset({OTHER, limited.id}))))

    assert named.accounts[ONE].balance.available == -1
    assert isinstance(refusal, InsufficientFunds)
    assert refusal.subject == ONE


def test_below_its_floor_an_account_keeps_it() -> None:
    books = books_of([wallet(1, 100), wallet(2)])
    taken = evolve(transfer(ONE, OTHER, 300), beyond_floor=frozenset({ONE}))

    refusal = refusal_of(books, Post(taken), Post(transfer(ONE, OTHER, 1)))

    assert isinstance(refusal, InsufficientFunds)
    assert refusal.facts == {"required": 1, "available": -200, "shortfall": 201, "held": 0}


@given(st.sampled_from(TransactionType), st.sets(st.sampled_from(TransactionType)))
def test_only_transactions_of_the_types_asked_for_are_reversed(
    type_: TransactionType, of_types: set[TransactionType]
) -> None:
    sent = evolve(SENT, type=type_)

    decisions = decide_units(
        BOOKS, [(Post(sent),), (Reverse(FIRST, of_types=frozenset(of_types)),)]
    )

    _, outcome = decisions.outcomes
    can_be = type_ in of_types and type_ is not TransactionType.REVERSAL
    assert isinstance(outcome, tuple) == can_be
    assert can_be or isinstance(outcome, NotReversible)


@pytest.mark.parametrize(
    ("commands", "status"),
    [
        ((Settle(FIRST),), Status.POSTED),
        ((Settle(FIRST, 400),), Status.POSTED),
        ((Void(FIRST),), Status.VOIDED),
        ((Settle(FIRST), Reverse(FIRST)), Status.POSTED),
        ((Settle(FIRST), Reverse(FIRST, 100)), Status.POSTED),
    ],
    ids=["paid", "paid in part", "failed", "came back", "came back in part"],
)
def test_the_end_of_a_payout_is_told_of_last(commands: tuple[Command, ...], status: Status) -> None:
    payout = evolve(transfer(ONE, settlement().id, 600), type=TransactionType.PAYOUT)

    books, (*_, last) = apply_all(BOOKS, Hold(payout), *commands)

    assert last.payout == books.transactions[FIRST]
    assert last.payout.status is status
    assert {entry.sequence for entry in last.entries} == {books.sequence}


def test_a_payout_that_came_back_has_the_number_of_what_tells_of_it() -> None:
    payout = evolve(transfer(ONE, settlement().id, 600), type=TransactionType.PAYOUT)

    applied = _last(Hold(payout), Settle(FIRST), Reverse(FIRST))

    # 1 tells of the hold; 2 to 4 of its end: payout, wallet, payout.completed. 5 is the reversal,
    # 6 the wallet, 7 transaction.reversed and 8 payout.failed.
    assert applied.transaction.sequence == 5
    assert applied.payout == applied.reversed
    assert applied.payout is not None
    assert (applied.payout.sequence, applied.payout.reversed_amount) == (8, 600)


@pytest.mark.parametrize(
    "commands",
    [
        (Hold(evolve(SENT, type=TransactionType.PAYOUT)),),
        (Hold(SENT), Settle(FIRST)),
        (Hold(SENT), Void(FIRST)),
        (Post(SENT), Reverse(FIRST)),
        (Post(evolve(SENT, type=TransactionType.PAYOUT)), HOLD_ALL),
        (Post(evolve(SENT, type=TransactionType.PAYOUT)), HOLD_ALL, Void(SECOND)),
    ],
    ids=["pending", "settled", "voided", "reversed", "about to come back", "did not come back"],
)
def test_no_payout_is_told_of_where_none_ended(commands: tuple[Command, ...]) -> None:
    assert _last(*commands).payout is None
