"""Ids that sort in the order of their making.

A UUID of version 7 with the fraction of the millisecond in ``rand_a`` (RFC 9562, section 6.2,
method 3) and a counter at the head of ``rand_b`` (method 1): a ledger's ids, made for moments
that never go back, are in the order of its commits.
"""

import secrets
from datetime import UTC, datetime, timedelta
from itertools import count

from payflow_domain.ids import Mint

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_COUNTER_BITS = 18
_RANDOM_BITS = 62 - _COUNTER_BITS


class UuidSource:
    """Makes public ids."""

    def minting(self, at: datetime) -> Mint:
        milliseconds, microseconds = divmod((at - _EPOCH) // _MICROSECOND, 1000)
        fraction = microseconds * 4096 // 1000
        head = (milliseconds << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62)
        counter = count()

        def mint(prefix: str) -> str:
            number = next(counter)
            if number >> _COUNTER_BITS:
                raise OverflowError(number)
            tail = (number << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
            return f"{prefix}_{_spell(head | tail)}"

        return mint


def _spell(number: int) -> str:
    """Write 128 bits as 26 characters of Crockford's base32."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
