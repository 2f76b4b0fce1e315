"""The checks of the journal: numbered without a gap, linked by hash, and telling what it says."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter

import orjson
import psycopg
from attrs import define

from payflow_adapters.postgres._verify_fault import Fault
from payflow_adapters.postgres._verify_heads import KeptHeads
from payflow_adapters.postgres._verify_told import (
    MOVED,
    OF_TRANSACTION,
    Books,
    Data,
    Row,
    Told,
    reading_books,
    streaming,
)
from payflow_adapters.postgres._verify_volumes import Volumes
from payflow_adapters.postgres.blocks import events_of
from payflow_domain.ids import EVENT, is_id
from payflow_domain.ledger.journal import Event, link
from payflow_domain.ledger.ledgers import GENESIS
from payflow_domain.ledger.published import publish_time
from payflow_domain.money import is_amount

# Both sides come in the order of their primary keys: there is nothing to sort.
_JOURNAL = """
    SELECT l.id, l.environment, l.sequence, l.head, l.last_at,
      b.first_sequence, b.last_sequence, b.at, b.types, b.bodies, b.hashes
    FROM ledgers l LEFT JOIN journal_blocks b ON b.ledger_id = l.id
    ORDER BY l.id, b.last_sequence
"""

_FIRST_OF_BLOCK = 5


@define
class _Journal:
    """The journal of one ledger, up to where it was read."""

    ledger_id: int
    environment: str
    told: Told
    kept: KeptHeads
    sequence: int = 0
    head: bytes = GENESIS
    event_id: str = ""
    at: datetime | None = None

    def read_block(
        self,
        first_sequence: int,
        last_sequence: int,
        at: datetime,
        types: str,
        bodies: str,
        hashes: bytes,
    ) -> Fault | None:
        """Take the next block, up to the first event that is not what should come next."""
        try:
            events = list(events_of(first_sequence, at, types, bodies, hashes))
        except ValueError as error:
            expected = "a type, a body and a hash for each event"
            return self._fault("journal_block", first_sequence, expected, str(error))
        if self.at is not None and at < self.at:
            expected = f"a time from {self.at}"
            return self._fault("journal_times", first_sequence, expected, str(at))
        self.at = at
        if fault := next((fault for event in events if (fault := self.read(event))), None):
            return fault
        if last_sequence != self.sequence:
            expected = f"a block that ends with event {self.sequence}"
            return self._fault("journal_block", first_sequence, expected, f"event {last_sequence}")
        return None

    def read(self, event: Event) -> Fault | None:
        """Take the next event, unless it is not what should come next."""
        number = self.sequence + 1
        if event.sequence != number:
            return self._fault("journal_gap", number, f"event {number}", f"event {event.sequence}")
        head = link(self.head, event.body)
        if event.hash != head:
            return self._fault("journal_chain", number, f"hash {head.hex()}", event.hash.hex())
        body = self._body_of(event)
        if body is None:
            expected = (
                f"an id after '{self.event_id}', event '{event.type}', sequence {number}, "
                f"environment '{self.environment}' and createdAt '{publish_time(event.at)}'"
            )
            return self._fault("event_body", number, expected, event.body.decode())
        self.sequence, self.head, self.event_id = number, head, body["id"]
        return self.kept.meet(self.ledger_id, number, head) or self.told.read(event, body["data"])

    def _body_of(self, event: Event) -> Data | None:
        """Return the body of an event if it agrees with the rest of it."""
        try:
            body: Data = orjson.loads(event.body)
            agrees = (
                is_id(body["id"], EVENT)
                and body["id"] > self.event_id
                and body["event"] == event.type
                and body["sequence"] == event.sequence
                and body["environment"] == self.environment
                and body["createdAt"] == publish_time(event.at)
                and _is_told(event, body["data"])
            )
        except (ValueError, TypeError, KeyError):
            return None
        return body if agrees else None

    def end(self, sequence: int, head: bytes, last_at: datetime) -> Fault | None:
        """Compare the last event with what the ledger says it is."""
        if (self.sequence, self.head) != (sequence, head):
            expected = f"the last event to be {sequence} with hash {head.hex()}"
            found = f"{self.sequence} with hash {self.head.hex()}"
            return Fault("journal_head", self.ledger_id, "the journal", expected, found)
        if self.at not in {None, last_at}:
            expected = f"the last event to be of {last_at}"
            return Fault("journal_head", self.ledger_id, "the journal", expected, str(self.at))
        return self.kept.end(self.ledger_id, sequence) or self.told.end()

    def _fault(self, check: str, number: int, expected: str, found: str) -> Fault:
        return Fault(check, self.ledger_id, f"event {number}", expected, found)


def find_fault_in_journal(connection: psycopg.Connection, kept: KeptHeads) -> Fault | None:
    """Read every event of every ledger beside what it tells of, some at a time."""
    try:
        with (
            streaming(connection, "journal", _JOURNAL) as rows,
            reading_books(connection) as books,
        ):
            faults = (
                _find_fault(of_ledger, books, kept) for _, of_ledger in groupby(rows, itemgetter(0))
            )
            return next((fault for fault in faults if fault), None) or kept.rest()
    except psycopg.DataError as error:
        # A time that no calendar has, say.
        return Fault("values", None, "the database", "values that can be read", str(error))


def _find_fault(rows: Iterator[Row], books: Books, kept: KeptHeads) -> Fault | None:
    """Read the journal of one ledger: each row has the ledger, and a block if there is one."""
    first = next(rows)
    ledger_id, environment, sequence, head, last_at, *_ = first
    told = Told(books, ledger_id, Volumes.of(books.connection, ledger_id))
    journal = _Journal(ledger_id, environment, told, kept)
    for row in chain([first], rows):
        block = row[_FIRST_OF_BLOCK:]
        if block[0] is not None and (fault := journal.read_block(*block)):
            return fault
    return journal.end(sequence, head, last_at)


def _is_told(event: Event, data: object) -> bool:
    """Tell whether the data of an event have what its type calls for, as far as it is read here."""
    if not isinstance(data, dict):
        return False
    if event.type in MOVED:
        return isinstance(data["walletId"], str) and is_amount(data["amount"])
    if event.type in OF_TRANSACTION:
        words = data["id"], data["type"], data["currency"], *map(_wallet_id, data["balances"])
        is_numbered = data["sequence"] == event.sequence and is_amount(data["amount"])
        return is_numbered and all(isinstance(word, str) for word in words)
    return True


def _wallet_id(balance: Data) -> object:
    return balance["walletId"]
