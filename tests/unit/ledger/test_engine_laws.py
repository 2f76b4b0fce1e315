"""How the commands of the ledger relate: hold, settle, void and reverse in terms of post."""

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import MAX_COUNTER, Counters, Side
from payflow_domain.ledger.decisions import Books
from payflow_domain.ledger.errors import (
    AlreadyReversed,
    BalanceOverflow,
    InsufficientFunds,
    NotPending,
    ReversalExceedsOriginal,
    SettlementExceedsHold,
)
from payflow_domain.ledger.transactions import Draft, Hold, Post, Reverse, Settle, Status, Void
from payflow_domain.money import MAX_AMOUNT
from tests.builders.deciding import apply_all, books_after, decide_units, refusal_of, split
from tests.builders.ledger import books_of, funded_books, settlement, transfer, wallet
from tests.builders.times import transaction_id, wallet_id

thoroughly = settings(max_examples=1000)

FUNDS = 1000
BOOKS = funded_books(wallets=3, funds=FUNDS)
ONE, OTHER, THIRD = map(wallet_id, (1, 2, 3))
FIRST = transaction_id(1)

parts = st.integers(1, FUNDS)
_pairs = st.permutations(list(BOOKS.accounts)).map(lambda ids: ids[:2])
two_legged = st.builds(lambda pair, amount: transfer(pair[0], pair[1], amount), _pairs, parts)
split_in_three = st.builds(
    lambda one, other: split(
        BOOKS.accounts[ONE], [(BOOKS.accounts[OTHER], one), (settlement(), other)]
    ),
    st.integers(1, FUNDS // 2),
    st.integers(1, FUNDS // 2),
)
affordable = two_legged | split_in_three
endings = st.sampled_from([Settle(FIRST), Void(FIRST)])


@thoroughly
@given(affordable)
def test_hold_then_void_restores_every_counter(draft: Draft) -> None:
    after, _ = apply_all(BOOKS, Hold(draft), Void(FIRST))

    assert _counters(after) == _counters(BOOKS)


@thoroughly
@given(affordable)
def test_hold_then_settle_equals_post(draft: Draft) -> None:
    settled, _ = apply_all(BOOKS, Hold(draft), Settle(FIRST))
    posted, _ = apply_all(BOOKS, Post(draft))

    assert _counters(settled) == _counters(posted)
    one, other = settled.transactions[FIRST], posted.transactions[FIRST]
    assert (one.status, one.amount, one.postings) == (other.status, other.amount, other.postings)


@thoroughly
@given(two_legged, st.data())
def test_settling_a_part_equals_posting_that_part(draft: Draft, data: st.DataObject) -> None:
    part = data.draw(st.integers(1, draft.money.amount))

    settled, _ = apply_all(BOOKS, Hold(draft), Settle(FIRST, part))
    posted, _ = apply_all(BOOKS, Post(_part(draft, part)))

    assert _counters(settled) == _counters(posted)
    assert settled.transactions[FIRST].postings == posted.transactions[FIRST].postings


@thoroughly
@given(affordable)
def test_a_hold_takes_what_a_post_takes_and_gives_nothing_yet(draft: Draft) -> None:
    held, _ = apply_all(BOOKS, Hold(draft))
    posted, _ = apply_all(BOOKS, Post(draft))

    for account_id in (ONE, OTHER, THIRD):
        before = BOOKS.accounts[account_id].balance
        assert held.accounts[account_id].balance.posted == before.posted
        afterwards = posted.accounts[account_id].balance.available
        expected = min(before.available, afterwards)
        assert held.accounts[account_id].balance.available == expected


@thoroughly
@given(affordable)
def test_reversing_all_restores_every_posted_balance(draft: Draft) -> None:
    after, _ = apply_all(BOOKS, Post(draft), Reverse(FIRST))

    assert _posted(after) == _posted(BOOKS)
    assert isinstance(refusal_of(after, Reverse(FIRST)), AlreadyReversed)


@thoroughly
@given(two_legged, st.lists(st.integers(1, 500), min_size=1, max_size=8))
def test_parts_are_reversed_as_long_as_they_fit(draft: Draft, wanted: list[int]) -> None:
    books, _ = apply_all(BOOKS, Post(draft))

    left = draft.money.amount
    for amount in wanted:
        decisions = decide_units(books, [(Reverse(FIRST, amount),)], first_id=100 + left)
        (outcome,) = decisions.outcomes
        books = books_after(books, decisions)
        if amount <= left:
            assert isinstance(outcome, tuple)
            left -= amount
        else:
            refusal = AlreadyReversed if left == 0 else ReversalExceedsOriginal
            assert type(outcome) is refusal
        assert books.transactions[FIRST].reversed_amount == draft.money.amount - left
    posted, _ = apply_all(BOOKS, *([Post(_part(draft, left))] if left else []))
    assert _posted(books) == _posted(posted)


@given(two_legged, endings)
def test_a_hold_may_end_on_a_closed_account_which_stays_closed(
    draft: Draft, ending: Settle | Void
) -> None:
    held, _ = apply_all(BOOKS, Hold(draft))
    closed = {id_: evolve(account, is_open=False) for id_, account in held.accounts.items()}

    after, _ = apply_all(evolve(held, accounts=closed), ending)

    assert after.transactions[FIRST].status is not Status.PENDING
    assert not any(account.is_open for account in after.accounts.values())


@thoroughly
@given(affordable, endings, endings)
def test_a_hold_ends_once(draft: Draft, first: Settle | Void, then: Settle | Void) -> None:
    refusal = refusal_of(BOOKS, Hold(draft), first, then)

    assert type(refusal) is NotPending
    assert refusal.subject == FIRST


@thoroughly
@given(two_legged, st.integers(1, MAX_AMOUNT - FUNDS))
def test_no_more_is_settled_than_was_held(draft: Draft, excess: int) -> None:
    refusal = refusal_of(BOOKS, Hold(draft), Settle(FIRST, draft.money.amount + excess))

    assert type(refusal) is SettlementExceedsHold


@thoroughly
@given(st.integers(0, 1000), st.integers(-500, 500), st.integers(1, 2000), st.integers(0, 1000))
def test_a_wallet_pays_exactly_down_to_its_floor(
    funds: int, floor: int, amount: int, held: int
) -> None:
    payer = wallet(1, funds, floor=floor)
    books = books_of([payer, wallet(2), settlement(owed=funds)])
    holding = [Hold(transfer(ONE, OTHER, held))] if 0 < held <= funds - floor else []

    before, _ = apply_all(books, *holding)
    (outcome,) = decide_units(before, [(Post(transfer(ONE, OTHER, amount)),)], 10).outcomes

    available = funds - sum(each.draft.money.amount for each in holding) - floor
    assert isinstance(outcome, tuple) == (amount <= available)
    assert isinstance(outcome, tuple | InsufficientFunds)


@given(parts, st.sampled_from([Post, Hold]))
def test_an_account_below_its_floor_may_be_given_to(
    amount: int, command: type[Post] | type[Hold]
) -> None:
    poor = wallet(2, 0, floor=10 * FUNDS)
    books = books_of([wallet(1, FUNDS), poor, settlement(owed=FUNDS)])

    after, _ = apply_all(books, command(transfer(ONE, OTHER, amount)))

    balance = after.accounts[OTHER].balance
    assert balance.posted + balance.pending == amount


@thoroughly
@given(
    st.integers(MAX_COUNTER - 2 * MAX_AMOUNT, MAX_COUNTER),
    st.integers(1, MAX_AMOUNT),
    st.sampled_from(Side),
    st.sampled_from([Post, Hold]),
)
def test_a_counter_never_passes_what_64_bits_hold(
    start: int, amount: int, side: Side, command: type[Post] | type[Hold]
) -> None:
    full = Counters(
        debits_posted=start, credits_posted=start, debits_pending=start, credits_pending=start
    )
    account = evolve(settlement(), counters=full)
    books = books_of([wallet(1, floor=None), account])
    pair = (account.id, ONE) if side is Side.DEBIT else (ONE, account.id)

    (outcome,) = decide_units(books, [(command(transfer(*pair, amount)),)]).outcomes

    if start + amount > MAX_COUNTER:
        assert isinstance(outcome, BalanceOverflow)
    else:
        assert not isinstance(outcome, PayFlowError)


def _part(draft: Draft, amount: int) -> Draft:
    """Draft the same movement of another amount."""
    debit, credit = sorted(draft.postings, key=lambda posting: posting.side is Side.CREDIT)
    return transfer(debit.account_id, credit.account_id, amount)


def _counters(books: Books) -> dict[AccountId, Counters]:
    return {account.id: account.counters for account in books.accounts.values()}


def _posted(books: Books) -> dict[AccountId, int]:
    return {account.id: account.balance.posted for account in books.accounts.values()}
