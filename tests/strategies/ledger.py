"""Values of the ledger, drawn by Hypothesis: valid ones, and every way to be invalid."""

from collections.abc import Sequence
from itertools import combinations, permutations

from attrs import evolve
from hypothesis import strategies as st

from payflow_domain.ids import TransactionId
from payflow_domain.ledger.accounts import Account, Side
from payflow_domain.ledger.decisions import Books
from payflow_domain.ledger.idempotency import Claim, IdempotencyKey
from payflow_domain.ledger.transactions import (
    Command,
    Draft,
    Failure,
    Hold,
    Post,
    Posting,
    Reverse,
    Settle,
    TransactionType,
    Unit,
    Void,
    two_legged,
)
from payflow_domain.money import MAX_AMOUNT, Money
from tests.builders.ledger import books_of, settlement, wallet
from tests.builders.times import transaction_id, wallet_id

CURRENCIES = ("EUR", "JPY", "KWD")
ABSENT = wallet_id(10**9)
"""The id of an account that no strategy opens."""

FIRST_IDS = tuple(map(transaction_id, range(1, 5)))

currencies = st.sampled_from(CURRENCIES)
_made_types = st.sampled_from([each for each in TransactionType if each.value != "reversal"])
small_amounts = st.integers(1, 200)
"""Amounts of the size of the funds below, so that floors are met often."""
amounts = st.one_of(small_amounts, st.sampled_from([1, MAX_AMOUNT]), st.integers(1, MAX_AMOUNT))
floors = st.one_of(st.just(0), st.none(), st.integers(-300, 300))

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
"""Text that a database and UTF-8 can hold."""
metadata = st.dictionaries(texts, texts | st.just(""), max_size=3)
failures = st.builds(Failure, code=st.just("bank_refused"), message=texts)


@st.composite
def opened_accounts(draw: st.DrawFn, currency: str, first: int, count_max: int) -> list[Account]:
    """Draw balanced accounts of one currency: wallets numbered from ``first``, and settlement."""
    funds = draw(st.lists(st.integers(0, 300), min_size=2, max_size=count_max))
    opened = [
        wallet(first + n, fund, floor=draw(floors), currency=currency)
        for n, fund in enumerate(funds)
    ]
    return [*opened, settlement(currency, floor=draw(floors), owed=sum(funds))]


@st.composite
def books(draw: st.DrawFn, wallets_max: int = 4) -> Books:
    """Draw balanced books without transactions, in one currency or two."""
    chosen = draw(st.lists(currencies, min_size=1, max_size=2, unique=True))
    accounts: list[Account] = []
    for currency in chosen:
        first = len(accounts) + 1
        accounts += draw(opened_accounts(currency, first=first, count_max=wallets_max))
    return books_of(accounts)


def drafts(accounts: Sequence[Account], sizes: st.SearchStrategy[int]) -> st.SearchStrategy[Draft]:
    """Draw well-formed drafts: whether there is money enough is not said."""
    return st.one_of(two_legged_drafts(accounts, sizes), split_drafts(accounts, sizes))


def two_legged_drafts(
    accounts: Sequence[Account], sizes: st.SearchStrategy[int]
) -> st.SearchStrategy[Draft]:
    """Draw a movement from one account to another of its currency."""
    pairs = [
        (debit, credit)
        for debit, credit in permutations(accounts, 2)
        if debit.currency == credit.currency
    ]
    return st.builds(_two_legged, _made_types, st.sampled_from(pairs), sizes)


def _two_legged(type_: TransactionType, pair: tuple[Account, Account], amount: int) -> Draft:
    debit, credit = pair
    money = Money(amount, debit.currency)
    return two_legged(type_, money, debit=debit.id, credit=credit.id)


