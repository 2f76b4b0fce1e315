"""The posting engine: one pure function from books and commands to decisions.

Nothing here reads a clock, a store or a random number. Every rule of the ledger is decided in
this module and nowhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from attrs import Factory, define, evolve

from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import Account, AccountKind, Phase, Side
from payflow_domain.ledger.decisions import MOVES, Applied, Books, Decisions, Outcome
from payflow_domain.ledger.errors import (
    AccountNotFound,
    AccountNotOpen,
    AlreadyReversed,
    CurrencyMismatch,
    InsufficientFunds,
    NotDivisible,
    NotPending,
    NotReversible,
    ReversalExceedsOriginal,
    SameAccount,
    SettlementExceedsHold,
    TransactionNotFound,
    Unbalanced,
)
from payflow_domain.ledger.transactions import (
    TRANSITIONS,
    Command,
    Draft,
    Entry,
    Hold,
    Post,
    Posting,
    Reverse,
    Settle,
    Status,
    Transaction,
    TransactionType,
    Unit,
    Void,
)
from payflow_domain.money import AMOUNT_RULE, InvalidAmount, Money, check_amount, is_amount

Id = TypeVar("Id")
State = TypeVar("State")

_TWO_LEGS = 2


def decide(
    books: Books, units: Sequence[Unit], at: datetime, new_id: Callable[[], TransactionId]
) -> Decisions:
    """Decide a batch in its order.

    A refused unit changes nothing, and the units after it are decided as if it had not been
    there. The returned ``accounts`` and ``transactions`` are only those that changed.
    ``new_id`` supplies the ids of new transactions.
    """
    accounts, transactions = dict(books.accounts), dict(books.transactions)
    working = _Working(at, new_id, books.sequence, accounts, transactions)
    outcomes = [_decide_unit(working, unit) for unit in units]
    return Decisions(
        outcomes,
        working.sequence,
        _changed(accounts, books.accounts),
        _changed(transactions, books.transactions),
    )


def _changed(now: Mapping[Id, State], before: Mapping[Id, State]) -> dict[Id, State]:
    return {id_: one for id_, one in now.items() if one is not before.get(id_)}


@define
class _Working:
    """The books as changed so far, and on top of them the unit that is being tried."""

    at: datetime
    new_id: Callable[[], TransactionId]
    sequence: int
    accounts: dict[AccountId, Account]
    transactions: dict[TransactionId, Transaction]
    tried_accounts: dict[AccountId, Account] = Factory(dict)
    tried_transactions: dict[TransactionId, Transaction] = Factory(dict)

    def account(self, account_id: AccountId) -> Account:
        account = self.tried_accounts.get(account_id) or self.accounts.get(account_id)
        if account is None:
            raise AccountNotFound(account_id)
        return account

    def transaction(self, transaction_id: TransactionId) -> Transaction:
        transaction = self.tried_transactions.get(transaction_id) or self.transactions.get(
            transaction_id
        )
        if transaction is None:
            raise TransactionNotFound(transaction_id)
        return transaction

    def is_wallet(self, account_id: AccountId) -> bool:
        return self.account(account_id).kind is AccountKind.WALLET

    def keep(self) -> None:
        self.accounts |= self.tried_accounts
        self.transactions |= self.tried_transactions
        self.drop()

    def drop(self) -> None:
        self.tried_accounts.clear()
        self.tried_transactions.clear()


def _decide_unit(working: _Working, unit: Unit) -> Outcome:
    sequence = working.sequence
    applied: list[Applied] = []
    try:
        for command in unit:
            applied.append(_apply(working, command))  # noqa: PERF401 - its length tells a position
    except PayFlowError as refusal:
        refusal.position = len(applied)
        working.drop()
        working.sequence = sequence
        return refusal
    working.keep()
    return tuple(applied)


def _apply(working: _Working, command: Command) -> Applied:
    match command:
        case Post(draft):
            return _open(working, draft, Phase.POSTED)
        case Hold(draft):
            return _open(working, draft, Phase.HELD)
        case Settle():
            return _settle(working, command)
        case Void():
            return _void(working, command)
        case Reverse():
            return _reverse(working, command)


def _open(
    working: _Working, draft: Draft, phase: Phase, original: Transaction | None = None
) -> Applied:
    """Make a new transaction; ``original`` is what it takes back, as it is to be from now on."""
    _check_balanced(working, draft)
    posted = phase is Phase.POSTED
    transaction = Transaction(
        id=working.new_id(),
        type=draft.type,
        status=Status.POSTED if posted else Status.PENDING,
        amount=draft.money.amount,
        currency=draft.money.currency,
        postings=draft.postings,
        description=draft.description,
        metadata=draft.metadata,
        sequence=working.sequence + 1,
        created_at=working.at,
        completed_at=working.at if posted else None,
        reverses=original.id if original else None,
    )
    moves = [(posting, phase) for posting in draft.postings]
    return _record(working, transaction, moves, original, draft.beyond_floor)


def _check_balanced(working: _Working, draft: Draft) -> None:
    """Refuse a draft whose debits and credits differ; all of them are in one currency."""
    if len(draft.postings) < _TWO_LEGS:
        detail = "A transaction has two or more postings."
        raise Unbalanced(detail)
    seen: set[AccountId] = set()
    net = 0
    for posting in draft.postings:
        account = working.account(posting.account_id)
        _check_posting(account, posting, draft.money.currency, seen)
        net += posting.amount if posting.side is Side.DEBIT else -posting.amount
    if net:
        detail = "Debits and credits must be equal."
        raise Unbalanced(detail)
    if len(draft.postings) == _TWO_LEGS and draft.postings[0].amount != draft.money.amount:
        detail = "Both postings of a transaction of two are of its own amount."
        raise Unbalanced(detail)


def _check_posting(account: Account, posting: Posting, currency: str, seen: set[AccountId]) -> None:
    if account.id in seen:
        detail = "A transaction names each wallet once; use two different wallets."
        raise SameAccount(detail, subject=account.id)
    seen.add(account.id)
    if account.currency != currency:
        detail = f"The wallet is kept in {account.currency}, the amount is in {currency}."
        raise CurrencyMismatch(detail, subject=account.id)
    if not account.is_open:
        detail = "The wallet is frozen or closed: nothing moves in it."
        raise AccountNotOpen(detail, subject=account.id)
    if not is_amount(posting.amount):
        raise InvalidAmount(AMOUNT_RULE, subject=account.id)


def _settle(working: _Working, command: Settle) -> Applied:
    held = _pending(working, command.transaction_id, Status.POSTED)
    amount = held.amount if command.amount is None else command.amount
    check_amount(amount)
    if amount > held.amount:
        detail = f"At most {held.amount} can be settled: that is what was held."
        raise SettlementExceedsHold(detail, subject=held.id)
    settled = _scaled(held, amount)
    # The rest is released first, so that what is told of the settled part is the final state.
    released = _scaled(held, held.amount - amount) if amount < held.amount else ()
    moves = [(posting, Phase.VOIDED) for posting in released]
    moves += [(posting, Phase.SETTLED) for posting in settled]
    transaction = evolve(
        held,
        status=Status.POSTED,
        amount=amount,
        postings=settled,
        sequence=working.sequence + 1,
        completed_at=working.at,
    )
    return _record(working, transaction, moves, _no_longer_held(working, held, taken=amount))


def _void(working: _Working, command: Void) -> Applied:
    held = _pending(working, command.transaction_id, Status.VOIDED)
    transaction = evolve(
        held,
        status=Status.VOIDED,
        failure=command.failure,
        sequence=working.sequence + 1,
        completed_at=working.at,
    )
    moves = [(posting, Phase.VOIDED) for posting in held.postings]
    return _record(working, transaction, moves, _no_longer_held(working, held, taken=0))


def _no_longer_held(working: _Working, held: Transaction, taken: int) -> Transaction | None:
    """Return the original of a pending reversal once that is final: ``taken`` was taken back."""
    if held.reverses is None:
        return None
    original = working.transaction(held.reverses)
    return evolve(
        original,
        reversed_amount=original.reversed_amount + taken,
        reversing_amount=original.reversing_amount - held.amount,
    )


def _pending(working: _Working, transaction_id: TransactionId, towards: Status) -> Transaction:
    transaction = working.transaction(transaction_id)
    if towards not in TRANSITIONS[transaction.status]:
        detail = f"The transaction is {transaction.status.value} already."
        raise NotPending(detail, subject=transaction.id)
    return transaction


def _reverse(working: _Working, command: Reverse) -> Applied:
    original = working.transaction(command.transaction_id)
    amount = _reversible(original, command)
    draft = Draft(
        type=TransactionType.REVERSAL,
        money=Money(amount, original.currency),
        postings=tuple(
            Posting(command.instead.get(p.account_id, p.account_id), p.side.opposite, p.amount)
            for p in _scaled(original, amount)
        ),
        description=command.description,
        metadata=command.metadata,
        beyond_floor=frozenset(command.instead.values()),
    )
    if command.is_held:
        reserved = evolve(original, reversing_amount=original.reversing_amount + amount)
        return _open(working, draft, Phase.HELD, reserved)
    taken = evolve(original, reversed_amount=original.reversed_amount + amount)
    return _open(working, draft, Phase.POSTED, taken)


def _reversible(original: Transaction, command: Reverse) -> int:
    """Return how much to reverse; refuse more than is left."""
    is_reversal = original.type is TransactionType.REVERSAL
    if original.status is not Status.POSTED or is_reversal or original.type not in command.of_types:
        types = ", ".join(sorted(command.of_types - {TransactionType.REVERSAL}))
        detail = f"Only what is completed can be reversed, and of these types: {types}."
        raise NotReversible(detail, subject=original.id)
    left = original.amount - original.reversed_amount - original.reversing_amount
    if left == 0:
        detail = "The whole transaction has been reversed already, or is about to be."
        raise AlreadyReversed(detail, subject=original.id)
    amount = left if command.amount is None else command.amount
    check_amount(amount)
    if amount > left:
        detail = f"At most {left} of the transaction is left to reverse."
        facts = {"required": amount, "reversible": left}
        raise ReversalExceedsOriginal(detail, facts=facts, subject=original.id)
    return amount


def _scaled(transaction: Transaction, amount: int) -> tuple[Posting, ...]:
    """Return the transaction's postings for a part of its amount."""
    if amount == transaction.amount:
        return transaction.postings
    if len(transaction.postings) > _TWO_LEGS:
        detail = "A transaction of more than two postings is settled and reversed only whole."
        raise NotDivisible(detail, subject=transaction.id)
    return tuple(Posting(p.account_id, p.side, amount) for p in transaction.postings)


