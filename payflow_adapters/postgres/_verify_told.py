"""Comparing the books with what the journal tells of them, event by event.

Transactions and entries carry the number of the event that tells of them last. So both are read
in the order of those numbers beside the journal, and what does not fit is found where it stands.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from attrs import Factory, define, field, frozen

from payflow_adapters.postgres._verify_fault import Fault
from payflow_adapters.postgres._verify_volumes import Volumes
from payflow_adapters.postgres.rows import (
    ENTRY_COLUMNS,
    TRANSACTION_COLUMNS,
    entry_of,
    transaction_of,
)
from payflow_domain.ids import WALLET
from payflow_domain.ledger.accounts import Side, balance
from payflow_domain.ledger.decisions import MOVES
from payflow_domain.ledger.journal import OF_SIDE, OF_STATUS, Event, EventType
from payflow_domain.ledger.published import Published, publish_balance, publish_transaction
from payflow_domain.ledger.transactions import Entry

ROWS_AT_A_TIME = 1_000

_IN_ORDER = "SELECT ledger_id, sequence, {} FROM {} ORDER BY ledger_id, sequence{}"
_TRANSACTIONS = _IN_ORDER.format(
    ", ".join(column.name for column in TRANSACTION_COLUMNS), "transactions", ""
)
_ENTRIES = _IN_ORDER.format(
    ", ".join(column.name for column in ENTRY_COLUMNS), "entries", ", account_id, version"
)
_KEY = slice(0, 2)
_VALUES = slice(2, None)

OF_TRANSACTION = frozenset(OF_STATUS.values())
MOVED = frozenset(OF_SIDE.values())
AFTERWARDS = {
    EventType.TRANSACTION_REVERSED,
    EventType.PAYOUT_COMPLETED,
    EventType.PAYOUT_FAILED,
}
_IS_WALLET = f"{WALLET}_"

Row = tuple[Any, ...]
Data = dict[str, Any]


@define
class Ahead:
    """Rows in the order of ledger and event, of which the next one is known."""

    rows: Iterator[Row]
    _next: Row | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Look at the first row."""
        self._next = next(self.rows, None)

    def up_to(self, ledger_id: int, sequence: int) -> Iterator[Row]:
        """Take the rows up to that event of that ledger."""
        end = ledger_id, sequence
        while (row := self._next) is not None and row[_KEY] <= end:
            self._next = next(self.rows, None)
            yield row

    def of(self, ledger_id: int) -> Row | None:
        """Return the next row if it is that ledger's."""
        row = self._next
        return row if row is not None and row[0] == ledger_id else None


@frozen
class Books:
    """The transactions and entries of all ledgers, to be read once beside their journals."""

    connection: psycopg.Connection
    transactions: Ahead
    entries: Ahead


@contextmanager
def reading_books(connection: psycopg.Connection) -> Iterator[Books]:
    """Begin to read them from the server, which sorts them."""
    with (
        streaming(connection, "transactions_told", _TRANSACTIONS) as transactions,
        streaming(connection, "entries_told", _ENTRIES) as entries,
    ):
        yield Books(connection, Ahead(transactions), Ahead(entries))


@contextmanager
def streaming(connection: psycopg.Connection, name: str, statement: str) -> Iterator[Iterator[Row]]:
    """Read the rows of a statement some at a time."""
    with psycopg.ServerCursor(connection, name) as cursor:
        cursor.itersize = ROWS_AT_A_TIME
        yield iter(cursor.execute(statement.encode(), binary=True))


