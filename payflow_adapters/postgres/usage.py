"""The record of use."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from attrs import frozen
from psycopg.types.json import Json
from sqlalchemy import BigInteger, ColumnElement, Row, cast, func, select

from payflow_adapters.postgres import usage_statements as statements
from payflow_adapters.postgres.arrays import moments, texts
from payflow_adapters.postgres.connection import Database, DatabaseUnavailable, unavailable_as
from payflow_adapters.postgres.tables import usage_days, usage_key_days, usage_minutes
from payflow_domain.access.usage import (
    ADDRESSES_KEPT_MAX,
    LATENCIES_MS,
    OTHER,
    Counts,
    Flush,
    KeyDay,
    RouteDay,
    RouteMinute,
    Use,
    end_of,
    start_of,
)
from payflow_domain.ids import KeyId, LedgerId

_ROUTE, _ADDRESS = "route", "address"


@frozen(slots=False)  # so that one store can be all the readers
class PostgresUsage:
    """Adds to the record at once, in one transaction; reads what is committed."""

    database: Database

    def add_use(self, use: Use, flush: Flush) -> None:
        """Add to the record, unless it was; raises ``DatabaseUnavailable``."""
        minutes = [
            {"minute": one.minute, **_record(one, counts)} for one, counts in use.minutes.items()
        ]
        days = [{"day": one.day, **_record(one, counts)} for one, counts in use.days().items()]
        keys = [_key_record(one, requests) for one, requests in use.keys.items()]
        seen = [texts(use.last_used), moments(use.last_used.values())]
        with (
            unavailable_as(DatabaseUnavailable),
            self.database.writing() as connection,
            connection.pipeline(),
        ):
            noted = connection.execute(statements.NOTE_FLUSH, [flush.process, flush.number])
            if noted.fetchone() is None:
                return
            connection.execute(statements.ADD_MINUTES, [Json(minutes)])
            connection.execute(statements.ADD_DAYS, [Json(days)])
            connection.execute(statements.ADD_KEY_DAYS, [ADDRESSES_KEPT_MAX, OTHER, Json(keys)])
            connection.execute(statements.MARK_LAST_USED, seen)

    def forget_use(self, minutes_before: datetime, days_before: date, limit: int) -> int:
        """Remove some of what is older; raises ``DatabaseUnavailable``."""
        with unavailable_as(DatabaseUnavailable), self.database.writing() as connection:
            gone = [
                connection.execute(statements.FORGET_MINUTES, [minutes_before, limit]),
                connection.execute(statements.FORGET_DAYS, [days_before, limit]),
                connection.execute(statements.FORGET_KEY_DAYS, [days_before, limit]),
            ]
            connection.execute(statements.FORGET_FLUSHES, [minutes_before])
            connection.execute(statements.FORGET_BUCKETS)
        return sum(one.rowcount for one in gone)

    def route_days(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> list[tuple[RouteDay, Counts]]:
        query = (
            select(usage_days)
            .where(usage_days.c.ledger_id == ledger_id, usage_days.c.day.between(first, last))
            .order_by(usage_days.c.day, usage_days.c.route)
        )
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [(RouteDay(ledger_id, row.day, row.route), _counts_of(row)) for row in rows]

    def minutes(self, ledger_id: LedgerId, day: date) -> list[tuple[datetime, Counts]]:
        # A day of a busy ledger has more rows than are worth adding up here.
        table = usage_minutes.c
        errors = table.client_errors, table.server_errors, table.limited
        buckets = [table.latencies[place] for place in range(1, len(LATENCIES_MS) + 2)]
        query = (
            select(table.minute, *(_total(column) for column in (*errors, *buckets)))
            .where(table.ledger_id == ledger_id, table.minute.between(start_of(day), end_of(day)))
            .group_by(table.minute)
            .order_by(table.minute)
        )
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [
            (minute, Counts(tuple(latencies), client_errors, server_errors, limited))
            for minute, client_errors, server_errors, limited, *latencies in rows
        ]

    def key_days(
        self, ledger_id: LedgerId, first: date, last: date
    ) -> Sequence[tuple[KeyDay, int]]:
        table = usage_key_days.c
        query = (
            select(usage_key_days)
            .where(table.ledger_id == ledger_id, table.day.between(first, last))
            .order_by(table.key_id, table.day, table.by.desc(), table.name)
        )
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [(_key_day_of(row), row.requests) for row in rows]


def _record(one: RouteMinute | RouteDay, counts: Counts) -> dict[str, object]:
    return {
        "ledger_id": one.ledger_id,
        "route": one.route,
        "requests": counts.requests,
        "client_errors": counts.client_errors,
        "server_errors": counts.server_errors,
        "limited": counts.limited,
        "latencies": counts.latencies,
    }


def _total(column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger)


def _counts_of(row: Row[Any]) -> Counts:
    return Counts(tuple(row.latencies), row.client_errors, row.server_errors, row.limited)


def _key_record(one: KeyDay, requests: int) -> dict[str, object]:
    return {
        "ledger_id": one.ledger_id,
        "key_id": one.key_id,
        "day": one.day,
        "by": _ADDRESS if one.route is None else _ROUTE,
        "name": one.address if one.route is None else one.route,
        "requests": requests,
    }


def _key_day_of(row: Row[Any]) -> KeyDay:
    key_day = (LedgerId(row.ledger_id), KeyId(row.key_id), row.day)
    if row.by == _ROUTE:
        return KeyDay(*key_day, route=row.name)
    return KeyDay(*key_day, address=row.name)
