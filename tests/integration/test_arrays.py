"""Columns that travel in binary: PostgreSQL reads back what was sent."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from payflow_adapters.postgres import arrays
from payflow_adapters.postgres.server import EmbeddedServer

EXAMPLES: list[tuple[str, arrays.Array, list[Any]]] = [
    ("bigint[]", arrays.numbers([]), []),
    (
        "bigint[]",
        arrays.numbers([0, 1, -1, 2**63 - 1, -(2**63)]),
        [0, 1, -1, 2**63 - 1, -(2**63)],
    ),
    ("bigint[]", arrays.numbers_or_nulls([None, 0, None, 7]), [None, 0, None, 7]),
    ("text[]", arrays.texts([]), []),
    (
        "text[]",
        arrays.texts(["", None, "NULL", '"', "'", "\\", "{a,b}", "a\nb", "März 🏠 日本"]),
        ["", None, "NULL", '"', "'", "\\", "{a,b}", "a\nb", "März 🏠 日本"],
    ),
    ("text[]", arrays.encoded(["Zoë".encode(), None, b""]), ["Zoë", None, ""]),
    ("json[]", arrays.documents([b'{"a":[1,"\\n"]}', None]), [{"a": [1, "\n"]}, None]),
    ("bytea[]", arrays.binaries([b"", b"\0\xff\\", b"x" * 5000]), [b"", b"\0\xff\\", b"x" * 5000]),
    ("boolean[]", arrays.switches([True, False, True]), [True, False, True]),
    ("boolean[]", arrays.switches([]), []),
]

MOMENTS = [
    datetime(2026, 11, 23, 14, 44, 40, 942225, UTC),
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(1969, 7, 20, 20, 17, 40, 1, UTC),
    datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2))),
    None,
]


@pytest.fixture(scope="module")
def connection(postgres_server: EmbeddedServer) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_server.url("postgres")) as opened:
        arrays.register_arrays(opened)
        yield opened


@pytest.mark.parametrize(("type_", "sent", "values"), EXAMPLES)
def test_what_is_sent_is_read_back(
    connection: psycopg.Connection[Any], type_: str, sent: arrays.Array, values: list[Any]
) -> None:
    row = connection.execute(
        "SELECT %s, pg_typeof(%s)::text, cardinality(%s)", [sent, sent, sent]
    ).fetchone()

    assert row == (values, type_, len(values))


def test_times_are_read_back_to_the_microsecond(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute("SELECT %s", [arrays.moments(MOMENTS)]).fetchone()

    assert row == (MOMENTS,)


def test_arrays_become_rows_in_their_order(connection: psycopg.Connection[Any]) -> None:
    columns = [arrays.numbers([2, 1]), arrays.texts([None, "b"]), arrays.switches([False, True])]

    rows = connection.execute("SELECT * FROM unnest(%s, %s, %s)", columns).fetchall()

    assert rows == [(2, None, False), (1, "b", True)]
