"""Comparing volumes with what the journal tells, up to the event that they were rolled up to."""

from collections import Counter
from datetime import date
from typing import Any

import psycopg
from attrs import Factory, define

from payflow_adapters.postgres._verify_fault import Fault
from payflow_domain.ledger.journal import Event, EventType

_ROLLED_UP = "SELECT sequence FROM volume_cursors WHERE ledger_id = %s"
_KEPT = "SELECT day, currency, type, count, amount FROM volumes WHERE ledger_id = %s"

_Of = tuple[date, str, str]
_Volume = tuple[int, int]


@define
class Volumes:
    """What was completed in one ledger by day, currency and type of transaction, up to an event."""

    connection: psycopg.Connection
    ledger_id: int
    rolled_up: int
    counts: Counter[_Of] = Factory(Counter)
    amounts: Counter[_Of] = Factory(Counter)

    @classmethod
    def of(cls, connection: psycopg.Connection, ledger_id: int) -> "Volumes":
        """Begin with nothing, and learn up to where to go."""
        row = connection.execute(_ROLLED_UP, (ledger_id,)).fetchone()
        return cls(connection, ledger_id, row[0] if row else 0)

    def add(self, event: Event, data: dict[str, Any]) -> None:
        """Add an event, if volumes have it."""
        if event.type == EventType.TRANSACTION_COMPLETED and event.sequence <= self.rolled_up:
            of = event.at.date(), data["currency"], data["type"]
            self.counts[of] += 1
            self.amounts[of] += data["amount"]

    def compare(self, last: int) -> Fault | None:
        """Compare them with those that are kept; ``last`` is the number of the last event."""
        if self.rolled_up > last:
            expected, found = f"at most event {last}", f"event {self.rolled_up}"
            return Fault("volumes", self.ledger_id, "what was rolled up", expected, found)
        rows = self.connection.execute(_KEPT, (self.ledger_id,)).fetchall()
        kept = {
            (day, currency, type_): (count, amount) for day, currency, type_, count, amount in rows
        }
        told = {of: (count, self.amounts[of]) for of, count in self.counts.items()}
        differing = [of for of in kept.keys() | told.keys() if kept.get(of) != told.get(of)]
        if not differing:
            return None
        first = min(differing)
        expected = _write(told.get(first))
        return Fault("volumes", self.ledger_id, _name(first), expected, _write(kept.get(first)))


def _name(of: _Of) -> str:
    day, currency, type_ = of
    return f"volume of {type_} in {currency} on {day}"


def _write(volume: _Volume | None) -> str:
    return "nothing" if volume is None else f"{volume[0]} of together {volume[1]}"
