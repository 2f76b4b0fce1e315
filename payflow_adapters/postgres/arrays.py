"""Columns as PostgreSQL's array literals: quicker to write and to read than any other set."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache


def numbers(values: Iterable[int | None]) -> str:
    """Write an array of integers."""
    return f"{{{','.join([_NULL if value is None else str(value) for value in values])}}}"


def words(values: Iterable[str | None]) -> str:
    """Write an array of texts that need no quotes: ids, codes and the words of enumerations.

    ``check_account_id`` sees to it for the ids of accounts.
    """
    return f"{{{','.join([value or _NULL for value in values])}}}"


def texts(values: Iterable[str | None]) -> str:
    """Write an array of any texts."""
    return f"{{{','.join([_NULL if value is None else _quoted(value) for value in values])}}}"


def moments(values: Iterable[datetime | None]) -> str:
    """Write an array of times."""
    return f"{{{','.join([_NULL if value is None else _moment(value) for value in values])}}}"


def binaries(values: Sequence[bytes]) -> str:
    """Write an array of byte strings."""
    return f"{{{','.join([_binary(value) for value in values])}}}"


_NULL = "NULL"

_moment = lru_cache(maxsize=64)(str)
"""Writes a moment; a commit has few of them and writes each many times."""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _binary(value: bytes) -> str:
    return rf'"\\x{value.hex()}"'
