"""Each thing that the engine refuses, with what it tells the caller."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest
from attrs import evolve

from payflow_domain.errors import PayFlowError
from payflow_domain.ledger import errors
from payflow_domain.ledger.accounts import MAX_COUNTER, Account, Counters, Side
from payflow_domain.ledger.decisions import Books
from payflow_domain.ledger.transactions import (
    Command,
    Draft,
    Hold,
    Post,
    Posting,
    Reverse,
    Settle,
    TransactionType,
    Void,
)
from payflow_domain.money import MAX_AMOUNT, InvalidAmount, Money
from tests.builders.deciding import decide_units, refusal_of, split
from tests.builders.ledger import books_of, funded_books, settlement, transfer, wallet
from tests.builders.times import transaction_id, wallet_id
from tests.strategies.ledger import ABSENT, one_legged, other_headline, unbalanced

ONE, OTHER = wallet_id(1), wallet_id(2)
FIRST, SECOND = transaction_id(1), transaction_id(2)
BOOKS = funded_books(wallets=3, funds=1000)
SENT = transfer(ONE, OTHER, 600)
SPLIT = split(wallet(1), [(wallet(2), 300), (wallet(3), 300)])


class Refused(NamedTuple):
    """A sequence of commands of which the last is refused, and how."""

    commands: tuple[Command, ...]
    error: type[PayFlowError]
    code: str
    subject: str | None = None
    facts: Mapping[str, object] = {}
    books: Books = BOOKS


def _raw(amount: object, headline: int = 1) -> Draft:
    """Draft what no caller could write with Money."""
    legs = (Posting(ONE, Side.DEBIT, amount), Posting(OTHER, Side.CREDIT, amount))  # type: ignore[arg-type]
    return Draft(TransactionType.TRANSFER, Money(headline, "EUR"), legs)


def _with(account: Account) -> Books:
    return evolve(BOOKS, accounts={**BOOKS.accounts, account.id: account})


FROZEN = _with(evolve(BOOKS.accounts[OTHER], is_open=False))
FULL = _with(evolve(BOOKS.accounts[OTHER], counters=Counters(credits_posted=MAX_COUNTER)))
BELOW = _with(evolve(BOOKS.accounts[ONE], floor=2000))
YEN = books_of([wallet(1, 1000), wallet(2, currency="JPY"), settlement(owed=1000)])

REFUSED = {
    "more than is available": Refused(
        (Post(transfer(ONE, OTHER, 1001)),),
        errors.InsufficientFunds,
        "insufficient_funds",
        ONE,
        {"required": 1001, "available": 1000, "shortfall": 1, "held": 0},
    ),
    "what is held already": Refused(
        (Hold(SENT), Post(transfer(ONE, OTHER, 500))),
        errors.InsufficientFunds,
        "insufficient_funds",
        ONE,
        {"required": 500, "available": 400, "shortfall": 100, "held": 600},
    ),
    "to hold what is held already": Refused(
        (Hold(SENT), Hold(transfer(ONE, OTHER, 401))),
        errors.InsufficientFunds,
        "insufficient_funds",
        ONE,
        {"required": 401, "available": 400, "shortfall": 1, "held": 600},
    ),
    "what is coming in but not there yet": Refused(
        (Hold(SENT), Post(transfer(OTHER, ONE, 1001))),
        errors.InsufficientFunds,
        "insufficient_funds",
        OTHER,
        {"required": 1001, "available": 1000, "shortfall": 1, "held": 0},
    ),
    "anything from below the floor": Refused(
        (Post(transfer(ONE, OTHER, 1)),),
        errors.InsufficientFunds,
        "insufficient_funds",
        ONE,
        {"required": 1, "available": -1000, "shortfall": 1001, "held": 0},
        BELOW,
    ),
    "to take back what has been spent": Refused(
        (Post(SENT), Post(transfer(OTHER, wallet_id(3), 1100)), Reverse(FIRST)),
        errors.InsufficientFunds,
        "insufficient_funds",
        OTHER,
        {"required": 600, "available": 500, "shortfall": 100, "held": 0},
    ),
    "an unknown account": Refused(
        (Post(transfer(ONE, ABSENT, 1)),), errors.AccountNotFound, "wallet_not_found", ABSENT
    ),
    "an unknown transaction": Refused(
        (Hold(SENT), Settle(SECOND)), errors.TransactionNotFound, "transaction_not_found", SECOND
    ),
    "a frozen wallet": Refused(
        (Post(SENT),), errors.AccountNotOpen, "wallet_not_active", OTHER, books=FROZEN
    ),
    "to hold for a frozen wallet": Refused(
        (Hold(SENT),), errors.AccountNotOpen, "wallet_not_active", OTHER, books=FROZEN
    ),
    "another currency than the wallets'": Refused(
        (Post(transfer(ONE, OTHER, 1, "JPY")),), errors.CurrencyMismatch, "currency_mismatch", ONE
    ),
    "wallets of two currencies": Refused(
        (Post(SENT),), errors.CurrencyMismatch, "currency_mismatch", OTHER, books=YEN
    ),
    "a transfer to itself": Refused(
        (Post(transfer(ONE, ONE, 1)),), errors.SameAccount, "same_wallet", ONE
    ),
    "debits that are not the credits": Refused(
        (Post(unbalanced(SENT)),), errors.Unbalanced, "unbalanced"
    ),
    "a single posting": Refused((Post(one_legged(SENT)),), errors.Unbalanced, "unbalanced"),
    "no posting": Refused((Post(evolve(SENT, postings=())),), errors.Unbalanced, "unbalanced"),
    "postings of another amount than is said": Refused(
        (Post(other_headline(SENT)),), errors.Unbalanced, "unbalanced"
    ),
    "a posting of nothing": Refused((Post(_raw(0)),), InvalidAmount, "invalid_amount", ONE),
    "a negative posting": Refused((Post(_raw(-1)),), InvalidAmount, "invalid_amount", ONE),
    "a posting of a float": Refused((Post(_raw(1.0)),), InvalidAmount, "invalid_amount", ONE),
    "a posting of true": Refused((Post(_raw(amount=True)),), InvalidAmount, "invalid_amount", ONE),
    "a posting above the largest amount": Refused(
        (Post(_raw(MAX_AMOUNT + 1)),), InvalidAmount, "invalid_amount", ONE
    ),
    "more than a counter holds": Refused(
        (Post(transfer(ONE, OTHER, 1)),),
        errors.BalanceOverflow,
        "balance_overflow",
        OTHER,
        books=FULL,
    ),
    "to settle what is posted": Refused(
        (Post(SENT), Settle(FIRST)), errors.NotPending, "transaction_not_pending", FIRST
    ),
    "to void what is posted": Refused(
        (Post(SENT), Void(FIRST)), errors.NotPending, "transaction_not_pending", FIRST
    ),
    "to settle what is voided": Refused(
        (Hold(SENT), Void(FIRST), Settle(FIRST)),
        errors.NotPending,
        "transaction_not_pending",
        FIRST,
    ),
    "to settle more than was held": Refused(
        (Hold(SENT), Settle(FIRST, 601)),
        errors.SettlementExceedsHold,
        "settlement_exceeds_hold",
        FIRST,
    ),
    "to settle nothing": Refused((Hold(SENT), Settle(FIRST, 0)), InvalidAmount, "invalid_amount"),
    "to settle less than nothing": Refused(
        (Hold(SENT), Settle(FIRST, -1)), InvalidAmount, "invalid_amount"
    ),
    "to settle a part of three postings": Refused(
        (Hold(SPLIT), Settle(FIRST, 300)),
        errors.NotDivisible,
        "transaction_not_divisible",
        FIRST,
    ),
    "to reverse what is pending": Refused(
        (Hold(SENT), Reverse(FIRST)), errors.NotReversible, "transaction_not_reversible", FIRST
    ),
    "to reverse what is voided": Refused(
        (Hold(SENT), Void(FIRST), Reverse(FIRST)),
        errors.NotReversible,
        "transaction_not_reversible",
        FIRST,
    ),
    "to reverse a reversal": Refused(
        (Post(SENT), Reverse(FIRST), Reverse(SECOND)),
        errors.NotReversible,
        "transaction_not_reversible",
        SECOND,
    ),
    "to reverse twice": Refused(
        (Post(SENT), Reverse(FIRST), Reverse(FIRST)),
        errors.AlreadyReversed,
        "transaction_already_reversed",
        FIRST,
    ),
    "to reverse more than is left": Refused(
        (Post(SENT), Reverse(FIRST, 400), Reverse(FIRST, 201)),
        errors.ReversalExceedsOriginal,
        "reversal_exceeds_original",
        FIRST,
        {"required": 201, "reversible": 200},
    ),
    "to reverse more than was settled": Refused(
        (Hold(SENT), Settle(FIRST, 100), Reverse(FIRST, 101)),
        errors.ReversalExceedsOriginal,
        "reversal_exceeds_original",
        FIRST,
        {"required": 101, "reversible": 100},
    ),
    "to reverse nothing": Refused((Post(SENT), Reverse(FIRST, 0)), InvalidAmount, "invalid_amount"),
    "to reverse more than any amount can be": Refused(
        (Post(SENT), Reverse(FIRST, MAX_AMOUNT + 1)), InvalidAmount, "invalid_amount"
    ),
    "to reverse a part of three postings": Refused(
        (Post(SPLIT), Reverse(FIRST, 300)),
        errors.NotDivisible,
        "transaction_not_divisible",
        FIRST,
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_it_refuses(case: Refused) -> None:
    refusal = refusal_of(case.books, *case.commands)

    assert type(refusal) is case.error
    assert refusal.code == case.code
    assert refusal.subject == case.subject
    assert refusal.facts == case.facts
    assert refusal.detail.endswith(".")


def test_a_refusal_tells_which_command_of_its_unit_it_was() -> None:
    unit = (Post(SENT), Post(transfer(ONE, OTHER, 400)), Post(transfer(ONE, OTHER, 1)), Void(FIRST))

    (outcome,) = decide_units(BOOKS, [unit]).outcomes

    assert isinstance(outcome, errors.InsufficientFunds)
    assert outcome.position == 2


def test_every_refusal_of_the_engine_is_shown_here() -> None:
    elsewhere = {
        errors.LedgerNotFound,
        errors.AccountExists,
        errors.InvalidAccountId,
        errors.IdempotencyKeyReused,
        errors.IdempotencyInFlight,
        errors.CommitFailed,
    }
    declared = {each for each in vars(errors).values() if _is_own(each)}

    assert {case.error for case in REFUSED.values()} == declared - elsewhere | {InvalidAmount}


def _is_own(member: object) -> bool:
    return isinstance(member, type) and member.__module__ == errors.__name__
