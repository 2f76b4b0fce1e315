"""What the ledger needs of a store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from attrs import Factory, define, frozen

from payflow_domain.ids import AccountId, LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account
from payflow_domain.ledger.idempotency import IdempotencyKey, SpentKey
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.transactions import Entry, Status, Transaction, TransactionType


@define
class Wanted:
    """What to load of one ledger."""

    accounts: set[AccountId] = Factory(set)
    transactions: set[TransactionId] = Factory(set)
    keys: set[IdempotencyKey] = Factory(set)


@define
class Loaded:
    """What there was of it: what does not exist is absent."""

    ledger: Ledger
    accounts: dict[AccountId, Account] = Factory(dict)
    transactions: dict[TransactionId, Transaction] = Factory(dict)
    spent: dict[IdempotencyKey, SpentKey] = Factory(dict)


@frozen
class Changes:
    """What to write to one ledger, whose new head is ``ledger``.

    ``released`` are keys that were claimed and never got an answer: they are free again. One that
    has an answer stays as it is.
    """

    ledger: Ledger
    new_accounts: Sequence[Account] = ()
    changed_accounts: Sequence[Account] = ()
    new_transactions: Sequence[Transaction] = ()
    changed_transactions: Sequence[Transaction] = ()
    entries: Sequence[Entry] = ()
    events: Sequence[Event] = ()
    spent: Sequence[SpentKey] = ()
    released: Sequence[IdempotencyKey] = ()


class UnitOfWork(Protocol):
    """One database transaction: commits on a clean exit, else changes nothing.

    Raises ``CommitFailed`` where the store cannot be reached or refuses.
    """

    def load(self, wanted: Mapping[LedgerId, Wanted]) -> dict[LedgerId, Loaded]:
        """Lock those ledgers, in the order of their ids, and load what is wanted of them.

        A locked ledger has no other writer until this unit of work ends. Ledgers that do not
        exist are absent, and so are keys spent longer than ``RETENTION`` ago. May be called
        again for more of the same ledgers.
        """
        ...

    def write(self, changes: Iterable[Changes]) -> None:
        """Write all changes; what changed replaces what was loaded.

        May be called again, also for the same ledgers. What a store finds wrong with the changes
        is raised now or when the unit of work ends: a store may carry them out meanwhile.
        """
        ...

    def add_ledger(
        self,
        partner_id: PartnerId,
        environment: Environment,
        settlement_limit: int | None,
        at: datetime,
    ) -> Ledger:
        """Make a new, empty ledger."""
        ...


Begin = Callable[[], AbstractContextManager[UnitOfWork]]


@frozen
class Page:
    """Which part of a list to read: ``limit`` items (1 to 101) that come after ``after``.

    ``after`` is the position of the last item seen, as the list's own items give it.
    """

    limit: int
    after: str | None = None


@frozen
class TransactionFilter:
    """Which transactions to list; ``None`` means any."""

    account_id: AccountId | None = None
    status: Status | None = None
    type: TransactionType | None = None


class LedgerReader(Protocol):
    """Reads committed books. Every call names the ledger; nothing of another one is seen."""

    def ledger(self, ledger_id: LedgerId) -> Ledger | None:
        """Return the ledger with the head of its journal."""
        ...

    def ledger_of(self, partner_id: PartnerId, environment: Environment) -> Ledger | None:
        """Return the partner's ledger in that environment."""
        ...

    def accounts(self, wanted: Sequence[tuple[LedgerId, AccountId]]) -> list[Account | None]:
        """Return the accounts in the order in which they were asked for."""
        ...

    def account_at(self, ledger_id: LedgerId, account_id: AccountId, at: datetime) -> Entry | None:
        """Return the last entry of the account made at or before ``at``."""
        ...

    def statement(
        self, ledger_id: LedgerId, account_id: AccountId, page: Page
    ) -> list[tuple[Entry, Transaction]]:
        """Return the entries that moved the posted balance, newest first.

        The position of an item is its entry's ``position``.
        """
        ...

    def transaction(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Transaction | None:
        """Return one transaction."""
        ...

    def transactions(
        self, ledger_id: LedgerId, which: TransactionFilter, page: Page
    ) -> list[Transaction]:
        """Return transactions, newest first. The position of an item is its id."""
        ...

    def events(self, ledger_id: LedgerId, after: int, limit: int) -> list[Event]:
        """Return up to ``limit`` events with numbers above ``after``, oldest first."""
        ...
