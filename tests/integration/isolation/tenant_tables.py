"""The tables with rows of several ledgers, as the catalogue knows them, and rows for them."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from attrs import frozen
from psycopg import sql
from psycopg.types.json import Json

from payflow_domain.ids import LedgerId

Rows = psycopg.Connection[Any]

MINE, OTHERS = LedgerId(1), LedgerId(2)

EXEMPT: dict[str, str] = {}
"""Tables with a column ledger_id that partners' reads need not be kept out of, and why."""

_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'f')
      AND a.attname = 'ledger_id' AND NOT a.attisdropped
    ORDER BY c.relname
"""

_REQUIRED = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO'
      AND column_default IS NULL AND (is_identity = 'NO' OR column_name = 'id')
"""

_INSERT = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})")


@frozen
class TenantTable:
    """A table, and its column that names the ledger."""

    name: str
    column: str

    def ledgers_seen(self, connection: Rows) -> set[int]:
        """Return of which ledgers a query without a WHERE returns rows."""
        query = sql.SQL("SELECT {} FROM {}").format(*map(sql.Identifier, (self.column, self.name)))
        return {row[0] for row in connection.execute(query).fetchall()}

    def add_row(self, owner: Rows, ledger_id: int) -> None:
        """Add a row of a ledger that has what the table asks for, and nothing behind it."""
        columns = owner.execute(_REQUIRED, [self.name]).fetchall()
        values = {name: _value_of(type_, ledger_id) for name, type_ in columns}
        values[self.column] = ledger_id
        owner.execute(
            _INSERT.format(
                sql.Identifier(self.name),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(map(sql.Literal, values.values())),
            )
        )


def tenant_tables(connection: Rows) -> list[TenantTable]:
    """Return every table with a column that names a ledger, and the ledgers themselves."""
    names = [row[0] for row in connection.execute(_TABLES).fetchall()]
    return [
        TenantTable("ledgers", "id"),
        *(TenantTable(name, "ledger_id") for name in names if name not in EXEMPT),
    ]


def fill(superuser: Rows, ledger_ids: Sequence[int]) -> None:
    """Put a row of each ledger into every one of those tables."""
    # No triggers, foreign keys among them: these rows have nothing behind them.
    superuser.execute("SET session_replication_role = replica")
    for table, ledger_id in _each(tenant_tables(superuser), ledger_ids):
        table.add_row(superuser, ledger_id)


def _each(
    tables: Sequence[TenantTable], ledger_ids: Sequence[int]
) -> Iterator[tuple[TenantTable, int]]:
    for table in tables:
        yield from ((table, ledger_id) for ledger_id in ledger_ids)


def _value_of(type_: str, number: int) -> object:
    """Return a value of a type, another one for another number."""
    values: dict[str, object] = {
        "bigint": number,
        "integer": number,
        "smallint": number,
        "text": f"t{number}",
        "boolean": True,
        "json": Json({}),
        "jsonb": Json({}),
        # As long as the hash of one event.
        "bytea": number.to_bytes(32),
        "timestamp with time zone": "2026-01-01T00:00:00Z",
        "date": "2026-01-01",
        "ARRAY": [number],
        "numeric": number,
    }
    return values[type_]