def _record(
    working: _Working,
    transaction: Transaction,
    moves: Sequence[tuple[Posting, Phase]],
    original: Transaction | None = None,
    beyond_floor: frozenset[AccountId] = frozenset(),
) -> Applied:
    """Enter ``moves`` into the accounts, and number the events that tell of them."""
    reversed_ = original if original and transaction.status is Status.POSTED else None
    working.sequence += _count_events(working, transaction, moves, reversed_)
    entered = [
        _enter(working, transaction.id, posting, phase, beyond_floor) for posting, phase in moves
    ]
    if reversed_ is not None:
        original = reversed_ = evolve(reversed_, sequence=working.sequence)
    if original is not None:
        working.tried_transactions[original.id] = original
    working.tried_transactions[transaction.id] = transaction
    entries, accounts = zip(*entered, strict=True)
    payout = _payout_told(transaction, reversed_)
    return Applied(transaction, entries, accounts, reversed_, payout)


def _count_events(
    working: _Working,
    transaction: Transaction,
    moves: Sequence[tuple[Posting, Phase]],
    reversed_: Transaction | None,
) -> int:
    """Return how many events tell of it; ``Applied`` says which."""
    told = [p for p, phase in moves if phase in MOVES and working.is_wallet(p.account_id)]
    payout = _payout_told(transaction, reversed_)
    return 1 + len(told) + (reversed_ is not None) + (payout is not None)