@st.composite
def split_drafts(
    draw: st.DrawFn, accounts: Sequence[Account], sizes: st.SearchStrategy[int]
) -> Draft:
    """Draw a movement of one account against two others."""
    one, *others = draw(st.sampled_from(_triples(accounts)))
    side = draw(st.sampled_from(Side))
    parts = [min(draw(sizes), MAX_AMOUNT // 2) for _ in others]
    postings = [Posting(one.id, side, sum(parts))]
    postings += [
        Posting(other.id, side.opposite, part) for other, part in zip(others, parts, strict=True)
    ]
    first = draw(st.integers(0, 2))
    turned = postings[first:] + postings[:first]
    return Draft(draw(_made_types), Money(sum(parts), one.currency), tuple(turned))


def _triples(accounts: Sequence[Account]) -> list[tuple[Account, ...]]:
    """Pair each account with two others of its currency."""
    triples: list[tuple[Account, ...]] = []
    for one in accounts:
        others = [each for each in accounts if each.currency == one.currency and each != one]
        triples += [(one, *pair) for pair in combinations(others, 2)]
    return triples


def invalid_drafts(accounts: Sequence[Account]) -> st.SearchStrategy[Draft]:
    """Draw drafts that are refused whatever the balances are."""
    valid = two_legged_drafts(accounts, small_amounts)
    return st.one_of(
        valid.map(unbalanced),
        valid.map(to_unknown_account),
        valid.map(to_same_account),
        valid.map(in_other_currency),
        valid.map(one_legged),
        valid.map(other_headline),
    )


def unbalanced(draft: Draft) -> Draft:
    """Make the credit one unit larger than the debit."""
    debit, credit = draft.postings
    return evolve(draft, postings=(debit, evolve(credit, amount=credit.amount + 1)))


def to_unknown_account(draft: Draft) -> Draft:
    """Credit an account that does not exist."""
    debit, credit = draft.postings
    return evolve(draft, postings=(debit, evolve(credit, account_id=ABSENT)))


def to_same_account(draft: Draft) -> Draft:
    """Credit the account that is debited."""
    debit, credit = draft.postings
    return evolve(draft, postings=(debit, evolve(credit, account_id=debit.account_id)))


def in_other_currency(draft: Draft) -> Draft:
    """Name a currency that the accounts are not kept in."""
    return evolve(draft, money=evolve(draft.money, currency="CHF"))


def one_legged(draft: Draft) -> Draft:
    """Leave out the credit."""
    return evolve(draft, postings=draft.postings[:1])


def other_headline(draft: Draft) -> Draft:
    """Say that more is moved than the postings move."""
    return evolve(draft, money=evolve(draft.money, amount=draft.money.amount + 1))


def commands(
    accounts: Sequence[Account],
    transactions: Sequence[TransactionId] = FIRST_IDS,
) -> st.SearchStrategy[Command]:
    """Draw commands of the whole algebra, some of them refused.

    Settle, void and reverse name one of ``transactions``: by default the ids that
    ``transaction_id`` gives to the first few numbers, for a batch whose ``new_id`` counts so.
    """
    ids = st.sampled_from(transactions)
    parts = st.none() | small_amounts
    valid = drafts(accounts, small_amounts)
    return st.one_of(
        st.builds(Post, valid),
        st.builds(Hold, valid),
        st.builds(Hold, two_legged_drafts(accounts, small_amounts)),
        st.builds(Settle, ids, parts),
        st.builds(Void, ids, st.none() | failures),
        st.builds(Reverse, ids, parts, is_held=st.booleans()),
        st.builds(Post, invalid_drafts(accounts) | drafts(accounts, amounts)),
        st.builds(Hold, invalid_drafts(accounts)),
    )


def units(
    accounts: Sequence[Account], commands_max: int = 3, **pool: Sequence[TransactionId]
) -> st.SearchStrategy[Unit]:
    """Draw units, most of them of one command."""
    one = commands(accounts, **pool)
    return st.one_of(
        one.map(lambda command: (command,)),
        st.lists(one, min_size=1, max_size=commands_max).map(tuple),
    )


keys = st.sampled_from([IdempotencyKey(f"key-{n}") for n in range(4)])
"""Few, so that they meet again."""
claims = st.builds(Claim, keys, st.sampled_from([bytes(32), b"\x01" * 32]))
"""Claims of few keys by one of two requests each."""
