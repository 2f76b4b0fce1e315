"""Every store of PayFlow in memory."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TypeVar

from payflow_adapters.memory.figures import MemoryFigures
from payflow_adapters.memory.limits import MemoryLimits
from payflow_adapters.memory.partners import MemoryCertificationReader, MemoryDirectoryReader
from payflow_adapters.memory.payment_reader import MemoryPaymentReader, MemorySecurityLog
from payflow_adapters.memory.staff import MemoryStaffReader
from payflow_adapters.memory.tables import Tables
from payflow_adapters.memory.unit_of_work import MemoryUnitOfWork
from payflow_adapters.memory.usage import MemoryUsage
from payflow_adapters.memory.volumes import MemoryVolumeReader
from payflow_adapters.memory.webhook_reader import MemoryWebhookReader
from payflow_domain.clock import Clock
from payflow_domain.ids import AccountId, LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account, Phase
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.transactions import Entry, Transaction
from payflow_domain.wallets.model import Wallet
from payflow_domain.wallets.ports import WalletFilter

_MOVES = frozenset({Phase.POSTED, Phase.SETTLED})
_WAIT_SECONDS_MAX = 30
_Dated = TypeVar("_Dated", Transaction, Wallet)


class MemoryStore(
    MemoryDirectoryReader,
    MemoryCertificationReader,
    MemoryPaymentReader,
    MemoryStaffReader,
    MemoryWebhookReader,
    MemoryLimits,
    MemoryUsage,
    MemoryVolumeReader,
    MemorySecurityLog,
    MemoryFigures,
):
    """Keeps everything in this process, and forgets it when the process ends.

    It stands behind the units of work and the readers of all capabilities, and may be used from
    many threads. There is one unit of work at a time; reads see what is committed, and only
    that, even within a unit of work. ``clock`` decides when a spent idempotency key is forgotten.
    Security events are kept at once.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._tables = Tables()
        self._writing = Lock()
        # Held for moments only: while a commit is taken over, and while something is read.
        self._reading = Lock()

    @contextmanager
    def begin(self) -> Iterator[MemoryUnitOfWork]:
        """Begin a unit of work, after the one before it has ended.

        Raises ``CommitFailed`` where that takes longer than 30 seconds: units of work do not nest.
        """
        if not self._writing.acquire(timeout=_WAIT_SECONDS_MAX):
            raise CommitFailed("Another unit of work does not end; ask again.")
        try:
            staged = self._tables.stage()
            uow = MemoryUnitOfWork(staged, self._clock)
            yield uow
            if uow.is_broken:
                raise CommitFailed("A write was refused before; nothing was changed.")
            with self._reading:
                self._tables.take_over(staged)
        finally:
            self._writing.release()

    def ledger(self, ledger_id: LedgerId) -> Ledger | None:
        with self._reading:
            return self._tables.ledgers.get(ledger_id)

    def ledger_of(self, partner_id: PartnerId, environment: Environment) -> Ledger | None:
        with self._reading:
            ledger_id = self._tables.ledger_ids.get((partner_id, environment))
            return None if ledger_id is None else self._tables.ledgers[ledger_id]

    def accounts(self, wanted: Sequence[tuple[LedgerId, AccountId]]) -> list[Account | None]:
        with self._reading:
            return [self._tables.accounts.get(row) for row in wanted]

    def account_at(self, ledger_id: LedgerId, account_id: AccountId, at: datetime) -> Entry | None:
        with self._reading:
            account = self._tables.accounts.get((ledger_id, account_id))
            versions = range(1, account.version + 1 if account else 1)
            entries = self._tables.entries
            made = bisect_right(
                versions, at, key=lambda version: entries[ledger_id, account_id, version].at
            )
            return entries.get((ledger_id, account_id, made))

    def statement(
        self, ledger_id: LedgerId, account_id: AccountId, page: Page
    ) -> list[tuple[Entry, Transaction]]:
        with self._reading:
            account = self._tables.accounts.get((ledger_id, account_id))
            newest = account.version if account else 0
            if page.after is not None:
                newest = min(newest, int(page.after.split()[-1]) - 1)
            lines: list[tuple[Entry, Transaction]] = []
            for version in range(newest, 0, -1):
                entry = self._tables.entries[ledger_id, account_id, version]
                if entry.phase in _MOVES and len(lines) < page.limit:
                    of = self._tables.transactions[ledger_id, entry.transaction_id]
                    lines.append((entry, of))
            return lines

    def transaction(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Transaction | None:
        with self._reading:
            return self._tables.transactions.get((ledger_id, transaction_id))

    def transactions(
        self, ledger_id: LedgerId, which: TransactionFilter, page: Page
    ) -> list[Transaction]:
        with self._reading:
            found = [
                transaction
                for (owner, _), transaction in self._tables.transactions.items()
                if owner == ledger_id and _is_among(transaction, which)
            ]
        return _newest_first(found, page)

    def events(self, ledger_id: LedgerId, after: int, limit: int) -> list[Event]:
        with self._reading:
            ledger = self._tables.ledgers.get(ledger_id)
            last = min(after + limit, ledger.sequence if ledger else 0)
            return [self._tables.events[ledger_id, n] for n in range(after + 1, last + 1)]

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        with self._reading:
            return self._tables.find_wallet(ledger_id, wallet_id)

    def wallet_by_external_id(self, ledger_id: LedgerId, external_id: str) -> Wallet | None:
        with self._reading:
            wallet_id = self._tables.external_ids.get((ledger_id, external_id))
            return self._tables.find_wallet(ledger_id, wallet_id) if wallet_id else None

    def wallets(self, ledger_id: LedgerId, which: WalletFilter, page: Page) -> Sequence[Wallet]:
        with self._reading:
            found = [
                wallet
                for owner, wallet_id in self._tables.wallets
                if owner == ledger_id
                and (wallet := self._tables.find_wallet(ledger_id, wallet_id))
                and _is_wallet_among(wallet, which)
            ]
        return _newest_first(found, page)


def _newest_first(found: list[_Dated], page: Page) -> list[_Dated]:
    """Return a page of what was found; ids sort by the time they were made."""
    newest = sorted(found, key=lambda each: each.id, reverse=True)
    rest = [each for each in newest if page.after is None or each.id < page.after]
    return rest[: page.limit]


def _is_among(transaction: Transaction, which: TransactionFilter) -> bool:
    return (
        which.status in (None, transaction.status)
        and which.type in (None, transaction.type)
        and (
            which.account_id is None
            or any(posting.account_id == which.account_id for posting in transaction.postings)
        )
    )


def _is_wallet_among(wallet: Wallet, which: WalletFilter) -> bool:
    return (
        which.external_user_id in (None, wallet.external_user_id)
        and which.currency in (None, wallet.currency)
        and which.status in (None, wallet.status)
    )