def _payout_told(transaction: Transaction, original: Transaction | None) -> Transaction | None:
    """Return the payout whose end an event tells of: it is final, or it came back."""
    if transaction.type is TransactionType.PAYOUT and transaction.status is not Status.PENDING:
        return transaction
    if original is not None and original.type is TransactionType.PAYOUT:
        return original
    return None


def _enter(
    working: _Working,
    transaction_id: TransactionId,
    posting: Posting,
    phase: Phase,
    beyond_floor: frozenset[AccountId],
) -> tuple[Entry, Account]:
    """Make one entry, and refuse it where it would cross the account's floor."""
    before = working.account(posting.account_id)
    account = before.after(posting.side, phase, posting.amount, working.sequence)
    if before.floor is not None and before.id not in beyond_floor:
        _check_floor(before, account, posting.amount)
    working.tried_accounts[account.id] = account
    entry = Entry(
        transaction_id,
        account.id,
        posting.side,
        phase,
        posting.amount,
        account.version,
        account.counters,
        account.sequence,
        working.at,
    )
    return entry, account


def _check_floor(before: Account, after: Account, required: int) -> None:
    """Refuse a movement that takes more than is available above the account's floor."""
    floor, has = before.floor or 0, after.available
    if has >= floor:
        return
    had = before.balance
    if has < had.available:
        facts = {
            "required": required,
            "available": had.available - floor,
            "shortfall": floor - has,
            "held": had.held,
        }
        detail = f"{required} is required and {had.available - floor} is available."
        raise InsufficientFunds(detail, facts=facts, subject=before.id)
