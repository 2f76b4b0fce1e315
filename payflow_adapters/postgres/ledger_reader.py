"""Reading ledgers."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from attrs import frozen
from sqlalchemy import and_, select, tuple_

from payflow_adapters.postgres import statements
from payflow_adapters.postgres.arrays import numbers, texts
from payflow_adapters.postgres.blocks import EVENTS_MAX, events_of
from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.rows import (
    ENTRY_COLUMNS,
    LEDGER_COLUMNS,
    TRANSACTION_COLUMNS,
    account_of,
    entry_of,
    ledger_of,
    transaction_of,
)
from payflow_adapters.postgres.tables import entries, journal_blocks, ledgers, transactions
from payflow_adapters.postgres.transaction_lists import transactions_page
from payflow_domain.ids import AccountId, LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account, Phase
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.transactions import Entry, Transaction

_BLOCK_COLUMNS = (
    journal_blocks.c.first_sequence,
    journal_blocks.c.at,
    journal_blocks.c.types,
    journal_blocks.c.bodies,
    journal_blocks.c.hashes,
)
_MOVED_POSTED = (Phase.POSTED.value, Phase.SETTLED.value)
_SAME_TRANSACTION = and_(
    transactions.c.ledger_id == entries.c.ledger_id,
    transactions.c.id == entries.c.transaction_id,
)


@frozen(slots=False)  # so that one store can be all the readers
class PostgresLedgerReader:
    """Reads committed books."""

    database: Database

    def ledger(self, ledger_id: LedgerId) -> Ledger | None:
        query = select(*LEDGER_COLUMNS).where(ledgers.c.id == ledger_id)
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return ledger_of(row) if row else None

    def ledger_of(self, partner_id: PartnerId, environment: Environment) -> Ledger | None:
        query = select(*LEDGER_COLUMNS).where(
            ledgers.c.partner_id == partner_id, ledgers.c.environment == environment.value
        )
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return ledger_of(row) if row else None

    def accounts(self, wanted: Sequence[tuple[LedgerId, AccountId]]) -> list[Account | None]:
        ledger_ids = [ledger_id for ledger_id, _ in wanted]
        columns = numbers(ledger_ids), texts([name for _, name in wanted])
        with self.database.reading_of(*ledger_ids) as connection:
            rows = connection.exec_driver_sql(statements.LOAD_ACCOUNTS, columns).all()
        found = {(row[0], row[1]): account_of(row[1:]) for row in rows}
        return [found.get(key) for key in wanted]

    def account_at(self, ledger_id: LedgerId, account_id: AccountId, at: datetime) -> Entry | None:
        query = (
            select(*ENTRY_COLUMNS)
            .where(
                entries.c.ledger_id == ledger_id,
                entries.c.account_id == account_id,
                entries.c.at <= at,
            )
            .order_by(entries.c.at.desc(), entries.c.version.desc())
            .limit(1)
        )
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return entry_of(row) if row else None

    def statement(
        self, ledger_id: LedgerId, account_id: AccountId, page: Page
    ) -> list[tuple[Entry, Transaction]]:
        query = (
            select(*ENTRY_COLUMNS, *TRANSACTION_COLUMNS)
            .join_from(entries, transactions, _SAME_TRANSACTION)
            .where(
                entries.c.ledger_id == ledger_id,
                entries.c.account_id == account_id,
                entries.c.phase.in_(_MOVED_POSTED),
            )
            .order_by(entries.c.at.desc(), entries.c.version.desc())
            .limit(page.limit)
        )
        if page.after is not None:
            at, version = page.after.split(" ")
            seen = (datetime.fromisoformat(at), int(version))
            query = query.where(tuple_(entries.c.at, entries.c.version) < seen)
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        width = len(ENTRY_COLUMNS)
        return [(entry_of(row[:width]), transaction_of(row[width:])) for row in rows]

    def transaction(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Transaction | None:
        query = select(*TRANSACTION_COLUMNS).where(
            transactions.c.ledger_id == ledger_id, transactions.c.id == transaction_id
        )
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return transaction_of(row) if row else None

    def transactions(
        self, ledger_id: LedgerId, which: TransactionFilter, page: Page
    ) -> list[Transaction]:
        query = transactions_page(ledger_id, which, page)
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [transaction_of(row) for row in rows]

    def events(self, ledger_id: LedgerId, after: int, limit: int) -> list[Event]:
        last = journal_blocks.c.last_sequence
        query = (
            select(*_BLOCK_COLUMNS)
            .where(
                journal_blocks.c.ledger_id == ledger_id,
                last > after,
                # The block of the last one wanted may go on beyond it.
                last < after + limit + EVENTS_MAX,
            )
            .order_by(last)
        )
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        found = chain.from_iterable(events_of(*row) for row in rows)
        return [event for event in found if after < event.sequence <= after + limit]
