"""How a unit of work reaches the database: on a thread of its own, or on the event loop."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, Protocol

import psycopg
from attrs import Factory, define
from psycopg.pq.abc import PGresult
from sqlalchemy.util.concurrency import await_only

from payflow_adapters.postgres.rows import Values

Query = tuple[LiteralString, Sequence[object] | Mapping[str, object]]


class Driver(Protocol):
    """One connection in one transaction."""

    def run(self, *queries: Query) -> list[list[Values]]:
        """Send all queries at once, after those before, and return the rows of each."""
        ...

    def send(self, *queries: Query) -> None:
        """Send queries, now or with what is sent next, and do not wait for the database.

        If it refuses one, the next ``run`` or ``commit`` raises that.
        """
        ...

    def commit(self) -> None:
        """Commit, in one go with what is still to be sent.

        On the event loop the end of the pipeline tells whether it was done.
        """
        ...


@define
class ThreadDriver:
    """Blocks the calling thread until the database has answered."""

    connection: psycopg.Connection[Any]
    _unsent: list[Query] = Factory(list)

    def run(self, *queries: Query) -> list[list[Values]]:
        if len(queries) == 1 and not self._unsent:
            return [_rows(self.connection.execute(*queries[0]))]
        with self.connection.pipeline():
            self._send_all()
            cursors = [self.connection.execute(*query) for query in queries]
        return [_rows(cursor) for cursor in cursors]

    def send(self, *queries: Query) -> None:
        self._unsent.extend(queries)

    def commit(self) -> None:
        with self.connection.pipeline():
            self._send_all()
            self.connection.commit()

    def _send_all(self) -> None:
        for query in self._unsent:
            self.connection.execute(*query)
        self._unsent.clear()


def _rows(cursor: psycopg.Cursor[Any]) -> list[Values]:
    return cursor.fetchall() if _has_rows(cursor.pgresult) else []


def _has_rows(result: PGresult | None) -> bool:
    # A cursor's description says the same, and describes every column for it.
    return result is not None and result.nfields > 0


@define
class LoopDriver:
    """Gives the event loop back to others until the database has answered.

    For code that runs in ``sqlalchemy.util.concurrency.greenlet_spawn``, on a connection in
    pipeline mode: the database begins with each query as soon as it has it. The transaction
    begins with the first query and commits with the end of the pipeline, so that neither takes a
    round trip of its own, as psycopg's own would.
    """

    connection: psycopg.AsyncConnection[Any]
    pipeline: psycopg.AsyncPipeline

    def run(self, *queries: Query) -> list[list[Values]]:
        return await_only(self._run(queries))

    def send(self, *queries: Query) -> None:
        await_only(self._send(queries))

    def begin(self) -> None:
        """Begin the transaction, in one go with what is sent next."""
        self.send(("BEGIN", ()))

    def commit(self) -> None:
        self.send(("COMMIT", ()))

    async def _run(self, queries: Sequence[Query]) -> list[list[Values]]:
        cursors = [await self.connection.execute(*query) for query in queries]
        await self.pipeline.sync()
        return [await _rows_async(cursor) for cursor in cursors]

    async def _send(self, queries: Sequence[Query]) -> None:
        for query in queries:
            await self.connection.execute(*query)


async def _rows_async(cursor: psycopg.AsyncCursor[Any]) -> list[Values]:
    return await cursor.fetchall() if _has_rows(cursor.pgresult) else []


@contextmanager
def pipelined(connection: psycopg.AsyncConnection[Any]) -> Iterator[psycopg.AsyncPipeline]:
    """Keep the connection in pipeline mode; raises at the end what the database refused."""
    context = connection.pipeline()
    pipeline = await_only(context.__aenter__())
    try:
        yield pipeline
    except BaseException as error:
        await_only(context.__aexit__(type(error), error, error.__traceback__))
        raise
    await_only(context.__aexit__(None, None, None))
