"""Why an attempt has no answer, as codes that do not change."""

import ssl
from collections.abc import Sequence

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientResponseError,
    ClientSSLError,
    NonHttpUrlClientError,
)

from payflow_adapters.webhooks.guard import AddressRefused

CONNECTION_REFUSED = "connection_refused"
DNS_FAILURE = "dns_failure"

Codes = Sequence[tuple[tuple[type[Exception], ...], str]]
"""Kinds of error and their code; the first that fits is the one."""

_CODES: Codes = (
    ((TimeoutError,), "timeout"),
    ((ClientSSLError, ssl.SSLError), "tls_failure"),
    ((ClientConnectorDNSError,), DNS_FAILURE),
    ((ClientResponseError,), "invalid_answer"),
    (
        (ValueError, NonHttpUrlClientError),
        "address_refused",
    ),  # none that a connection could be made to
)
_CODES_OF_SOCKETS: Codes = (
    ((TimeoutError,), "timeout"),
    ((AddressRefused,), "address_refused"),
    ((ConnectionResetError, ConnectionAbortedError), "connection_lost"),
    ((OSError,), CONNECTION_REFUSED),
)
_OTHERWISE = "connection_lost"


def failure_of(error: Exception) -> str:
    """Name what kept an attempt from having an answer."""
    # For most faults of a socket aiohttp has one kind of error, and keeps the fault itself in it.
    if type(error) is ClientConnectorError:
        return _first(_CODES_OF_SOCKETS, error.os_error)
    return _first(_CODES, error)


def _first(codes: Codes, error: Exception) -> str:
    return next((code for kinds, code in codes if isinstance(error, kinds)), _OTHERWISE)
