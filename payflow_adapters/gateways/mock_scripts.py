"""What a test has told the mock gateway to do."""

import sqlite3

import orjson
from attrs import frozen
from cattrs import Converter

from payflow_adapters.gateways.mock_values import Behaviour, Trouble

_converter = Converter()


@frozen
class Scripts:
    """Behaviours and troubles within one transaction on the mock's file."""

    connection: sqlite3.Connection

    def keep(self, value: str, behaviour: Behaviour) -> None:
        """Let ``value`` behave so, from now on."""
        written = orjson.dumps(_converter.unstructure(behaviour))
        self.connection.execute("INSERT OR REPLACE INTO scripts VALUES (?, ?)", (value, written))

    def behaviour(self, value: str) -> Behaviour | None:
        row = self.connection.execute(
            "SELECT behaviour FROM scripts WHERE value = ?", (value,)
        ).fetchone()
        return _converter.structure(orjson.loads(row[0]), Behaviour) if row else None

    def add_trouble(self, trouble: Trouble) -> None:
        """Let the next call that has none before it meet ``trouble``."""
        self.connection.execute("INSERT INTO troubles (trouble) VALUES (?)", (trouble,))

    def take_trouble(self) -> Trouble | None:
        """Return the trouble that this call meets, if any."""
        row = self.connection.execute("SELECT min(number), trouble FROM troubles").fetchone()
        if row[0] is None:
            return None
        self.connection.execute("DELETE FROM troubles WHERE number = ?", (row[0],))
        return Trouble(row[1])
