"""The Idempotency-Key header, after the IETF draft of that name."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from payflow_domain.ledger.idempotency import Answer, Claim, IdempotencyKey, Once
from payflow_http.incoming import ApiRequest
from payflow_http.problems import Problem

HEADER = b"idempotency-key"
KEY_LENGTH_MAX = 255

Done = TypeVar("Done")

# A structured-field string (RFC 9651, section 3.3.3) or the same key bare. A bare key has no
# quote, so that no key has two readings.
_BARE = re.compile(rb'[^\x00-\x1f"\x7f-\xff]+')
_QUOTED = re.compile(rb'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPE = re.compile(rb'\\(["\\])')


def claim_of(req: ApiRequest) -> Claim | None:
    """Return the claim of a request whose body was read; raises a ``Problem``."""
    header = req.header(HEADER)
    if header is None:
        return None
    return Claim(read_key(header), req.fingerprint)


def once_of(req: ApiRequest, render: Callable[[Done], Answer]) -> Once[Done] | None:
    """Return how a request whose body was read is answered once; raises a ``Problem``."""
    claim = claim_of(req)
    return None if claim is None else Once(claim, render)


def read_key(header: bytes) -> IdempotencyKey:
    """Read a key of 1 to ``KEY_LENGTH_MAX`` printable ASCII characters, bare or quoted."""
    value = header.strip(b" \t")
    key: bytes | None = None
    if _BARE.fullmatch(value):
        key = value
    elif quoted := _QUOTED.fullmatch(value):
        key = _ESCAPE.sub(rb"\1", quoted[1])
    if key is None or not 0 < len(key) <= KEY_LENGTH_MAX:
        detail = (
            f"Use 1 to {KEY_LENGTH_MAX} printable ASCII characters, in quotes or bare; "
            "in quotes a quote or a backslash has a backslash before it, bare there is no quote."
        )
        raise invalid_key(detail)
    return IdempotencyKey(key.decode("ascii"))


def invalid_key(detail: str) -> Problem:
    """Refuse a request whose key cannot be told."""
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_idempotency_key", detail)