@define
class Told:
    """What the journal of one ledger tells, up to where it was read.

    ``command`` has the events of one command of the ledger, the first one of its transaction.
    """

    books: Books
    ledger_id: int
    volumes: Volumes
    command: list[tuple[Event, Data]] = Factory(list)

    def read(self, event: Event, data: Data) -> Fault | None:
        """Take the next event, up to the first part of the books that differs."""
        if event.type not in MOVED and event.type not in AFTERWARDS:
            fault = self._end_command()
            self.command.clear()
            if fault:
                return fault
        self.command.append((event, data))
        self.volumes.add(event, data)
        return self._compare_transactions(event, data)

    def end(self) -> Fault | None:
        """Take note that no event follows."""
        last = self.command[-1][0].sequence if self.command else 0
        return self._end_command() or self._compare_rest(last) or self.volumes.compare(last)

    def _compare_transactions(self, event: Event, data: Data) -> Fault | None:
        """Compare the transactions that say they are as this event tells.

        That it is the last one follows: each event has its entries, which give the status, and
        reversals what was reversed. No two events tell the same of a transaction but for those
        of a payout, which have one number.
        """
        tells = event.type in OF_TRANSACTION or event.type in AFTERWARDS
        for row in self.books.transactions.up_to(self.ledger_id, event.sequence):
            told = _without_balances(data) if tells else {}
            published = _published(row)
            if row[1] != event.sequence or published is None or published != told:
                kept = published or _raw(row)
                return self._differs(f"transaction {row[2]}", event.sequence, told, kept)
        return None

    def _end_command(self) -> Fault | None:
        """Compare the entries of a command with its events, now that all of these are known."""
        if not self.command:
            return None
        (head, data), (last, _) = self.command[0], self.command[-1]
        entries: list[Entry] = []
        for row in self.books.entries.up_to(self.ledger_id, last.sequence):
            if row[1] != last.sequence or head.type not in OF_TRANSACTION:
                return self._entry_differs(row, last.sequence, "no entries")
            if (row[3], row[5]) != (head.at, data["id"]):
                expected = f"transaction {data['id']} at {head.at}"
                return self._entry_differs(row, last.sequence, expected)
            entries.append(entry_of(row[_VALUES]))
        if head.type not in OF_TRANSACTION:
            return None
        if not entries:
            expected = f"entries of transaction {data['id']}"
            subject = f"event {head.sequence}"
            return Fault("journal_entries", self.ledger_id, subject, expected, "none")
        return self._compare_command(head, data, entries)

    def _compare_command(self, head: Event, data: Data, entries: Sequence[Entry]) -> Fault | None:
        balances = _balances(entries)
        told = {one["walletId"]: one for one in data["balances"]}
        if told != balances:
            return self._moves_differ(head.sequence, told, balances)
        moves = {e.account_id: e for e in entries if e.phase in MOVES and e.account_id in balances}
        for event, move in self.command[1:]:
            if event.type in MOVED:
                entry = moves.pop(move["walletId"], None)
                made = _move(data, entry, balances[entry.account_id]) if entry else {}
                if made != move or (entry and OF_SIDE[entry.side] != event.type):
                    return self._moves_differ(event.sequence, move, made)
        if moves:
            return self._moves_differ(head.sequence, {}, {"moves of": sorted(moves)})
        return None

    def _compare_rest(self, last: int) -> Fault | None:
        """Find what says that an event tells of it which there is not."""
        if row := self.books.transactions.of(self.ledger_id):
            found = f"sequence {row[1]}"
            expected = f"one of the {last} events"
            subject = f"transaction {row[2]}"
            return Fault("journal_transactions", self.ledger_id, subject, expected, found)
        if row := self.books.entries.of(self.ledger_id):
            return self._entry_differs(row, last, f"one of the {last} events")
        return None

    def _differs(self, subject: str, number: int, told: Published, kept: Published) -> Fault:
        expected = f"as event {number} tells: {_members(told, kept)}"
        found = _members(kept, told)
        return Fault("journal_transactions", self.ledger_id, subject, expected, found)

    def _entry_differs(self, row: Row, number: int, expected: str) -> Fault:
        subject = f"account {row[2]}, entry {row[4]}"
        expected = f"{expected}, as event {number} tells"
        found = f"transaction {row[5]} at {row[3]}, event {row[1]}"
        return Fault("journal_entries", self.ledger_id, subject, expected, found)

    def _moves_differ(
        self, number: int, told: Mapping[str, object], made: Mapping[str, object]
    ) -> Fault:
        expected = f"entries that make {_members(told, made)}"
        subject = f"event {number}"
        return Fault("journal_moves", self.ledger_id, subject, expected, _members(made, told))


def _without_balances(data: Data) -> Published:
    return {name: value for name, value in data.items() if name != "balances"}


def _published(row: Row) -> Published | None:
    """Publish a transaction; ``None`` where it is none that could be."""
    try:
        return publish_transaction(transaction_of(row[_VALUES]))
    except (ValueError, TypeError, KeyError):
        return None


def _raw(row: Row) -> Published:
    names = [column.name for column in TRANSACTION_COLUMNS]
    return dict(zip(names, row[_VALUES], strict=True))


def _balances(entries: Iterable[Entry]) -> dict[str, Published]:
    """Publish what the last entry of each wallet left."""
    last = {entry.account_id: entry for entry in entries}
    return {
        id_: {"walletId": id_, **publish_balance(balance(entry.after, Side.CREDIT))}
        for id_, entry in last.items()
        if id_.startswith(_IS_WALLET)
    }


def _move(transaction: Data, entry: Entry, left: Published) -> Published:
    """Publish a move of a transaction that was published."""
    return {
        "walletId": entry.account_id,
        "transactionId": entry.transaction_id,
        "type": transaction["type"],
        "direction": entry.side,
        "amount": entry.amount,
        "currency": transaction["currency"],
        "balance": {name: value for name, value in left.items() if name != "walletId"},
    }


def _members(these: Mapping[str, object], others: Mapping[str, object]) -> str:
    """Write the members that differ from those of the others."""
    differing = {
        name: value for name, value in these.items() if name not in others or others[name] != value
    }
    written = (
        f"{name} {orjson.dumps(value, default=str).decode()}" for name, value in differing.items()
    )
    return ", ".join(written) or "nothing"
