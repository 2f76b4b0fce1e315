"""Transactions, the entries they make, and the commands that change them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import Counters, Phase, Side
from payflow_domain.money import Money


class TransactionType(StrEnum):
    """What kind of movement a transaction is."""

    CREDIT = "credit"
    DEBIT = "debit"
    TRANSFER = "transfer"
    PAYOUT = "payout"
    REVERSAL = "reversal"
    PAYOUT_SETTLEMENT = "payout_settlement"
    DISPUTE = "dispute"
    ADJUSTMENT = "adjustment"
    FEE = "fee"


class Status(StrEnum):
    """Where a transaction stands in the books."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


TRANSITIONS = {
    Status.PENDING: frozenset({Status.POSTED, Status.VOIDED}),
    Status.POSTED: frozenset[Status](),
    Status.VOIDED: frozenset[Status](),
}


@frozen
class Posting:
    """One leg of a transaction: an amount on one side of one account."""

    account_id: AccountId
    side: Side
    amount: int


@frozen
class Failure:
    """Why a transaction failed: a stable code and a sentence for a person."""

    code: str
    message: str


@frozen
class Transaction:
    """Money moved, or on its way, between accounts of one ledger.

    ``amount`` is the headline in minor units of ``currency``; ``postings`` say what it does to
    each account. ``reversed_amount`` is what later reversals took back and ``reversing_amount``
    what pending ones are about to (0 to ``amount`` together), and ``reverses`` names the
    transaction that this one takes back. ``sequence`` is the journal number of the event that
    announced its present status. ``completed_at`` is set once the status is final.
    """

    id: TransactionId
    type: TransactionType
    status: Status
    amount: int
    currency: str
    postings: tuple[Posting, ...]
    description: str | None
    metadata: Mapping[str, str]
    sequence: int
    created_at: datetime
    completed_at: datetime | None = None
    reverses: TransactionId | None = None
    reversed_amount: int = 0
    reversing_amount: int = 0
    failure: Failure | None = None

    @property
    def money(self) -> Money:
        """The headline."""
        return Money(self.amount, self.currency)


@frozen
class Entry:
    """What a transaction did to one account: append-only.

    ``version`` numbers the entries of the account from 1 and ``after`` has its counters after
    this entry. ``sequence`` is the journal number of the last event that tells of it.
    """

    transaction_id: TransactionId
    account_id: AccountId
    side: Side
    phase: Phase
    amount: int
    version: int
    after: Counters
    sequence: int
    at: datetime

    @property
    def position(self) -> str:
        """Where it stands among the entries of its account."""
        return f"{self.at.isoformat()} {self.version}"


@frozen
class Draft:
    """A transaction to be made."""

    type: TransactionType
    money: Money
    postings: tuple[Posting, ...]
    description: str | None = None
    metadata: Mapping[str, str] = field(factory=dict)
    beyond_floor: frozenset[AccountId] = frozenset()
    """Accounts that it may take below their floor: for what has happened already elsewhere."""


@frozen
class Post:
    """Make a transaction that is final at once."""

    draft: Draft


@frozen
class Hold:
    """Make a pending transaction: what it takes is no longer available."""

    draft: Draft


@frozen
class Settle:
    """Make a pending transaction final, for ``amount`` minor units (``None``: all) of it.

    What is not settled is released.
    """

    transaction_id: TransactionId
    amount: int | None = None


@frozen
class Void:
    """Undo a pending transaction."""

    transaction_id: TransactionId
    failure: Failure | None = None


@frozen
class Reverse:
    """Take back ``amount`` minor units (``None``: all that is left) of a posted transaction.

    ``is_held`` makes it a pending transaction, which reserves its part of the original until it
    is settled or voided. ``instead`` names accounts that take the place of others, even below
    their floor: for what has happened already elsewhere. Transactions that are not ``of_types``
    are refused.
    """

    transaction_id: TransactionId
    amount: int | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(factory=dict)
    is_held: bool = False
    instead: Mapping[AccountId, AccountId] = field(factory=dict)
    of_types: frozenset[TransactionType] = frozenset(TransactionType)


Command = Post | Hold | Settle | Void | Reverse
"""The whole algebra of the ledger."""

Unit = tuple[Command, ...]
"""Commands that take effect all together or not at all."""


def two_legged(
    type_: TransactionType,
    money: Money,
    *,
    debit: AccountId,
    credit: AccountId,
    description: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Draft:
    """Draft a transaction that takes ``money`` to the debit of one account, credit of another."""
    postings = (
        Posting(debit, Side.DEBIT, money.amount),
        Posting(credit, Side.CREDIT, money.amount),
    )
    return Draft(type_, money, postings, description, metadata or {})
