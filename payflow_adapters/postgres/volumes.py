"""Volumes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import LiteralString

from attrs import define, frozen
from psycopg.types.json import Json
from sqlalchemy import select

from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.drivers import Driver
from payflow_adapters.postgres.tables import volume_cursors, volumes
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.volumes import Volume, VolumeOf

_BEGIN_LEDGERS: LiteralString = """
    INSERT INTO volume_cursors (ledger_id, sequence, moved_at)
    SELECT l.id, 0, '-infinity' FROM ledgers l
    WHERE NOT EXISTS (SELECT FROM volume_cursors c WHERE c.ledger_id = l.id)
    ON CONFLICT (ledger_id) DO NOTHING
"""

_TAKE_BEHIND: LiteralString = """
    SELECT c.ledger_id, c.sequence
    FROM volume_cursors c JOIN ledgers l ON l.id = c.ledger_id
    WHERE l.sequence > c.sequence
    ORDER BY c.moved_at, c.ledger_id LIMIT %s
    FOR UPDATE OF c SKIP LOCKED
"""

_ADD: LiteralString = """
    INSERT INTO volumes AS v (ledger_id, day, currency, type, count, amount)
    SELECT ledger_id, day, currency, type, count, amount
    FROM json_populate_recordset(NULL::volumes, %s)
    ON CONFLICT (ledger_id, day, currency, type) DO UPDATE SET
      count = v.count + excluded.count, amount = v.amount + excluded.amount
"""

_MOVE: LiteralString = """
    UPDATE volume_cursors SET sequence = %s, moved_at = clock_timestamp() WHERE ledger_id = %s
"""


@define(slots=False)  # so that one unit of work can be all of them
class PostgresVolumeUnitOfWork:
    """Writes volumes on one connection."""

    driver: Driver

    def take_behind(self, limit: int) -> list[tuple[LedgerId, int]]:
        self.driver.send((_BEGIN_LEDGERS, []))
        (rows,) = self.driver.run((_TAKE_BEHIND, [limit]))
        return [(LedgerId(ledger_id), sequence) for ledger_id, sequence in rows]

    def add_volumes(
        self, ledger_id: LedgerId, volumes: Mapping[VolumeOf, Volume], sequence: int
    ) -> None:
        records = [
            {
                "ledger_id": ledger_id,
                "day": of.day,
                "currency": of.currency,
                "type": of.type,
                "count": volume.count,
                # A sum may be beyond what a number in JSON is taken for.
                "amount": str(volume.amount),
            }
            for of, volume in volumes.items()
        ]
        self.driver.send((_ADD, [Json(records)]), (_MOVE, [sequence, ledger_id]))


@frozen(slots=False)  # so that one store can be all the readers
class PostgresVolumeReader:
    """Reads what is committed of volumes."""

    database: Database

    def volumes_between(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[VolumeOf, Volume]]:
        table = volumes.c
        query = (
            select(table.day, table.currency, table.type, table.count, table.amount)
            .where(table.ledger_id == ledger_id, table.day.between(first, last))
            .order_by(table.day, table.currency, table.type)
        )
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [
            (VolumeOf(day, currency, type_), Volume(count, int(amount)))
            for day, currency, type_, count, amount in rows
        ]

    def volumes_sequence(self, ledger_id: LedgerId) -> int:
        query = select(volume_cursors.c.sequence).where(volume_cursors.c.ledger_id == ledger_id)
        with self.database.reading_of(ledger_id) as connection:
            return connection.execute(query).scalar_one_or_none() or 0
