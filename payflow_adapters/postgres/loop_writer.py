"""The writer of the event loop: one connection, one unit of work after another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from attrs import define, field
from sqlalchemy.util.concurrency import await_only, greenlet_spawn

from payflow_adapters.postgres.bell import Bell
from payflow_adapters.postgres.connection import (
    connect_on_loop,
    is_alive,
    unavailable_as,
)
from payflow_adapters.postgres.drivers import LoopDriver, pipelined
from payflow_adapters.postgres.unit_of_work import PostgresUnitOfWork
from payflow_domain.clock import Clock
from payflow_domain.ledger.errors import CommitFailed

Given = TypeVar("Given")
Outcome = TypeVar("Outcome")


def _nothing() -> None:
    pass


@define
class LoopWriter:
    """Begins units of work for code that runs in ``run``, one at a time.

    While the database works, the event loop serves others: no thread is waited for and none
    competes for the interpreter. The connection is made when first needed and again when lost.
    """

    url: str
    clock: Clock
    bell: Bell | None = None
    _connection: psycopg.AsyncConnection[Any] | None = field(default=None, init=False)
    _when_handed_over: Callable[[], None] = field(default=_nothing, init=False)

    async def run(
        self,
        work: Callable[[Given], Outcome],
        given: Given,
        when_handed_over: Callable[[], None] = _nothing,
    ) -> Outcome:
        """Call ``work``, which begins units of work here, and return what it returns.

        ``when_handed_over`` is called before a commit is sent: what it schedules on the event loop
        runs while the database works.
        """
        self._when_handed_over = when_handed_over
        return await greenlet_spawn(work, given)

    @contextmanager
    def begin(self) -> Iterator[PostgresUnitOfWork]:
        """Begin a unit of work: one transaction."""
        with unavailable_as(CommitFailed):
            connection = self._connected()
            try:
                with pipelined(connection) as pipeline:
                    driver = LoopDriver(connection, pipeline)
                    driver.begin()
                    uow = PostgresUnitOfWork(driver, self.clock)
                    yield uow
                    self._when_handed_over()
                    driver.commit()
            except BaseException:
                self._give_up(connection)
                raise
        if self.bell is not None:
            self.bell.ring(uow.stirred)

    async def close(self) -> None:
        """Close the connection; it is made again when it is needed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _connected(self) -> psycopg.AsyncConnection[Any]:
        connection = self._connection
        if connection is None or connection.closed or not is_alive(connection):
            connection = await_only(connect_on_loop(self.url))
            self._connection = connection
        return connection

    def _give_up(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Undo what was begun; a connection that cannot even do that is done with."""
        try:
            await_only(connection.rollback())
        except psycopg.Error:
            self._connection = None
            await_only(connection.close())
