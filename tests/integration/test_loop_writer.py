"""The writer of the event loop: all of a unit of work or nothing, and ready for the next."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from payflow_adapters.postgres.loop_writer import LoopWriter
from payflow_adapters.postgres.unit_of_work import PostgresUnitOfWork
from payflow_domain.ids import PartnerId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ledgers import Environment
from tests.builders.times import START, SettableClock

Work = Callable[[PostgresUnitOfWork], None]


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def open_sandbox(uow: PostgresUnitOfWork) -> None:
    uow.add_ledger(PartnerId("ptr_1"), Environment.SANDBOX, None, START)


def open_live(uow: PostgresUnitOfWork) -> None:
    uow.add_ledger(PartnerId("ptr_1"), Environment.LIVE, None, START)


def commit_each(url: str, clock: SettableClock, *works: Work) -> list[Exception | None]:
    """Do each in a unit of work of its own, by one writer; tell why it could not be done."""
    writer = LoopWriter(url, clock)

    def attempt(work: Work) -> Exception | None:
        try:
            with writer.begin() as uow:
                work(uow)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            return error
        return None

    async def commit_all() -> list[Exception | None]:
        outcomes = [await writer.run(attempt, work) for work in works]
        assert rows(url, _UNDER_WAY) == []
        await writer.close()
        return outcomes

    return asyncio.run(commit_all())


_UNDER_WAY = """
    SELECT query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def environments(url: str) -> list[str]:
    return [name for (name,) in rows(url, "SELECT environment FROM ledgers ORDER BY id")]


def test_what_was_done_is_committed(emptied_url: str, clock: SettableClock) -> None:
    outcomes = commit_each(emptied_url, clock, open_sandbox, open_live)

    assert outcomes == [None, None]
    assert environments(emptied_url) == ["sandbox", "live"]


def test_what_the_database_refuses_with_the_commit_undoes_all_of_it(
    emptied_url: str, clock: SettableClock
) -> None:
    def open_and_be_refused(uow: PostgresUnitOfWork) -> None:
        open_sandbox(uow)
        uow.driver.send(("SELECT refuse_unless(false)", ()))
        uow.driver.send(("SELECT 1", ()))

    refused, done = commit_each(emptied_url, clock, open_and_be_refused, open_live)

    assert isinstance(refused, CommitFailed)
    assert done is None
    assert environments(emptied_url) == ["live"]


def test_what_ends_in_an_error_is_undone(emptied_url: str, clock: SettableClock) -> None:
    def open_and_fail(uow: PostgresUnitOfWork) -> None:
        open_sandbox(uow)
        raise ValueError

    failed, done = commit_each(emptied_url, clock, open_and_fail, open_live)

    assert isinstance(failed, ValueError)
    assert done is None
    assert environments(emptied_url) == ["live"]


def test_a_connection_that_is_cut_in_between_is_made_again(
    emptied_url: str, clock: SettableClock
) -> None:
    def open_and_cut(uow: PostgresUnitOfWork) -> None:
        open_sandbox(uow)
        ((row,),) = uow.driver.run(("SELECT pg_backend_pid()", ()))
        rows(emptied_url, f"SELECT pg_terminate_backend({row[0]}, 5000)")

    cut, done = commit_each(emptied_url, clock, open_and_cut, open_live)

    assert isinstance(cut, CommitFailed)
    assert done is None
    assert environments(emptied_url) == ["live"]
