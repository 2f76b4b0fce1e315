"""One database transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import LiteralString

import psycopg
from attrs import define
from psycopg.types.json import Json
from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError

from payflow_adapters.postgres import statements
from payflow_adapters.postgres.connection import violated_constraint
from payflow_adapters.postgres.records import (
    Record,
    account_record,
    api_key_record,
    entry_record,
    event_record,
    key_record,
    ledger_record,
    moved_account_records,
    transaction_record,
    wallet_record,
)
from payflow_adapters.postgres.rows import (
    LEDGER_COLUMNS,
    Values,
    account_of,
    ledger_of,
    select_wallets,
    spent_key_of,
    transaction_of,
    wallet_of,
)
from payflow_adapters.postgres.tables import api_keys, ledgers, partners, wallets
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

_EXTERNAL_ID_KEY = "wallets_ledger_id_external_wallet_id_key"


@define
class PostgresUnitOfWork:
    """Every capability's unit of work, on one connection."""

    connection: Connection
    clock: Clock

    @property
    def _driver(self) -> Driver:
        driver = self.connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(driver)
        return driver

    def load(self, wanted: Mapping[LedgerId, Wanted]) -> dict[LedgerId, Loaded]:
        driver = self._driver
        keys = [(of, key) for of, wants in wanted.items() for key in wants.keys]
        accounts_ = [(of, one) for of, wants in wanted.items() for one in wants.accounts]
        made = [(of, one) for of, wants in wanted.items() for one in wants.transactions]
        with driver.pipeline():
            ledger_rows = driver.execute(statements.LOCK_LEDGERS, [list(wanted)])
            key_rows = _look_up(driver, statements.LOAD_KEYS, keys)
            account_rows = _look_up(driver, statements.LOAD_ACCOUNTS, accounts_)
            made_rows = _look_up(driver, statements.LOAD_TRANSACTIONS, made)
        loaded = {LedgerId(row[0]): Loaded(ledger_of(row)) for row in ledger_rows}
        for ledger_id, *row in account_rows:
            loaded[ledger_id].accounts[row[0]] = account_of(row)
        for ledger_id, *row in made_rows:
            loaded[ledger_id].transactions[row[0]] = transaction_of(row)
        _take_keys(loaded, key_rows, self._expired_at)
        return loaded

    def write(self, changes: Iterable[Changes]) -> None:
        sets = _records(list(changes))
        parameters: dict[str, object] = {name: Json(records) for name, records in sets.items()}
        parameters["expired_at"] = self._expired_at
        written = self._driver.execute(statements.WRITE, parameters).fetchone()
        if written != tuple(map(len, sets.values())):
            detail = "The books changed meanwhile; ask again with the same idempotency key."
            raise CommitFailed(detail)

    @property
    def _expired_at(self) -> datetime:
        """Return the moment before which a key that was spent is free again."""
        return self.clock.now() - RETENTION

    def add_ledger(
        self,
        partner_id: PartnerId,
        environment: Environment,
        settlement_limit: int | None,
        at: datetime,
    ) -> Ledger:
        values = {
            "partner_id": partner_id,
            "environment": environment.value,
            "settlement_limit": settlement_limit,
            "sequence": 0,
            "head": GENESIS,
            "last_at": at,
        }
        made = self.connection.execute(insert(ledgers).values(values).returning(*LEDGER_COLUMNS))
        return ledger_of(made.one())

    def add_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        try:
            self.connection.execute(insert(wallets).values(wallet_record(ledger_id, wallet)))
        except IntegrityError as error:
            if violated_constraint(error) != _EXTERNAL_ID_KEY:
                raise
            detail = "Another wallet has this external wallet id; use another or find that wallet."
            raise ExternalIdTaken(detail, subject=wallet.external_wallet_id) from None

    def replace_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        self.connection.execute(
            update(wallets)
            .where(wallets.c.ledger_id == ledger_id, wallets.c.id == wallet.id)
            .values(name=wallet.name, status=wallet.status.value, metadata=dict(wallet.metadata))
        )

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        found = self.connection.execute(
            select_wallets().where(wallets.c.ledger_id == ledger_id, wallets.c.id == wallet_id)
        ).one_or_none()
        return found and wallet_of(found)

    def add_key(self, key: ApiKey) -> None:
        self.connection.execute(insert(api_keys).values(api_key_record(key)))

    def add_partner(self, partner: Partner) -> None:
        values = {
            "id": partner.id,
            "name": partner.name,
            "status": partner.status.value,
            "created_at": partner.created_at,
        }
        self.connection.execute(insert(partners).values(values))


def _look_up(
    driver: Driver, statement: LiteralString, pairs: Sequence[tuple[LedgerId, str]]
) -> Iterable[Values]:
    if not pairs:
        return ()
    columns = ([ledger_id for ledger_id, _ in pairs], [name for _, name in pairs])
    return driver.execute(statement, columns)


def _records(changes: Sequence[Changes]) -> dict[str, list[Record]]:
    """Gather the records of all ledgers, set by set, in the order in which WRITE counts them."""
    ids = [(change, change.ledger.id) for change in changes]
    return {
        "opened": [account_record(of, one) for c, of in ids for one in c.opened],
        "accounts": [record for c in changes for record in moved_account_records(c)],
        "made": [transaction_record(of, one) for c, of in ids for one in c.made],
        "changed": [transaction_record(of, one) for c, of in ids for one in c.transactions],
        "entries": [entry_record(of, one) for c, of in ids for one in c.entries],
        "events": [event_record(of, one) for c, of in ids for one in c.events],
        "keys": [key_record(c, one) for c in changes for one in c.spent],
        "ledgers": [ledger_record(c) for c in changes],
    }


def _take_keys(
    loaded: Mapping[LedgerId, Loaded], rows: Iterable[Values], expired_at: datetime
) -> None:
    for ledger_id, at, *row in rows:
        if at >= expired_at:
            spent = spent_key_of(row)
            loaded[ledger_id].spent[spent.claim.key] = spent
