"""One unit of work on the store in memory."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from attrs import evolve

from payflow_adapters.memory.key_purging import MemoryKeyPurgingUnitOfWork
from payflow_adapters.memory.limits import MemoryLimitUnitOfWork
from payflow_adapters.memory.partners import MemoryPartnerUnitOfWork
from payflow_adapters.memory.payment_unit_of_work import MemoryPaymentUnitOfWork
from payflow_adapters.memory.refusals import (
    check_accounts,
    check_entries,
    check_journal,
    check_opened,
    check_transactions,
    require,
)
from payflow_adapters.memory.staff import MemoryStaffUnitOfWork
from payflow_adapters.memory.tables import DatedKey, Tables
from payflow_adapters.memory.volumes import MemoryVolumeUnitOfWork
from payflow_adapters.memory.webhook_unit_of_work import MemoryWebhookUnitOfWork
from payflow_domain.clock import Clock
from payflow_domain.ids import AccountId, LedgerId, PartnerId
from payflow_domain.ledger.idempotency import IdempotencyKey, SpentKey
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Changes, Loaded, Wanted
from payflow_domain.ledger.transactions import Transaction
from payflow_domain.wallets.model import ExternalIdTaken, Wallet

_Noted = TypeVar("_Noted", Transaction, Wallet)


class MemoryUnitOfWork(
    MemoryPaymentUnitOfWork,
    MemoryPartnerUnitOfWork,
    MemoryStaffUnitOfWork,
    MemoryWebhookUnitOfWork,
    MemoryLimitUnitOfWork,
    MemoryVolumeUnitOfWork,
    MemoryKeyPurgingUnitOfWork,
):
    """Writes to staged tables; the store decides whether they are taken over."""

    def __init__(self, staged: Tables, clock: Clock) -> None:
        super().__init__(staged)
        self._clock = clock

    def load(self, wanted: Mapping[LedgerId, Wanted]) -> dict[LedgerId, Loaded]:
        """Load what is wanted; nothing needs a lock, as there is one unit of work at a time."""
        return {
            ledger_id: self._load_ledger(self._tables.ledgers[ledger_id], wanted[ledger_id])
            for ledger_id in sorted(wanted)
            if ledger_id in self._tables.ledgers
        }

    def write(self, changes: Iterable[Changes]) -> None:
        """Stage all changes; raises ``CommitFailed`` where a database would."""
        with self._breaking():
            for each in changes:
                self._write_ledger(each)

    def add_ledger(
        self,
        partner_id: PartnerId,
        environment: Environment,
        settlement_limit: int | None,
        at: datetime,
    ) -> Ledger:
        """Make a new, empty ledger; a partner has one in each environment."""
        taken = self._tables.ledger_ids
        with self._breaking():
            require((partner_id, environment) not in taken, "the partner has such a ledger")
        ledger_id = LedgerId(len(self._tables.ledgers) + 1)
        ledger = Ledger(ledger_id, partner_id, environment, settlement_limit, last_at=at)
        self._tables.ledgers[ledger_id] = ledger
        taken[partner_id, environment] = ledger_id
        return ledger

    def add_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        """Stage a new wallet; raises ``ExternalIdTaken``."""
        tables, row = self._tables, (ledger_id, wallet.id)
        with self._breaking():
            require(row in tables.accounts and row not in tables.wallets, "the wallet exists")
            if wallet.external_wallet_id is not None:
                self._take(ledger_id, wallet.external_wallet_id, wallet.id)
        tables.wallets[row] = _detached(wallet)

    def replace_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        """Stage what was changed of a wallet; its external ids never change."""
        with self._breaking():
            require((ledger_id, wallet.id) in self._tables.wallets, "there is no such wallet")
        self._tables.wallets[ledger_id, wallet.id] = _detached(wallet)

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        """Return a wallet as this unit of work sees it."""
        return self._tables.find_wallet(ledger_id, wallet_id)

    def _load_ledger(self, ledger: Ledger, wanted: Wanted) -> Loaded:
        accounts, transactions = self._tables.accounts, self._tables.transactions
        return Loaded(
            ledger,
            {i: accounts[ledger.id, i] for i in wanted.accounts if (ledger.id, i) in accounts},
            {
                i: transactions[ledger.id, i]
                for i in wanted.transactions
                if (ledger.id, i) in transactions
            },
            {key: spent for key in wanted.keys if (spent := self._spent(ledger.id, key))},
        )

    def _spent(self, ledger_id: LedgerId, key: IdempotencyKey) -> SpentKey | None:
        dated = self._tables.spent.get((ledger_id, key))
        return dated.spent if dated and dated.is_remembered(self._clock.now()) else None

    def _write_ledger(self, changes: Changes) -> None:
        tables, ledger = self._tables, changes.ledger
        check_journal(tables, changes)
        check_opened(tables, ledger.id, changes.new_accounts)
        tables.accounts.update({(ledger.id, one.id): one for one in changes.new_accounts})
        check_accounts(tables, changes)
        check_transactions(tables, changes)
        check_entries(tables, ledger.id, changes.entries)
        tables.ledgers[ledger.id] = ledger
        tables.accounts.update({(ledger.id, one.id): one for one in changes.changed_accounts})
        for transaction in (*changes.new_transactions, *changes.changed_transactions):
            tables.transactions[ledger.id, transaction.id] = _detached(transaction)
        tables.entries.update({(ledger.id, e.account_id, e.version): e for e in changes.entries})
        tables.events.update({(ledger.id, event.sequence): event for event in changes.events})
        self._release(ledger.id, changes.released)
        self._spend(ledger, changes.spent)

    def _release(self, ledger_id: LedgerId, keys: Iterable[IdempotencyKey]) -> None:
        for key in keys:
            dated = self._tables.spent.get((ledger_id, key))
            if dated is not None and dated.spent.answer is None:
                self._tables.spent[ledger_id, key] = None

    def _spend(self, ledger: Ledger, spent: Iterable[SpentKey]) -> None:
        for each in spent:
            before = self._spent(ledger.id, each.claim.key)
            require(before is None or before.answer is None, "the idempotency key is spent")
            self._tables.spent[ledger.id, each.claim.key] = DatedKey(each, ledger.last_at)

    def _take(self, ledger_id: LedgerId, external_id: str, wallet_id: AccountId) -> None:
        if (ledger_id, external_id) in self._tables.external_ids:
            detail = "Another wallet of the ledger has this external id; use another one."
            raise ExternalIdTaken(detail, subject=external_id)
        self._tables.external_ids[ledger_id, external_id] = wallet_id


def _detached(value: _Noted) -> _Noted:
    """Return ``value`` with metadata of its own, that nobody can change."""
    return evolve(value, metadata=MappingProxyType(dict(value.metadata)))
