"""Whether an address is that of a database PayFlow can use; no message of ours has a password."""

from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from payflow_adapters.postgres.liveness import liveness

PORT_MAX = 65_535

_SCHEMES = frozenset({"postgres", "postgresql"})

# A connection that fails has no code, only words: psycopg's own, and the server's.
_FINAL = (
    "failed to resolve host",
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
)


class AddressError(Exception):
    """There is no database of ours at an address; the message says why and what to do."""


def check_address(url: str) -> str:
    """Return ``url``; raises ``AddressError`` if no connection can be made to what is like it."""
    try:
        parts, libpq = make_url(url), conninfo_to_dict(url)
    except (ArgumentError, ValueError, psycopg.ProgrammingError):
        parts, libpq = None, {}
    if parts is None or parts.drivername not in _SCHEMES or not _agree(parts, libpq):
        raise AddressError(
            "The address of the database has to be postgresql://user:password@host:port/database, "
            "with what is special in user and password percent-encoded."
        )
    return url


def check_database(url: str) -> None:
    """Find out whether the server lets us in, to a database that was migrated.

    One that cannot be reached just now is let pass. Raises ``AddressError``.
    """
    try:
        with psycopg.connect(check_address(url), **liveness(url)) as connection:
            found = connection.execute("SELECT to_regclass('ledgers') IS NOT NULL").fetchone()
    except psycopg.OperationalError as error:
        if any(words in str(error) for words in _FINAL):
            raise AddressError(told(error)) from None
    else:
        if found is None or not found[0]:
            raise AddressError("This is no PayFlow database: `payflow migrate` makes it one.")


def told(error: psycopg.Error) -> str:
    """Say in a line why there was no connection, or nothing came of it."""
    if isinstance(error, psycopg.errors.UndefinedTable) or _lacks_role(error):
        return "This is no PayFlow database: `payflow migrate` makes it one."
    return f"The database cannot be used, see its address: {_first_line(error)}"


def _agree(parts: URL, libpq: dict[str, Any]) -> bool:
    """Tell whether both drivers find the same server: some passwords mislead one of them."""
    host, port = parts.host or parts.query.get("host"), parts.port or parts.query.get("port")
    if port is not None and not (str(port).isdigit() and 0 < int(str(port)) <= PORT_MAX):
        return False
    said = unquote(str(host or "")), str(port or "")
    return "@" not in said[0] and said == (
        str(libpq.get("host") or ""),
        str(libpq.get("port") or ""),
    )


def _lacks_role(error: psycopg.Error) -> bool:
    return 'role "payflow_' in str(error) and "does not exist" in str(error)


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
