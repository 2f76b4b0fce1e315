"""Volumes: how much was moved, by day, currency and type of transaction.

They are rolled up from the journal, behind it and in its order. What was added, and up to which
event, is kept in one transaction: each event counts once, whatever dies in between.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from attrs import frozen

from payflow_domain.ids import LedgerId
from payflow_domain.ledger.journal import Event, EventType
from payflow_domain.ledger.ports import LedgerReader

LEDGERS_AT_A_TIME = 10
EVENTS_AT_A_TIME = 2_000


@frozen
class VolumeOf:
    """What a volume is of: a day in UTC, a currency and a type of transaction."""

    day: date
    currency: str
    type: str


@frozen
class Volume:
    """How many transactions were completed, and their amounts in minor units."""

    count: int = 0
    amount: int = 0

    def __add__(self, other: "Volume") -> "Volume":
        return Volume(self.count + other.count, self.amount + other.amount)


def volumes_of(events: Iterable[Event]) -> dict[VolumeOf, Volume]:
    """Add up what was completed.

    A reversal is a transaction of its own, of the type ``reversal``, and takes nothing off the
    volume of the one that it reverses.
    """
    volumes: dict[VolumeOf, Volume] = {}
    for event in events:
        if event.type == EventType.TRANSACTION_COMPLETED:
            data = json.loads(event.body)["data"]
            of = VolumeOf(event.at.date(), data["currency"], data["type"])
            volumes[of] = volumes.get(of, Volume()) + Volume(1, data["amount"])
    return volumes


class VolumeUnitOfWork(Protocol):
    """One database transaction on volumes."""

    def take_behind(self, limit: int) -> list[tuple[LedgerId, int]]:
        """Take ledgers whose journal goes on beyond what was rolled up, the longest ago first.

        Returns each with the number of the last event that was. Nobody else can take them until
        this unit of work ends; those that somebody else has are left out.
        """
        ...

    def add_volumes(
        self, ledger_id: LedgerId, volumes: Mapping[VolumeOf, Volume], sequence: int
    ) -> None:
        """Add to volumes of a ledger that was taken, which are then those up to ``sequence``."""
        ...


BeginVolumes = Callable[[], AbstractContextManager[VolumeUnitOfWork]]


class VolumeReader(Protocol):
    """Reads volumes."""

    def volumes_between(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[VolumeOf, Volume]]:
        """Return volumes by day, currency and type, in that order; both days are included."""
        ...

    def volumes_sequence(self, ledger_id: LedgerId) -> int:
        """Return the number of the last event that volumes have."""
        ...


@frozen
class VolumeRoller:
    """Rolls up volumes."""

    begin: BeginVolumes
    reader: LedgerReader

    def roll_up(self) -> int:
        """Go on where it was left off; returns how many events that were."""
        done = 0
        with self.begin() as uow:
            for ledger_id, after in uow.take_behind(LEDGERS_AT_A_TIME):
                events = self.reader.events(ledger_id, after, EVENTS_AT_A_TIME)
                if events:
                    uow.add_volumes(ledger_id, volumes_of(events), events[-1].sequence)
                done += len(events)
        return done
