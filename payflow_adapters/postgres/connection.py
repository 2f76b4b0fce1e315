"""Connections to PostgreSQL: to write the books, to read them all, to read those of a partner."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from select import POLLIN, poll
from typing import Any, Protocol

import orjson
import psycopg
from attrs import frozen
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from payflow_adapters.postgres.arrays import register_arrays
from payflow_adapters.postgres.liveness import CONNECT_TIMEOUT_S, liveness
from payflow_adapters.postgres.row_security import NAME_LEDGERS, named
from payflow_adapters.postgres.tables import APP_ROLE, PARTNER_ROLE
from payflow_domain.errors import Unavailable
from payflow_domain.ids import LedgerId

Writer = psycopg.Connection[Any]
Pool = ConnectionPool[Writer]

_APPLICATION = {"role": APP_ROLE, "jit": "off", "TimeZone": "UTC"}

# The writer and the reads of a partner find their rows by an index. Left to its statistics the
# planner may choose to scan a table that was empty when the plan was made.
_BY_INDEX = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
}
_WRITER = {
    **_APPLICATION,
    **_BY_INDEX,
    # What was answered must survive a crash, whatever the server's default is.
    "synchronous_commit": "on",
    "plan_cache_mode": "force_generic_plan",
    # A writer that stalls must not keep a ledger locked.
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "30s",
}
_READER = {**_APPLICATION, "statement_timeout": "15s"}
_PARTNER = {**_READER, **_BY_INDEX, "role": PARTNER_ROLE}
_LEDGERS = "payflow_ledgers"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached or did not answer in time; asking again is safe."""

    code = "database_unavailable"


@frozen
class Database:
    """Three pools of connections to one database."""

    writer: Pool
    reader: Engine
    partner: Engine

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Lend a connection in a transaction that commits on a clean exit."""
        with self.writer.connection() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection whose every statement sees what is committed.

        Raises ``DatabaseUnavailable``.
        """
        with unavailable_as(DatabaseUnavailable), self.reader.connect() as connection:
            yield connection

    @contextmanager
    def reading_of(self, *ledger_ids: LedgerId) -> Iterator[Connection]:
        """Lend a connection that sees what is committed in these ledgers, and nothing else.

        Raises ``DatabaseUnavailable``.
        """
        with unavailable_as(DatabaseUnavailable), self.partner.connect() as connection:
            yield connection.execution_options(**{_LEDGERS: named(ledger_ids)})

    def close(self) -> None:
        """Close every connection that is not lent out."""
        self.writer.close()
        self.reader.dispose()
        self.partner.dispose()


def connect(url: str, *, writers: int = 2, readers: int = 8) -> Database:
    """Prepare pools for the database at ``url``; connections are made when first needed."""
    writer: Pool = ConnectionPool(
        url,
        min_size=0,
        max_size=writers,
        kwargs=_connect_args(url, _WRITER),
        configure=_adapt,
        check=_check,
        timeout=CONNECT_TIMEOUT_S,
        # It waits longer after each failure, but never longer than its callers do.
        reconnect_timeout=CONNECT_TIMEOUT_S,
        open=True,
    )
    reader = _make_reader(url, _READER, readers)
    partner = _make_reader(url, _PARTNER, readers)
    event.listen(partner, "do_execute", _execute_for_ledgers)
    return Database(writer, reader, partner)


def _make_reader(url: str, settings: Mapping[str, str], connections: int) -> Engine:
    engine = create_engine(
        sqlalchemy_url(url),
        pool_size=connections,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        connect_args=_connect_args(url, settings),
    )
    event.listen(engine, "connect", lambda connection, _: _adapt(connection))
    event.listen(engine, "checkout", lambda connection, *_: _check_out(connection))
    return engine


def _check_out(connection: Writer) -> None:
    """Look whether a connection is there still, without asking the server."""
    if not is_alive(connection):
        raise DisconnectionError


class _Context(Protocol):
    execution_options: Mapping[str, Any]


def _execute_for_ledgers(
    cursor: psycopg.Cursor[Any],
    statement: str,
    values: Sequence[object] | Mapping[str, object],
    context: _Context,
) -> bool:
    """Execute a statement with its ledgers named, in one round trip.

    What is sent in one pipeline is one transaction, so the names are gone with its end. Tells
    SQLAlchemy that it need not execute the statement.
    """
    connection = cursor.connection
    with connection.pipeline():
        connection.execute(NAME_LEDGERS, [context.execution_options.get(_LEDGERS, "")])
        cursor.execute(statement.encode(), values)
    return True


async def connect_on_loop(url: str) -> psycopg.AsyncConnection[Any]:
    """Connect a writer that belongs to the running event loop; it begins no transaction itself."""
    connection = await psycopg.AsyncConnection.connect(
        url, autocommit=True, **_connect_args(url, _WRITER)
    )
    _adapt(connection)
    return connection


def sqlalchemy_url(url: str) -> str:
    """Name the driver in a ``postgresql://`` address."""
    named = make_url(url).set(drivername="postgresql+psycopg")
    return named.render_as_string(hide_password=False)


@contextmanager
def unavailable_as(error: type[Unavailable]) -> Iterator[None]:
    """Turn the driver's errors into ``error``; the domain's own pass."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as cause:
        detail = "The database did not do it; ask again with the same idempotency key."
        raise error(detail) from cause


def is_alive(connection: Writer | psycopg.AsyncConnection[Any]) -> bool:
    """Tell whether the server has left an idle connection open.

    A server that closes it says so, and then there is something to read.
    """
    # Not select: it knows no descriptor above 1,023, and there may be as many connections.
    watch = poll()
    watch.register(connection, POLLIN)
    return not watch.poll(0)


def _check(connection: Writer) -> None:
    if not is_alive(connection):
        # The pool makes a new one only in the place of one that is closed.
        connection.close()
        raise psycopg.OperationalError


def _adapt(connection: Writer | psycopg.AsyncConnection[Any]) -> None:
    set_json_dumps(orjson.dumps, connection)
    set_json_loads(orjson.loads, connection)
    register_arrays(connection)


def _connect_args(url: str, settings: Mapping[str, str]) -> dict[str, Any]:
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {**liveness(url), "options": options, "prepare_threshold": 0}
