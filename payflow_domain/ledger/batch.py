"""Many requests, one database transaction: what to load for them, and what to write."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, islice

from attrs import evolve, frozen

from payflow_domain.errors import PayFlowError
from payflow_domain.ids import TRANSACTION, LedgerId, Mint, TransactionId
from payflow_domain.ledger.decisions import Books, Decisions, Outcome
from payflow_domain.ledger.engine import decide
from payflow_domain.ledger.idempotency import (
    Answer,
    Claim,
    IdempotencyKey,
    SpentKey,
    replay,
)
from payflow_domain.ledger.journal import Encode, Fact, facts_of, write_events
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Changes, Loaded, UnitOfWork, Wanted
from payflow_domain.ledger.published import Published
from payflow_domain.ledger.transactions import (
    Hold,
    Post,
    Reverse,
    Settle,
    Unit,
    Void,
)

Telling = tuple[Published, ...] | PayFlowError
"""An outcome as it is published: the transaction that each command of the unit made or changed."""

Render = Callable[[Sequence[Telling]], Answer]
"""Writes the answer that is stored under the request's idempotency key; pure and quick."""


@frozen
class Request:
    """Units to decide in one ledger, each on its own, under one idempotency key or none.

    Without ``render`` the key is claimed and stays without an answer, until a request that
    ``finishes`` what the first one with the key began.
    """

    ledger_id: LedgerId
    units: tuple[Unit, ...]
    claim: Claim | None = None
    render: Render | None = None
    finishes: bool = False


@frozen
class Executed:
    """The request was decided now: an outcome for each unit, and the answer if it was asked for."""

    outcomes: tuple[Outcome, ...]
    answer: Answer | None

    @property
    def took_effect(self) -> bool:
        """Whether any unit was applied."""
        return any(isinstance(outcome, tuple) and outcome for outcome in self.outcomes)


@frozen
class Replayed:
    """An earlier request with this key took effect; this is the answer that it got."""

    answer: Answer


Result = Executed | Replayed | PayFlowError


@frozen
class Decided:
    """What the engine decided of the requests of one ledger.

    ``moved`` is what to write into the books, if anything took effect; the head of the journal
    is not in it yet. ``fresh`` are the indexes of the requests that were decided: each other one
    repeats the request at its place in ``first``, or one of an earlier commit.
    """

    books: Loaded
    requests: Sequence[Request]
    at: datetime
    mint: Mint
    first: Sequence[int]
    fresh: Sequence[int]
    decisions: Decisions
    moved: Changes | None


@frozen
class Told:
    """A result for each request of one ledger, and what to write into its journal, if anything."""

    results: Sequence[Result]
    journal: Changes | None


def load_for(uow: UnitOfWork, requests: Iterable[Request]) -> dict[LedgerId, Loaded]:
    """Lock the ledgers of ``requests`` and load all that deciding them takes."""
    wanted: dict[LedgerId, Wanted] = {}
    for request in requests:
        _add_wanted(wanted.setdefault(request.ledger_id, Wanted()), request)
    loaded = uow.load(wanted)
    # What is settled or voided has accounts, and where it is a reversal an original, which has
    # accounts of its own: no more than twice anything is still wanted.
    for _ in range(2):
        more = {of: wants for of, books in loaded.items() if (wants := _still_wanted(books))}
        for ledger_id, books in (uow.load(more) if more else {}).items():
            loaded[ledger_id].accounts.update(books.accounts)
            loaded[ledger_id].transactions.update(books.transactions)
    return loaded


def decide_requests(
    books: Loaded, requests: Sequence[Request], at: datetime, mint: Mint
) -> Decided:
    """Decide the requests of one ledger in their order."""
    first = _first_of_each_key(requests)
    fresh = [
        i for i, request in enumerate(requests) if first[i] == i and not _spent(books, request)
    ]
    units = [unit for i in fresh for unit in requests[i].units]
    state = Books(books.ledger.sequence, books.accounts, books.transactions)
    decisions = decide(state, units, at, partial(_new_transaction_id, mint))
    moved = _moved(books, decisions)
    return Decided(books, requests, at, mint, first, fresh, decisions, moved)


