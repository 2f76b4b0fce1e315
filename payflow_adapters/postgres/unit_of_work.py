"""One database transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import LiteralString

import psycopg
from attrs import Factory, define
from psycopg.types.json import Json

from payflow_adapters.postgres import statements
from payflow_adapters.postgres.bulk import copies
from payflow_adapters.postgres.records import (
    Record,
    account_record,
    ledger_record,
    moved_account_records,
    partner_record,
    transaction_record,
    wallet_record,
)
from payflow_adapters.postgres.rows import (
    Values,
    account_of,
    ledger_of,
    spent_key_of,
    transaction_of,
    wallet_of,
)
from payflow_domain.access.keys import ApiKey
from payflow_domain.clock import Clock
from payflow_domain.ids import AccountId, LedgerId, PartnerId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.idempotency import RETENTION
from payflow_domain.ledger.ledgers import GENESIS, Environment, Ledger
from payflow_domain.ledger.ports import Changes, Loaded, Wanted
from payflow_domain.partners.model import Partner
from payflow_domain.wallets.model import ExternalIdTaken, Wallet

Driver = psycopg.Connection[Values]
Cursor = psycopg.Cursor[Values]
Key = tuple[LedgerId, str]

_EXTERNAL_ID_KEY = "wallets_ledger_id_external_wallet_id_key"


@define
class PostgresUnitOfWork:
    """Every capability's unit of work, on one connection."""

    driver: Driver
    clock: Clock
    _known_keys: set[Key] = Factory(set)

    def load(self, wanted: Mapping[LedgerId, Wanted]) -> dict[LedgerId, Loaded]:
        keys = [(of, key) for of, wants in wanted.items() for key in wants.keys]
        accounts = [(of, one) for of, wants in wanted.items() for one in wants.accounts]
        made = [(of, one) for of, wants in wanted.items() for one in wants.transactions]
        with self.driver.pipeline():
            ledger_rows = self.driver.execute(statements.LOCK_LEDGERS, [list(wanted)])
            key_rows = self._look_up(statements.LOAD_KEYS, keys)
            account_rows = self._look_up(statements.LOAD_ACCOUNTS, accounts)
            made_rows = self._look_up(statements.LOAD_TRANSACTIONS, made)
        loaded = {LedgerId(row[0]): Loaded(ledger_of(row)) for row in ledger_rows}
        for ledger_id, *row in account_rows:
            loaded[ledger_id].accounts[row[0]] = account_of(row)
        for ledger_id, *row in made_rows:
            loaded[ledger_id].transactions[row[0]] = transaction_of(row)
        self._take_keys(loaded, key_rows)
        return loaded

    def _look_up(self, statement: LiteralString, keys: Sequence[Key]) -> Iterable[Values]:
        return self.driver.execute(statement, _columns(keys)) if keys else ()

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
        cursor = self.driver.cursor()
        self._forget_keys(cursor, changes)
        for statement, lines in copies(changes):
            if lines:
                with cursor.copy(statement) as copy:
                    copy.write(lines)
        with self.driver.pipeline():
            written = [
                (self.driver.execute(statement, [Json(records)]), len(records))
                for statement, records in _updates(changes)
                if records
            ]
        if any(done.rowcount != expected for done, expected in written):
            detail = "The books changed meanwhile; ask again with the same idempotency key."
            raise CommitFailed(detail)

    def _forget_keys(self, cursor: Cursor, changes: Sequence[Changes]) -> None:
        written = [(c.ledger.id, spent.claim.key) for c in changes for spent in c.spent]
        if again := [key for key in written if key in self._known_keys]:
            cursor.execute(statements.FORGET_KEYS, [*_columns(again), self._expired_at])

    def add_ledger(
        self,
        partner_id: PartnerId,
        environment: Environment,
        settlement_limit: int | None,
        at: datetime,
    ) -> Ledger:
        values = [partner_id, environment, settlement_limit, GENESIS, at]
        (row,) = self.driver.execute(statements.INSERT_LEDGER, values)
        return ledger_of(row)

    def add_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        records = Json([wallet_record(ledger_id, wallet)])
        try:
            self.driver.execute(statements.INSERT_WALLET, [records])
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != _EXTERNAL_ID_KEY:
                raise
            detail = "Another wallet has this external wallet id; use another or find that wallet."
            raise ExternalIdTaken(detail, subject=wallet.external_wallet_id) from None

    def replace_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        self.driver.execute(statements.UPDATE_WALLET, [Json([wallet_record(ledger_id, wallet)])])

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        row = self.driver.execute(statements.LOAD_WALLET, [ledger_id, wallet_id]).fetchone()
        return wallet_of(row) if row else None

    def add_key(self, key: ApiKey) -> None:
        values = [
            key.id,
            key.partner_id,
            key.ledger_id,
            key.name,
            Json(sorted(key.permissions)),
            key.digest,
            key.prefix,
            key.last_four,
            key.created_at,
            key.revoked_at,
        ]
        self.driver.execute(statements.INSERT_API_KEY, values)

    def add_partner(self, partner: Partner) -> None:
        self.driver.execute(statements.INSERT_PARTNER, [Json([partner_record(partner)])])


def _columns(keys: Sequence[Key]) -> list[object]:
    return [[ledger_id for ledger_id, _ in keys], [name for _, name in keys]]


def _updates(changes: Sequence[Changes]) -> Iterable[tuple[LiteralString, list[Record]]]:
    """Pair each statement with the records that it writes, one row each."""
    each = [(change, change.ledger.id) for change in changes]
    yield (
        statements.INSERT_ACCOUNTS,
        [account_record(of, one) for c, of in each for one in c.opened],
    )
    yield (
        statements.UPDATE_ACCOUNTS,
        [record for change in changes for record in moved_account_records(change)],
    )
    yield (
        statements.UPDATE_TRANSACTIONS,
        [transaction_record(of, one) for c, of in each for one in c.transactions],
    )
    yield statements.UPDATE_LEDGERS, [ledger_record(change) for change in changes]
