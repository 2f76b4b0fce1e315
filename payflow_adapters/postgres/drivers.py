"""How a unit of work reaches the database: on a thread of its own, or on the event loop."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, Protocol

import psycopg
from attrs import Factory, define
from sqlalchemy.util.concurrency import await_only

from payflow_adapters.postgres.rows import Values

Query = tuple[LiteralString, Sequence[object] | Mapping[str, object]]


class Driver(Protocol):
    """One connection in one transaction."""

    def run(self, *queries: Query) -> list[list[Values]]:
        """Send all queries at once, after those deferred, and return the rows of each."""
        ...

    def defer(self, *queries: Query) -> None:
        """Send queries with whatever is sent next, at the latest with the commit."""
        ...

    def commit(self) -> None:
        """Commit, in one go with what is deferred."""
        ...


@define
class ThreadDriver:
    """Blocks the calling thread until the database has answered."""

    connection: psycopg.Connection[Any]
    _deferred: list[Query] = Factory(list)

    def run(self, *queries: Query) -> list[list[Values]]:
        if len(queries) == 1 and not self._deferred:
            return [_rows(self.connection.execute(*queries[0]))]
        with self.connection.pipeline():
            self._send_deferred()
            cursors = [self.connection.execute(*query) for query in queries]
        return [_rows(cursor) for cursor in cursors]

    def defer(self, *queries: Query) -> None:
        self._deferred.extend(queries)

    def commit(self) -> None:
        with self.connection.pipeline():
            self._send_deferred()
            self.connection.commit()

    def _send_deferred(self) -> None:
        for query in self._deferred:
            self.connection.execute(*query)
        self._deferred.clear()


def _rows(cursor: psycopg.Cursor[Any]) -> list[Values]:
    return cursor.fetchall() if cursor.description else []


@define
class LoopDriver:
    """Gives the event loop back to others until the database has answered.

    For code that runs in ``sqlalchemy.util.concurrency.greenlet_spawn``.
    """

    connection: psycopg.AsyncConnection[Any]
    _deferred: list[Query] = Factory(list)

    def run(self, *queries: Query) -> list[list[Values]]:
        return await_only(self._run(queries))

    def defer(self, *queries: Query) -> None:
        self._deferred.extend(queries)

    def commit(self) -> None:
        await_only(self._commit())

    async def _run(self, queries: Sequence[Query]) -> list[list[Values]]:
        async with self.connection.pipeline():
            await self._send_deferred()
            cursors = [await self.connection.execute(*query) for query in queries]
        return [await _rows_async(cursor) for cursor in cursors]

    async def _commit(self) -> None:
        async with self.connection.pipeline():
            await self._send_deferred()
            await self.connection.commit()

    async def _send_deferred(self) -> None:
        for query in self._deferred:
            await self.connection.execute(*query)
        self._deferred.clear()


async def _rows_async(cursor: psycopg.AsyncCursor[Any]) -> list[Values]:
    return await cursor.fetchall() if cursor.description else []