def tell(decided: Decided, encode: Encode) -> Told:
    """Tell each caller and the journal what was decided."""
    books, requests, first = decided.books, decided.requests, decided.first
    facts = [_facts(outcome) for outcome in decided.decisions.outcomes]
    outcomes = zip(decided.decisions.outcomes, facts, strict=True)
    executed = {i: _execute(requests[i], outcomes) for i in decided.fresh}
    results = [
        executed.get(i) or _repeat(books, request, requests[first[i]], executed.get(first[i]))
        for i, request in enumerate(requests)
    ]
    if decided.moved is None:
        return Told(results, None)
    spent = [
        SpentKey(claim, executed[i].answer)
        for i in decided.fresh
        if (claim := requests[i].claim) and executed[i].took_effect
    ]
    told = chain.from_iterable(chain.from_iterable(facts))
    journal = record(books.ledger, told, decided.at, decided.mint, encode)
    # The engine gave these numbers away before there were events to carry them.
    if journal.ledger.sequence != decided.decisions.sequence:
        raise AssertionError("The journal has other numbers than the engine gave away.")
    return Told(results, evolve(journal, spent=spent))


def _facts(outcome: Outcome) -> list[list[Fact]]:
    """Tell of each command of a unit that was applied; nothing of one that was refused."""
    return [list(facts_of(one)) for one in outcome] if isinstance(outcome, tuple) else []


def _first_of_each_key(requests: Sequence[Request]) -> list[int]:
    """Tell for each request which one was the first with its idempotency key."""
    first: dict[IdempotencyKey, int] = {}
    return [
        first.setdefault(request.claim.key, i) if request.claim else i
        for i, request in enumerate(requests)
    ]


def _spent(books: Loaded, request: Request) -> SpentKey | None:
    spent = books.spent.get(request.claim.key) if request.claim else None
    if request.finishes and spent is not None and spent.answer is None:
        return None
    return spent


def _execute(request: Request, outcomes: Iterator[tuple[Outcome, list[list[Fact]]]]) -> Executed:
    mine = list(islice(outcomes, len(request.units)))
    answer = request.render([_published(*one) for one in mine]) if request.render else None
    return Executed(tuple([outcome for outcome, _ in mine]), answer)


def _published(outcome: Outcome, facts: list[list[Fact]]) -> Telling:
    if isinstance(outcome, PayFlowError):
        return outcome
    # The first fact of a command is the one of its transaction.
    return tuple([transaction for (_, transaction), *_ in facts])


def _repeat(books: Loaded, request: Request, first: Request, executed: Executed | None) -> Result:
    """Answer a request whose key is spent, or was used by ``first`` just now."""
    spent = _spent(books, request)
    if spent is None and executed is not None and first.claim is not None:
        if executed.took_effect:
            spent = SpentKey(first.claim, executed.answer)
        elif first.claim == request.claim:
            return executed
    if request.claim is None:
        raise AssertionError("Only a request with an idempotency key repeats another.")
    try:
        return Replayed(replay(spent, request.claim))
    except PayFlowError as refusal:
        return refusal


def record(
    ledger: Ledger, facts: Iterable[Fact], at: datetime, mint: Mint, encode: Encode
) -> Changes:
    """Write ``facts`` into the ledger's journal: the new events, and the head after them."""
    events = write_events(ledger, facts, at, mint, encode)
    last = events[-1]
    return Changes(
        ledger=evolve(ledger, sequence=last.sequence, head=last.hash, last_at=at), events=events
    )


def _moved(books: Loaded, decisions: Decisions) -> Changes | None:
    """Gather what the engine decided, as far as the books go."""
    applied = [one for many in decisions.outcomes if isinstance(many, tuple) for one in many]
    if not applied:
        return None
    transactions = decisions.transactions.values()
    return Changes(
        books.ledger,
        changed_accounts=list(decisions.accounts.values()),
        new_transactions=[one for one in transactions if one.id not in books.transactions],
        changed_transactions=[one for one in transactions if one.id in books.transactions],
        entries=[entry for one in applied for entry in one.entries],
    )


def _new_transaction_id(mint: Mint) -> TransactionId:
    return TransactionId(mint(TRANSACTION))


def _add_wanted(wanted: Wanted, request: Request) -> None:
    if request.claim is not None:
        wanted.keys.add(request.claim.key)
    for command in chain.from_iterable(request.units):
        match command:
            case Post(draft) | Hold(draft):
                wanted.accounts.update([posting.account_id for posting in draft.postings])
            case Settle(transaction_id) | Void(transaction_id):
                wanted.transactions.add(transaction_id)
            case Reverse(transaction_id):
                wanted.transactions.add(transaction_id)
                wanted.accounts.update(command.instead.values())


def _still_wanted(books: Loaded) -> Wanted | None:
    """Return what the loaded transactions name that is not loaded."""
    transactions = books.transactions.values()
    named = {posting.account_id for one in transactions for posting in one.postings}
    originals = {one.reverses for one in transactions if one.reverses is not None}
    accounts, missing = named - books.accounts.keys(), originals - books.transactions.keys()
    return Wanted(accounts=accounts, transactions=missing) if accounts or missing else None
