"""The checks of the journal: numbered without a gap, linked by hash, and telling what it says."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import orjson
import psycopg
from attrs import define

from payflow_adapters.postgres._verify_fault import Fault
from payflow_adapters.postgres.blocks import events_of
from payflow_domain.ids import EVENT, is_id
from payflow_domain.ledger.journal import Event, EventType, link
from payflow_domain.ledger.ledgers import GENESIS
from payflow_domain.ledger.published import publish_time
from payflow_domain.money import is_amount

_ROWS_AT_A_TIME = 1_000
_MOVES = {EventType.WALLET_CREDITED, EventType.WALLET_DEBITED}

# Both sides come in the order of their primary keys: there is nothing to sort.
_JOURNAL = """
    SELECT l.id, l.environment, l.sequence, l.head,
      b.first_sequence, b.at, b.types, b.bodies, b.hashes
    FROM ledgers l LEFT JOIN journal_blocks b ON b.ledger_id = l.id
    ORDER BY l.id, b.last_sequence
"""

_Row = tuple[Any, ...]
_FIRST_OF_BLOCK = 4


@define
class _Journal:
    """The journal of one ledger, up to where it was read."""

    ledger_id: int
    environment: str
    sequence: int = 0
    head: bytes = GENESIS
    event_id: str = ""

    def read_block(
        self, first_sequence: int, at: datetime, types: str, bodies: str, hashes: bytes
    ) -> Fault | None:
        """Take the next block, up to the first event that is not what should come next."""
        try:
            events = list(events_of(first_sequence, at, types, bodies, hashes))
        except ValueError as error:
            expected = "a type, a body and a hash for each event"
            return self._fault("journal_block", first_sequence, expected, str(error))
        return next((fault for event in events if (fault := self.read(event))), None)

    def read(self, event: Event) -> Fault | None:
        """Take the next event, unless it is not what should come next."""
        number = self.sequence + 1
        if event.sequence != number:
            return self._fault("journal_gap", number, f"event {number}", f"event {event.sequence}")
        head = link(self.head, event.body)
        if event.hash != head:
            return self._fault("journal_chain", number, f"hash {head.hex()}", event.hash.hex())
        event_id = self._id_in(event)
        if event_id is None:
            expected = (
                f"an id after {self.event_id!r}, event {event.type!r}, sequence {number}, "
                f"environment {self.environment!r} and createdAt {publish_time(event.at)!r}"
            )
            return self._fault("event_body", number, expected, event.body.decode())
        self.sequence, self.head, self.event_id = number, head, event_id
        return None

    def _id_in(self, event: Event) -> str | None:
        """Return the id in the body of an event whose body agrees with the rest of it."""
        try:
            body = orjson.loads(event.body)
            agrees = (
                is_id(body["id"], EVENT)
                and body["id"] > self.event_id
                and body["event"] == event.type
                and body["sequence"] == event.sequence
                and body["environment"] == self.environment
                and body["createdAt"] == publish_time(event.at)
                and (event.type not in _MOVES or _is_move(body["data"]))
            )
            return body["id"] if agrees else None
        except (ValueError, TypeError, KeyError):
            return None

    def end(self, sequence: int, head: bytes) -> Fault | None:
        """Compare the last event with what the ledger says it is."""
        if (self.sequence, self.head) == (sequence, head):
            return None
        expected = f"the last event to be {sequence} with hash {head.hex()}"
        found = f"{self.sequence} with hash {self.head.hex()}"
        return Fault("journal_head", self.ledger_id, "the journal", expected, found)

    def _fault(self, check: str, number: int, expected: str, found: str) -> Fault:
        return Fault(check, self.ledger_id, f"event {number}", expected, found)


def find_fault_in_journal(connection: psycopg.Connection) -> Fault | None:
    """Read every event of every ledger, a thousand at a time."""
    with psycopg.ServerCursor(connection, "journal") as cursor:
        cursor.itersize = _ROWS_AT_A_TIME
        rows = cursor.execute(_JOURNAL, binary=True)
        for _, of_ledger in groupby(rows, itemgetter(0)):
            if fault := _find_fault(of_ledger):
                return fault
    return None


def _find_fault(rows: Iterator[_Row]) -> Fault | None:
    """Read the journal of one ledger: each row has the ledger, and a block if there is one."""
    first = next(rows)
    ledger_id, environment, sequence, head, *_ = first
    journal = _Journal(ledger_id, environment)
    for row in chain([first], rows):
        block = row[_FIRST_OF_BLOCK:]
        if block[0] is not None and (fault := journal.read_block(*block)):
            return fault
    return journal.end(sequence, head)


def _is_move(data: Mapping[str, object]) -> bool:
    return isinstance(data["walletId"], str) and is_amount(data["amount"])
