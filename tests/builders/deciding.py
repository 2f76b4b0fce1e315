"""Deciding in a test: the engine at one moment, with ids that count from 1."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import count

from attrs import evolve, frozen

from payflow_adapters.encoding import encode_json
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import Mint, TransactionId
from payflow_domain.ledger.accounts import Account, AccountKind, Side, system_account_id
from payflow_domain.ledger.batch import Request, Result, decide_requests, tell
from payflow_domain.ledger.decisions import Applied, Books, Decisions
from payflow_domain.ledger.engine import decide
from payflow_domain.ledger.ports import Changes, Loaded
from payflow_domain.ledger.transactions import Command, Draft, Posting, TransactionType, Unit
from payflow_domain.money import Money
from tests.builders.ledger import EUR
from tests.builders.times import START, transaction_id


def decide_units(books: Books, units: Sequence[Unit], first_id: int = 1) -> Decisions:
    """Decide ``units``; ``transaction_id`` tells the ids, numbered from ``first_id``."""
    return decide_naming(books, units, map(transaction_id, count(first_id)))


def decide_naming(books: Books, units: Sequence[Unit], ids: Iterator[TransactionId]) -> Decisions:
    """Decide ``units``; new transactions get ``ids``."""
    return decide(books, units, START, lambda: next(ids))


@frozen
class DecidedRequests:
    """What became of requests: a result for each, and all there is to write, if anything."""

    results: Sequence[Result]
    changes: Changes | None


def decide_in_one(
    books: Loaded, requests: Sequence[Request], at: datetime, mint: Mint
) -> DecidedRequests:
    """Decide ``requests`` and tell of them; what both write is put together."""
    decided = decide_requests(books, requests, at, mint)
    told = tell(decided, encode_json)
    assert (decided.moved is None) == (told.journal is None)
    if decided.moved is None or told.journal is None:
        return DecidedRequests(told.results, None)
    journal = told.journal
    changes = evolve(
        decided.moved, ledger=journal.ledger, events=journal.events, spent=journal.spent
    )
    return DecidedRequests(told.results, changes)


def books_after(books: Books, decisions: Decisions) -> Books:
    """Return the books as the decisions leave them."""
    return Books(
        decisions.sequence,
        {**books.accounts, **decisions.accounts},
        {**books.transactions, **decisions.transactions},
    )


def applied_in(decisions: Decisions) -> list[Applied]:
    """Return the commands that took effect, in their order."""
    return [one for each in decisions.outcomes if isinstance(each, tuple) for one in each]


def apply_all(books: Books, *commands: Command) -> tuple[Books, list[Applied]]:
    """Apply commands as units of one each; all of them must be accepted."""
    decisions = decide_units(books, [(command,) for command in commands])
    for outcome in decisions.outcomes:
        if isinstance(outcome, PayFlowError):
            raise outcome
    return books_after(books, decisions), applied_in(decisions)


def refusal_of(books: Books, *commands: Command) -> PayFlowError:
    """Return why the last of ``commands`` is refused; those before it must be accepted."""
    *earlier, last = commands
    before, _ = apply_all(books, *earlier)
    (outcome,) = decide_units(before, [(last,)], first_id=1 + len(earlier)).outcomes
    if isinstance(outcome, PayFlowError):
        return outcome
    raise AssertionError(outcome)


def split(debit: Account, credits_: Iterable[tuple[Account, int]]) -> Draft:
    """Draft a payout of three postings or more, such as one with a fee."""
    parts = [Posting(account.id, Side.CREDIT, amount) for account, amount in credits_]
    total = sum(part.amount for part in parts)
    postings = (Posting(debit.id, Side.DEBIT, total), *parts)
    return Draft(TransactionType.PAYOUT, Money(total, debit.currency), postings)


def fees(currency: str = EUR) -> Account:
    """Return the gateway fees account."""
    kind = AccountKind.GATEWAY_FEES
    return Account(id=system_account_id(kind, currency), kind=kind, currency=currency, floor=None)
