"""Proving the books of a database.

Everything is read in one snapshot, so it holds for a database in use, and it locks nobody out.
What can be summed is summed by the server; the journal is streamed past. Neither takes more
memory for more books.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import orjson
import psycopg
from attrs import frozen
from psycopg.types.json import set_json_loads

from payflow_adapters.postgres import _verify_sums
from payflow_adapters.postgres._verify_accounts import OF_WALLETS
from payflow_adapters.postgres._verify_fault import Fault
from payflow_adapters.postgres._verify_gateway import OF_GATEWAY
from payflow_adapters.postgres._verify_heads import Head, KeptHeads
from payflow_adapters.postgres._verify_journal import find_fault_in_journal
from payflow_adapters.postgres.liveness import liveness

__all__ = ["Fault", "Head", "Summary", "heads_of", "snapshot", "verify"]

# The journal's cursor is planned for its first row, so that it is streamed and never sorted. Who
# would see only a part of the rows gets an error in their place.
_SETTINGS = (
    "-c jit=off -c TimeZone=UTC -c lock_timeout=15s -c work_mem=64MB -c cursor_tuple_fraction=0"
    " -c row_security=off"
)

_COUNT = """
    SELECT (SELECT count(*) FROM ledgers), (SELECT count(*) FROM accounts),
      (SELECT count(*) FROM transactions), (SELECT count(*) FROM entries),
      (SELECT count(*) FROM events)
"""

_HEADS = "SELECT id, sequence, head FROM ledgers WHERE sequence > 0 ORDER BY id"


@frozen
class Summary:
    """How much was found to be in order."""

    ledgers: int
    accounts: int
    transactions: int
    entries: int
    events: int


@contextmanager
def snapshot(url: str) -> Iterator[psycopg.Connection]:
    """Connect to the database at ``url`` and read it as it is at the first query.

    For the owner of the tables, or who else may read all of every one. Raises ``psycopg.Error``.
    """
    with psycopg.connect(url, options=_SETTINGS, **liveness(url)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        set_json_loads(orjson.loads, connection)
        yield connection


def verify(connection: psycopg.Connection, heads: Iterable[Head] = ()) -> Summary | Fault:
    """Prove the books of every ledger, or tell the first fault.

    ``connection`` reads one ``snapshot``, and ``heads`` were kept of earlier ones. Raises
    ``psycopg.Error`` where it cannot be read.
    """
    fault = _find_fault(connection, KeptHeads(heads))
    return fault or Summary(*connection.execute(_COUNT).fetchone() or ())


def heads_of(connection: psycopg.Connection) -> list[Head]:
    """Return the head of each journal, to be kept elsewhere."""
    return [Head(*row) for row in connection.execute(_HEADS)]


def _find_fault(connection: psycopg.Connection, kept: KeptHeads) -> Fault | None:
    """Check in this order: each check counts on what those before it have shown."""
    return (
        _find_first(connection, (*_verify_sums.OF_ACCOUNTS, *_verify_sums.OF_TRANSACTIONS))
        or _find_first(connection, OF_GATEWAY)
        or find_fault_in_journal(connection, kept)
        or _find_first(connection, OF_WALLETS)
    )


def _find_first(connection: psycopg.Connection, statements: Iterable[str]) -> Fault | None:
    return next((fault for one in statements if (fault := _find(connection, one))), None)


def _find(connection: psycopg.Connection, statement: str) -> Fault | None:
    """Run a statement that selects the members of the first fault, if there is one."""
    try:
        row = connection.execute(statement.encode()).fetchone()
    except psycopg.DataError as error:
        # A counter so far off that adding to it overflows, say.
        return Fault("values", None, "the database", "values that can be summed", str(error))
    return Fault(*row) if row else None
