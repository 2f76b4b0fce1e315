"""Noticing a database server that is gone without a word: a host that lost power or its network.

The kernel would wait for such a server for a quarter of an hour, and for its answer for ever.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

CONNECT_TIMEOUT_S = 10
GONE_AFTER_S = 20
"""A server that does not acknowledge anything for so long is gone."""

_IDLE_S = 10
_INTERVAL_S = 5

# Names of libpq: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_PARAMETERS: Mapping[str, int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives": 1,
    "keepalives_idle": _IDLE_S,
    "keepalives_interval": _INTERVAL_S,
    "keepalives_count": (GONE_AFTER_S - _IDLE_S) // _INTERVAL_S,
    "tcp_user_timeout": GONE_AFTER_S * 1_000,
}


def liveness(url: str) -> dict[str, Any]:
    """Return the parameters of a connection to ``url``, except those that ``url`` has itself."""
    try:
        said = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        said = {}  # whoever connects is told what is wrong with it
    return {name: value for name, value in _PARAMETERS.items() if name not in said}
