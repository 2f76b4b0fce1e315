"""One database transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import LiteralString

import orjson
import psycopg
from attrs import Factory, define
from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError

from payflow_adapters.postgres import bulk, statements
from payflow_adapters.postgres.connection import violated_constraint
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
Cursor = psycopg.Cursor[Values]

_EXTERNAL_ID_KEY = "wallets_ledger_id_external_wallet_id_key"


@define
class PostgresUnitOfWork:
    """Every capability's unit of work, on one connection."""

    connection: Connection
    clock: Clock
    _known_keys: set[tuple[LedgerId, str]] = Factory(set)

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
        self._take_keys(loaded, key_rows)
        return loaded

    def _take_keys(self, loaded: Mapping[LedgerId, Loaded], rows: Iterable[Values]) -> None:
        expired = self.clock.now() - RETENTION
        for ledger_id, at, *row in rows:
            spent = spent_key_of(row)
            self._known_keys.add((ledger_id, spent.claim.key))
            if at > expired:
                loaded[ledger_id].spent[spent.claim.key] = spent

    def write(self, changes: Iterable[Changes]) -> None:
        changes = list(changes)
        cursor = self._driver.cursor()
        for statement, lines in _copied(changes):
            if statement == bulk.COPY_KEYS:
                self._forget_keys(cursor, changes)
            if lines:
                with cursor.copy(statement) as copy:
                    copy.write("".join(lines))
        with self._driver.pipeline():
            _open_accounts(cursor, changes)
            _update_transactions(cursor, changes)
            _update_ledgers(cursor, [change.ledger for change in changes])
            _update_accounts(cursor, changes)
        expected = sum(len(change.accounts) for change in changes)
        if expected and cursor.rowcount != expected:
            detail = "The books changed meanwhile; ask again with the same idempotency key."
            raise CommitFailed(detail)

    def _forget_keys(self, cursor: Cursor, changes: Sequence[Changes]) -> None:
        again = [
            (change.ledger.id, spent.claim.key)
            for change in changes
            for spent in change.spent
            if (change.ledger.id, spent.claim.key) in self._known_keys
        ]
        if again:
            cursor.execute(statements.FORGET_KEYS, _columns(again))

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
            self.connection.execute(insert(wallets).values(_wallet_values(ledger_id, wallet)))
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
        self.connection.execute(insert(api_keys).values(_key_values(key)))

    def add_partner(self, partner: Partner) -> None:
        values = {
            "id": partner.id,
            "name": partner.name,
            "status": partner.status.value,
            "created_at": partner.created_at,
        }
        self.connection.execute(insert(partners).values(values))


def _columns(pairs: Sequence[tuple[LedgerId, str]]) -> list[list[object]]:
    return [[ledger_id for ledger_id, _ in pairs], [name for _, name in pairs]]


def _look_up(
    driver: Driver, statement: LiteralString, pairs: Sequence[tuple[LedgerId, str]]
) -> Iterable[Values]:
    return driver.execute(statement, _columns(pairs)) if pairs else ()


def _copied(changes: Sequence[Changes]) -> Iterator[tuple[LiteralString, list[str]]]:
    """Write what is only ever added, table by table."""
    yield (
        bulk.COPY_TRANSACTIONS,
        [bulk.transaction_line(c.ledger.id, one) for c in changes for one in c.made],
    )
    yield (
        bulk.COPY_ENTRIES,
        [bulk.entry_line(c.ledger.id, entry) for c in changes for entry in c.entries],
    )
    yield (
        bulk.COPY_EVENTS,
        [bulk.event_line(c.ledger.id, event) for c in changes for event in c.events],
    )
    yield (
        bulk.COPY_KEYS,
        [
            bulk.key_line(c.ledger.id, s, bulk.moment(c.ledger.last_at))
            for c in changes
            for s in c.spent
        ],
    )


def _open_accounts(cursor: Cursor, changes: Sequence[Changes]) -> None:
    for change in changes:
        for one in change.opened:
            counters = one.counters
            cursor.execute(
                statements.INSERT_ACCOUNT,
                [
                    change.ledger.id,
                    one.id,
                    one.kind.value,
                    one.currency,
                    one.floor,
                    counters.debits_posted,
                    counters.credits_posted,
                    counters.debits_pending,
                    counters.credits_pending,
                    one.version,
                    one.sequence,
                    one.is_open,
                ],
            )


def _update_transactions(cursor: Cursor, changes: Sequence[Changes]) -> None:
    for change in changes:
        for one in change.transactions:
            failure = bulk.failure_json(one)
            cursor.execute(
                statements.UPDATE_TRANSACTION,
                [
                    one.status.value,
                    one.amount,
                    bulk.postings_json(one.postings),
                    one.sequence,
                    one.completed_at,
                    one.reversed_amount,
                    failure and failure.decode(),
                    change.ledger.id,
                    one.id,
                ],
            )


def _update_ledgers(cursor: Cursor, heads: Sequence[Ledger]) -> None:
    columns = [
        [head.id for head in heads],
        [head.sequence for head in heads],
        [head.head for head in heads],
        [head.last_at for head in heads],
    ]
    cursor.execute(statements.UPDATE_LEDGERS, columns)


def _update_accounts(cursor: Cursor, changes: Sequence[Changes]) -> None:
    """Comes last, so that the cursor's row count is that of the accounts."""
    rows = [
        {
            "ledger_id": change.ledger.id,
            "id": one.id,
            "debits_posted": one.counters.debits_posted,
            "credits_posted": one.counters.credits_posted,
            "debits_pending": one.counters.debits_pending,
            "credits_pending": one.counters.credits_pending,
            "version": one.version,
            "sequence": one.sequence,
            "is_open": one.is_open,
        }
        for change in changes
        for one in change.accounts
    ]
    if rows:
        cursor.execute(statements.UPDATE_ACCOUNTS, [orjson.dumps(rows).decode()])


def _wallet_values(ledger_id: LedgerId, wallet: Wallet) -> dict[str, object]:
    return {
        "ledger_id": ledger_id,
        "id": wallet.id,
        "name": wallet.name,
        "currency": wallet.currency,
        "external_user_id": wallet.external_user_id,
        "external_wallet_id": wallet.external_wallet_id,
        "status": wallet.status.value,
        "metadata": dict(wallet.metadata),
        "created_at": wallet.created_at,
    }


def _key_values(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "partner_id": key.partner_id,
        "ledger_id": key.ledger_id,
        "name": key.name,
        "permissions": sorted(permission.value for permission in key.permissions),
        "digest": key.digest,
        "prefix": key.prefix,
        "last_four": key.last_four,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
