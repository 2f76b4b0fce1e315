"""Columns as PostgreSQL's arrays in binary: nothing to quote, and nothing to parse.

The form is that of ``array_send``: the number of dimensions, whether there are nulls, the type of
the elements, how many there are and the index of the first; then each element behind its length,
where -1 stands for null. All numbers are big-endian.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = Struct(">5i").pack
_EMPTY = Struct(">3i").pack
_LENGTH = Struct(">i").pack
_NUMBER = Struct(">iq").pack
_NULL = _LENGTH(-1)
_NUMBER_LENGTH = 8
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TRUE, _FALSE = _LENGTH(1) + b"\1", _LENGTH(1) + b"\0"


class Array(bytes):
    """An array in binary; each subclass is of one type."""

    __slots__ = ()


class Numbers(Array):
    """``bigint[]``."""

    __slots__ = ()


class Texts(Array):
    """``text[]``."""

    __slots__ = ()


class Documents(Array):
    """``json[]``."""

    __slots__ = ()


class Binaries(Array):
    """``bytea[]``."""

    __slots__ = ()


class Moments(Array):
    """``timestamptz[]``."""

    __slots__ = ()


class Switches(Array):
    """``boolean[]``."""

    __slots__ = ()


_OIDS = {
    # the type of the array, the type of its elements: those of pg_type, which never change
    Numbers: (1016, 20),
    Texts: (1009, 25),
    Documents: (199, 114),
    Binaries: (1001, 17),
    Moments: (1185, 1184),
    Switches: (1000, 16),
}


def numbers(values: Iterable[int]) -> Numbers:
    """Write integers of up to 64 bits."""
    return Numbers(_array(Numbers, [_NUMBER(_NUMBER_LENGTH, value) for value in values]))


def numbers_or_nulls(values: Iterable[int | None]) -> Numbers:
    """Write integers of up to 64 bits; ``None`` is null."""
    return Numbers(
        _array(Numbers, [_NULL if one is None else _NUMBER(_NUMBER_LENGTH, one) for one in values])
    )


def texts(values: Iterable[str | None]) -> Texts:
    """Write texts; ``None`` is null."""
    return Texts(_array(Texts, [_NULL if one is None else _bytes(one.encode()) for one in values]))


def words(values: Iterable[str]) -> Texts:
    """Write texts of which there are few, and remember each: codes, words of enumerations."""
    return Texts(_array(Texts, [_word(value) for value in values]))


def encoded(values: Iterable[bytes | None]) -> Texts:
    """Write texts that are UTF-8 already; ``None`` is null."""
    return Texts(_array(Texts, [_NULL if one is None else _bytes(one) for one in values]))


def documents(values: Iterable[bytes | None]) -> Documents:
    """Write JSON that is UTF-8 already; ``None`` is null."""
    return Documents(_array(Documents, [_NULL if one is None else _bytes(one) for one in values]))


def binaries(values: Iterable[bytes]) -> Binaries:
    """Write byte strings."""
    return Binaries(_array(Binaries, [_bytes(value) for value in values]))


def moments(values: Iterable[datetime | None]) -> Moments:
    """Write times in UTC, to the microsecond; ``None`` is null."""
    return Moments(_array(Moments, [_NULL if one is None else _moment(one) for one in values]))


def switches(values: Iterable[bool]) -> Switches:
    """Write truth values."""
    return Switches(_array(Switches, [_TRUE if value else _FALSE for value in values]))


def register_arrays(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Let the connection take these arrays as parameters."""
    for kind, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(kind, dumper)


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> Array:
        return obj


_DUMPERS = {
    kind: type(f"_{kind.__name__}Dumper", (_ArrayDumper,), {"oid": array_oid})
    for kind, (array_oid, _) in _OIDS.items()
}


def _array(kind: type[Array], elements: list[bytes]) -> bytes:
    element_oid = _OIDS[kind][1]
    if not elements:
        return _EMPTY(0, 0, element_oid)
    # Whether there are nulls is what array_recv finds out for itself.
    return _HEAD(1, 0, element_oid, len(elements), 1) + b"".join(elements)


def _bytes(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


@lru_cache(maxsize=1_024)
def _word(value: str) -> bytes:
    return _bytes(value.encode())


@lru_cache(maxsize=64)
def _moment(at: datetime) -> bytes:
    """Write a moment in microseconds since 2000; a commit has few and writes each many times."""
    since = at - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return _NUMBER(_NUMBER_LENGTH, microseconds)
