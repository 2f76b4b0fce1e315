"""Volumes, in memory."""

from collections.abc import Mapping, Sequence
from datetime import date
from threading import Lock

from payflow_adapters.memory.staging import Staging
from payflow_adapters.memory.tables import Tables
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.volumes import Volume, VolumeOf


class MemoryVolumeUnitOfWork(Staging):
    """Stages volumes."""

    def take_behind(self, limit: int) -> list[tuple[LedgerId, int]]:
        """Take ledgers, those whose volumes were moved on the longest ago first."""
        cursors = self._tables.volume_cursors
        behind = [
            (cursors.get(ledger_id, (0, 0)), ledger_id)
            for ledger_id, ledger in self._tables.ledgers.items()
            if ledger.sequence > cursors.get(ledger_id, (0, 0))[1]
        ]
        return [(ledger_id, sequence) for (_, sequence), ledger_id in sorted(behind)[:limit]]

    def add_volumes(
        self, ledger_id: LedgerId, volumes: Mapping[VolumeOf, Volume], sequence: int
    ) -> None:
        """Stage volumes, and up to where they are."""
        cursors = self._tables.volume_cursors
        for of, volume in volumes.items():
            before = self._tables.volumes.get((ledger_id, of), Volume())
            self._tables.volumes[ledger_id, of] = before + volume
        moved = max((number for number, _ in cursors.values()), default=0) + 1
        cursors[ledger_id] = moved, sequence


class MemoryVolumeReader:
    """Reads what is committed of volumes."""

    _tables: Tables
    _reading: Lock

    def volumes_between(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[VolumeOf, Volume]]:
        with self._reading:
            found = [
                (of, volume)
                for (owner, of), volume in self._tables.volumes.items()
                if owner == ledger_id and first <= of.day <= last
            ]
        return sorted(found, key=lambda each: (each[0].day, each[0].currency, each[0].type))

    def volumes_sequence(self, ledger_id: LedgerId) -> int:
        with self._reading:
            return self._tables.volume_cursors.get(ledger_id, (0, 0))[1]
