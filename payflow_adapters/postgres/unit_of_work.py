"""One database transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

import psycopg
from attrs import Factory, define
from psycopg.types.json import Json

from payflow_adapters.postgres import statements
from payflow_adapters.postgres.arrays import numbers, texts
from payflow_adapters.postgres.columns import books_columns, journal_columns
from payflow_adapters.postgres.drivers import Query
from payflow_adapters.postgres.key_purging import PostgresKeyPurgingUnitOfWork
from payflow_adapters.postgres.limits import PostgresLimitUnitOfWork
from payflow_adapters.postgres.partner_unit_of_work import PostgresPartnerUnitOfWork
from payflow_adapters.postgres.payment_unit_of_work import PostgresPaymentUnitOfWork
from payflow_adapters.postgres.records import wallet_record
from payflow_adapters.postgres.rows import (
    Values,
    account_of,
    ledger_of,
    spent_key_of,
    transaction_of,
    wallet_of,
)
from payflow_adapters.postgres.staff_unit_of_work import PostgresStaffUnitOfWork
from payflow_adapters.postgres.volumes import PostgresVolumeUnitOfWork
from payflow_adapters.postgres.webhook_unit_of_work import PostgresWebhookUnitOfWork
from payflow_domain.clock import Clock
from payflow_domain.ids import AccountId, LedgerId, PartnerId
from payflow_domain.ledger.idempotency import RETENTION
from payflow_domain.ledger.ledgers import GENESIS, Environment, Ledger
from payflow_domain.ledger.ports import Changes, Loaded, Wanted
from payflow_domain.wallets.model import ExternalIdTaken, Wallet

Key = tuple[LedgerId, str]

_EXTERNAL_ID_KEY = "wallets_ledger_id_external_wallet_id_key"


@define
class PostgresUnitOfWork(
    PostgresPaymentUnitOfWork,
    PostgresPartnerUnitOfWork,
    PostgresStaffUnitOfWork,
    PostgresWebhookUnitOfWork,
    PostgresLimitUnitOfWork,
    PostgresVolumeUnitOfWork,
    PostgresKeyPurgingUnitOfWork,
):
    """Every capability's unit of work, on one connection; each part has a module of its own."""

    clock: Clock
    _known_keys: set[Key] = Factory(set)

    def load(self, wanted: Mapping[LedgerId, Wanted]) -> dict[LedgerId, Loaded]:
        keys = [(of, key) for of, wants in wanted.items() for key in wants.keys]
        accounts = [(of, one) for of, wants in wanted.items() for one in wants.accounts]
        transactions = [(of, one) for of, wants in wanted.items() for one in wants.transactions]
        queries: list[Query] = [
            (statements.LOCK_LEDGERS, [numbers(wanted)]),
            (statements.LOAD_KEYS, _columns(keys)),
            (statements.LOAD_ACCOUNTS, _columns(accounts)),
        ]
        if transactions:
            queries.append((statements.LOAD_TRANSACTIONS, _columns(transactions)))
        ledger_rows, key_rows, account_rows, *transaction_rows = self.driver.run(*queries)
        loaded = {LedgerId(row[0]): Loaded(ledger_of(row)) for row in ledger_rows}
        for ledger_id, *row in account_rows:
            loaded[ledger_id].accounts[row[0]] = account_of(row)
        for ledger_id, *row in chain.from_iterable(transaction_rows):
            loaded[ledger_id].transactions[row[0]] = transaction_of(row)
        self._take_keys(loaded, key_rows)
        return loaded

    def _take_keys(self, loaded: Mapping[LedgerId, Loaded], rows: Iterable[Values]) -> None:
        expired_at = self._expired_at
        for ledger_id, at, *row in rows:
            spent = spent_key_of(row)
            self._known_keys.add((ledger_id, spent.claim.key))
            if at >= expired_at:
                loaded[ledger_id].spent[spent.claim.key] = spent

    @property
    def _expired_at(self) -> datetime:
        """Return the moment before which a key that was spent is free again."""
        return self.clock.now() - RETENTION

    def write(self, changes: Iterable[Changes]) -> None:
        changes = list(changes)
        if books := [one for one in changes if _has_moves(one)]:
            self.driver.send((statements.WRITE_BOOKS, books_columns(books)))
        if released := [(one.ledger.id, key) for one in changes for key in one.released]:
            self.driver.send((statements.RELEASE_KEYS, _columns(released)))
        if journal := [one for one in changes if one.events or one.spent]:
            self.driver.send(
                *self._forgetting(journal), (statements.WRITE_JOURNAL, journal_columns(journal))
            )
            self.stirred.update([one.ledger.id for one in journal if one.events])

    def _forgetting(self, changes: Sequence[Changes]) -> list[Query]:
        """Forget the keys that are there and are written again."""
        written = [(c.ledger.id, spent.claim.key) for c in changes for spent in c.spent]
        again = [key for key in written if key in self._known_keys]
        return [(statements.FORGET_KEYS, [*_columns(again), self._expired_at])] if again else []

    def add_ledger(
        self,
        partner_id: PartnerId,
        environment: Environment,
        settlement_limit: int | None,
        at: datetime,
    ) -> Ledger:
        values = [partner_id, environment, settlement_limit, GENESIS, at]
        ((row,),) = self.driver.run((statements.INSERT_LEDGER, values))
        return ledger_of(row)

    def add_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        records = Json([wallet_record(ledger_id, wallet)])
        try:
            self.driver.run((statements.INSERT_WALLET, [records]))
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != _EXTERNAL_ID_KEY:
                raise
            detail = "Another wallet has this external wallet id; use another or find that wallet."
            raise ExternalIdTaken(detail, subject=wallet.external_wallet_id) from None

    def replace_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        self.driver.run((statements.UPDATE_WALLET, [Json([wallet_record(ledger_id, wallet)])]))

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        (rows,) = self.driver.run((statements.LOAD_WALLET, [ledger_id, wallet_id]))
        return wallet_of(rows[0]) if rows else None


def _has_moves(one: Changes) -> bool:
    return bool(
        one.new_accounts
        or one.changed_accounts
        or one.new_transactions
        or one.changed_transactions
        or one.entries
    )


def _columns(keys: Sequence[Key]) -> list[object]:
    return [numbers([ledger_id for ledger_id, _ in keys]), texts([name for _, name in keys])]
