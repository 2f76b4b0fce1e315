"""How a unit of work reaches the database: on a thread of its own, or on the event loop."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, Protocol

import psycopg
from attrs import frozen
from sqlalchemy.util.concurrency import await_only

from payflow_adapters.postgres.rows import Values

Query = tuple[LiteralString, Sequence[object] | Mapping[str, object]]


class Driver(Protocol):
    """One connection in one transaction."""

    def run(self, *queries: Query) -> list[list[Values]]:
        """Send all queries at once and return the rows of each."""
        ...


@frozen
class ThreadDriver:
    """Blocks the calling thread until the database has answered."""

    connection: psycopg.Connection[Any]

    def run(self, *queries: Query) -> list[list[Values]]:
        if len(queries) == 1:
            return [_rows(self.connection.execute(*queries[0]))]
        with self.connection.pipeline():
            cursors = [self.connection.execute(*query) for query in queries]
        return [_rows(cursor) for cursor in cursors]


def _rows(cursor: psycopg.Cursor[Any]) -> list[Values]:
    return cursor.fetchall() if cursor.description else []


@frozen
class LoopDriver:
    """Gives the event loop back to others until the database has answered.

    For code that runs in ``sqlalchemy.util.concurrency.greenlet_spawn``.
    """

    connection: psycopg.AsyncConnection[Any]

    def run(self, *queries: Query) -> list[list[Values]]:
        return await_only(self._run(queries))

    async def _run(self, queries: Sequence[Query]) -> list[list[Values]]:
        if len(queries) == 1:
            return [await _rows_async(await self.connection.execute(*queries[0]))]
        async with self.connection.pipeline():
            cursors = [await self.connection.execute(*query) for query in queries]
        return [await _rows_async(cursor) for cursor in cursors]


async def _rows_async(cursor: psycopg.AsyncCursor[Any]) -> list[Values]:
    return await cursor.fetchall() if cursor.description else []
