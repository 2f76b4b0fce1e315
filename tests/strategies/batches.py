"""Batches whose commands know of one another, so that most of them take effect.

A step is a number, cheap to draw and to shrink; it becomes a command when it is known
which transactions exist at that point of the batch.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from attrs import evolve, frozen
from hypothesis import strategies as st

from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import Account
from payflow_domain.ledger.decisions import Books, Decisions
from payflow_domain.ledger.transactions import (
    Command,
    Draft,
    Hold,
    Post,
    Reverse,
    Settle,
    Status,
    Transaction,
    TransactionType,
    Unit,
    Void,
)
from payflow_domain.money import MAX_AMOUNT
from tests.builders.deciding import books_after, decide_units, split
from tests.builders.ledger import books_of, settlement, transfer, wallet
from tests.strategies.ledger import (
    ABSENT,
    in_other_currency,
    one_legged,
    other_headline,
    unbalanced,
)


@frozen
class Batch:
    """Books and units to decide on them with ``decide_units``."""

    books: Books
    units: Sequence[Unit]

    def decide(self) -> Decisions:
        return decide_units(self.books, self.units)


class Step(NamedTuple):
    """What a command is made of."""

    kind: str
    part: bool
    closes_unit: bool
    one: int
    other: int
    amount: int


_MAKING = ("post", "hold")
_REVERSING = ("reverse", "reverse_held", "reverse_instead", "reverse_of_types")
_ENDING = ("settle", "void")
_FOLLOWING = (*_ENDING * 4, *_REVERSING, *_REVERSING[:3], "reverse_held")
_REFUSED = ("same", "absent", "unbalanced", "currency", "one_legged", "headline")
_KINDS = (*_MAKING * 3, "post", "beyond", "split", "split_hold", *_FOLLOWING, *_REFUSED)
_AMOUNTS = (*range(1, 151), *range(1, 31), MAX_AMOUNT)
_CHOICES = (len(_KINDS), 2, 3, 8, 6, len(_AMOUNTS))
_ANY_TRANSACTION = 5
_FLOORS = (0, 0, None, None, -300, -50, 50, 250)
_FUNDS_MAX = 300


def _step(number: int) -> Step:
    """Read a step out of one number: to draw each of its parts would take five times as long.

    The number is drawn as bytes, which come out evenly: integers are mostly small ones.
    """
    digits = []
    for choices in _CHOICES:
        number, digit = divmod(number, choices)
        digits.append(digit)
    kind, part, unit, one, other, amount = digits
    return Step(_KINDS[kind], part == 1, unit > 0, one, other, _AMOUNTS[amount])


_steps = st.binary(min_size=4, max_size=4).map(lambda drawn: _step(int.from_bytes(drawn, "big")))


def _books(wallets: Sequence[int], closed: int | None) -> Books:
    """Return balanced books: three wallets and the settlement in EUR, the same in JPY."""
    funds, limits = zip(*[divmod(each, len(_FLOORS)) for each in wallets], strict=True)
    accounts: list[Account] = []
    for currency, first in (("EUR", 0), ("JPY", 3)):
        for n in range(first, first + 3):
            opened = wallet(n + 1, funds[n], floor=_FLOORS[limits[n]], currency=currency)
            accounts.append(evolve(opened, is_open=n != closed))
        accounts.append(settlement(currency, owed=sum(funds[first : first + 3])))
    return books_of(accounts)


_wallets = st.integers(0, len(_FLOORS) * (_FUNDS_MAX + 1) - 1)
balanced_books = st.builds(
    _books, st.tuples(*[_wallets] * 6), closed=st.sampled_from([*[None] * 6, 0, 4])
)


def batches(steps_max: int = 8) -> st.SearchStrategy[Batch]:
    """Draw batches of up to ``steps_max`` commands."""
    steps = st.lists(_steps, min_size=steps_max // 2, max_size=steps_max)
    return st.builds(_batch, balanced_books, steps)


def _batch(books: Books, steps: Sequence[Step]) -> Batch:
    units: list[Unit] = []
    unit: Unit = ()
    for step in steps:
        decisions = decide_units(books, [*units, unit])
        made = list(books_after(books, decisions).transactions.values())
        unit = (*unit, _command(step, list(books.accounts.values()), made))
        if step.closes_unit:
            units, unit = [*units, unit], ()
    return Batch(books, [*units, unit] if unit else units)


def _command(step: Step, accounts: Sequence[Account], made: Sequence[Transaction]) -> Command:
    if step.kind in _FOLLOWING and made:
        return _follow(step, accounts, made)
    draft = _draft(step, accounts)
    return Post(draft) if step.kind in {"post", "beyond", "split"} else Hold(draft)


def _draft(step: Step, accounts: Sequence[Account]) -> Draft:
    debit = accounts[step.one % len(accounts)]
    peers = [each for each in accounts if each.currency == debit.currency and each is not debit]
    credit = peers[step.other % len(peers)]
    if step.kind.startswith("split"):
        amount = min(step.amount, MAX_AMOUNT // 4)
        return split(debit, [(peer, amount) for peer in peers])
    draft = transfer(debit.id, _credited(step, debit, credit), step.amount, debit.currency)
    if step.part:
        draft = evolve(draft, type=TransactionType.PAYOUT)
    if step.kind == "beyond":
        return evolve(draft, beyond_floor=frozenset({debit.id}))
    return _SPOILT.get(step.kind, _as_it_is)(draft)


def _as_it_is(draft: Draft) -> Draft:
    return draft


def _credited(step: Step, debit: Account, credit: Account) -> AccountId:
    return {"same": debit.id, "absent": ABSENT}.get(step.kind, credit.id)


def _headline(draft: Draft) -> Draft:
    return draft if draft.money.amount == MAX_AMOUNT else other_headline(draft)


_SPOILT: dict[str, Callable[[Draft], Draft]] = {
    "unbalanced": unbalanced,
    "currency": in_other_currency,
    "one_legged": one_legged,
    "headline": _headline,
}


def _follow(step: Step, accounts: Sequence[Account], made: Sequence[Transaction]) -> Command:
    """Settle, void or reverse a transaction that can be, most of the time."""
    ends = step.kind in _ENDING
    fitting = [each for each in made if (_can_end if ends else _can_be_reversed)(each)]
    choice = fitting if fitting and step.other < _ANY_TRANSACTION else made
    chosen = choice[step.one % len(choice)]
    amount = 1 + step.amount % (min(chosen.amount, MAX_AMOUNT - 1) + 1) if step.part else None
    if not ends:
        return _reverse(step, accounts, chosen, amount)
    return Settle(chosen.id, amount) if step.kind == "settle" else Void(chosen.id)


def _can_end(transaction: Transaction) -> bool:
    return transaction.status is Status.PENDING


def _can_be_reversed(transaction: Transaction) -> bool:
    is_reversal = transaction.type is TransactionType.REVERSAL
    return transaction.status is Status.POSTED and not is_reversal


def _reverse(
    step: Step, accounts: Sequence[Account], chosen: Transaction, amount: int | None
) -> Reverse:
    match step.kind:
        case "reverse_held":
            return Reverse(chosen.id, amount, is_held=True)
        case "reverse_instead":
            replaced = chosen.postings[step.other % len(chosen.postings)].account_id
            peers = [each.id for each in accounts if each.currency == chosen.currency]
            return Reverse(chosen.id, amount, instead={replaced: peers[step.amount % len(peers)]})
        case "reverse_of_types":
            return Reverse(chosen.id, amount, of_types=frozenset({TransactionType.TRANSFER}))
        case _:
            return Reverse(chosen.id, amount)
