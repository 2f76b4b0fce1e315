"""Ways to spoil the books that every test starts from."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from attrs import frozen

from payflow_adapters.postgres.verify import Fault, verify
from payflow_domain.ledger.journal import link
from payflow_domain.ledger.ledgers import GENESIS
from tests.integration.verify.keeping import Made


@frozen
class Books:
    """Those books, for tests that spoil them behind PayFlow's back and leave them as they were."""

    url: str
    owner_url: str
    made: Made

    @contextmanager
    def spoiling(self) -> Iterator[psycopg.Connection]:
        """Lend a connection to what nobody else will see, past triggers and foreign keys.

        A table stands before the view ``events``, so that events can be spoiled one by one.
        """
        with psycopg.connect(self.owner_url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("CREATE TEMP TABLE events AS SELECT * FROM public.events")
            yield connection
            connection.rollback()

    def fault_after(self, *statements: LiteralString, **values: object) -> Fault:
        """Return what is found after ``statements``."""
        with self.spoiling() as connection:
            for statement in statements:
                connection.execute(statement, values)
            return fault_found(connection)

    def fault_at_rest_after(self, statement: LiteralString, **values: object) -> Fault:
        """Return what is found after a statement on the tables as they are, blocks included."""
        with psycopg.connect(self.owner_url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement, values)
            found = verify(connection)
            connection.rollback()
        assert isinstance(found, Fault), statement
        return found

    def fault_after_forging(self, statement: LiteralString, *values: object) -> Fault:
        """Return what is found after a change of events, with the journal linked anew."""
        with self.spoiling() as connection:
            connection.execute(statement, values)
            link_anew(connection)
            return fault_found(connection)

    def fault_after_writing(self, type_: str, path: str, value: object) -> Fault:
        """Return what is found after changing a member of the bodies of events of a type."""
        return self.fault_after_forging(
            "UPDATE events SET body = jsonb_set(body::jsonb, %s, %s) WHERE type = %s",
            path.split("."),
            json.dumps(value),
            type_,
        )


def fault_found(connection: psycopg.Connection) -> Fault:
    keep_events(connection)
    found = verify(connection)
    assert isinstance(found, Fault)
    return found


def keep_events(connection: psycopg.Connection) -> None:
    """Put the spoiled events into the journal."""
    connection.execute("DELETE FROM journal_blocks")
    connection.execute(
        "INSERT INTO journal_blocks (ledger_id, last_sequence, first_sequence, at, types, bodies,"
        " hashes) SELECT ledger_id, sequence, sequence, at, type, body, hash FROM events"
    )
    connection.execute("DROP TABLE events")


def link_anew(connection: psycopg.Connection) -> None:
    """Give every event the hash that its body calls for, as a forger would."""
    events = "SELECT ledger_id, sequence, body FROM events ORDER BY ledger_id, sequence"
    heads: dict[int, bytes] = {}
    for ledger_id, sequence, body in connection.execute(events).fetchall():
        head = heads[ledger_id] = link(heads.get(ledger_id, GENESIS), body.encode())
        connection.execute(
            "UPDATE events SET hash = %s WHERE ledger_id = %s AND sequence = %s",
            (head, ledger_id, sequence),
        )
    for ledger_id, head in heads.items():
        connection.execute("UPDATE ledgers SET head = %s WHERE id = %s", (head, ledger_id))
