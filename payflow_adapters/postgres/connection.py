"""Connections to PostgreSQL: one pool that writes the books, one that reads them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import orjson
import psycopg
from attrs import frozen
from psycopg.types.json import set_json_dumps, set_json_loads
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from payflow_adapters.postgres.tables import APP_ROLE
from payflow_domain.errors import PayFlowError, Unavailable

_APPLICATION = {"role": APP_ROLE, "jit": "off", "TimeZone": "UTC"}

_WRITER = {
    **_APPLICATION,
    # What was answered must survive a crash, whatever the server's default is.
    "synchronous_commit": "on",
    # Every statement of the writer finds its rows by primary key. Left to its statistics the
    # planner may choose to scan a table that was empty when the plan was made.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    # A writer that stalls must not keep a ledger locked.
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "30s",
}
_READER = {**_APPLICATION, "statement_timeout": "15s"}


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached or did not answer in time; asking again is safe."""

    code = "database_unavailable"


@frozen
class Database:
    """Two pools of connections to one database."""

    writer: Engine
    reader: Engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection whose every statement sees what is committed.

        Raises ``DatabaseUnavailable``.
        """
        with unavailable_as(DatabaseUnavailable), self.reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection that is not lent out."""
        self.writer.dispose()
        self.reader.dispose()


def connect(url: str, *, writers: int = 2, readers: int = 8) -> Database:
    """Prepare pools for the database at ``url``; connections are made when first needed."""
    writer = create_engine(
        sqlalchemy_url(url),
        pool_size=writers,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=_connect_args(_WRITER),
    )
    reader = create_engine(
        sqlalchemy_url(url),
        pool_size=readers,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="AUTOCOMMIT",
        connect_args=_connect_args(_READER),
    )
    for engine in (writer, reader):
        event.listen(engine, "connect", _speak_json)
    return Database(writer, reader)


def sqlalchemy_url(url: str) -> str:
    """Name the driver in a ``postgresql://`` address."""
    named = make_url(url).set(drivername="postgresql+psycopg")
    return named.render_as_string(hide_password=False)


@contextmanager
def unavailable_as(error: type[Unavailable]) -> Iterator[None]:
    """Turn the driver's errors into ``error``; the domain's own pass."""
    try:
        yield
    except PayFlowError:
        raise
    except (SQLAlchemyError, psycopg.Error) as cause:
        detail = "The database did not do it; ask again with the same idempotency key."
        raise error(detail) from cause


def violated_constraint(error: DBAPIError) -> str | None:
    """Name the constraint that a statement would have broken, if that is what failed."""
    cause = error.orig
    return cause.diag.constraint_name if isinstance(cause, psycopg.IntegrityError) else None


def _speak_json(connection: psycopg.Connection, _record: object) -> None:
    set_json_dumps(orjson.dumps, connection)
    set_json_loads(orjson.loads, connection)


def _connect_args(settings: Mapping[str, str]) -> dict[str, object]:
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {"options": options, "connect_timeout": 10, "prepare_threshold": 0}
