"""Ids that sort in the order of their making.

A UUID of version 7 with the fraction of the millisecond in ``rand_a`` (RFC 9562, section 6.2,
method 3) and a counter at the head of ``rand_b`` (method 1): a ledger's ids, made for moments
that never go back, are in the order of its commits.

Spelt in base32, five bits a character, the 128 bits fall apart where it helps: 17 characters of
time and counter that 32 ids share, one that counts within these, and 8 random ones.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from payflow_domain.ids import Mint

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_SHARED_LENGTH = 17
_RANDOM_LENGTH = 8
_BLOCKS_BITS = 17
_BLOCKS_MAX = 2**13
_SPELLING = _ALPHABET.encode() * 8
"""For each byte a character that its low five bits choose, so that each is equally likely."""


class UuidSource:
    """Makes public ids."""

    def minting(self, at: datetime) -> Mint:
        next_body = _bodies(at).__next__

        def mint(prefix: str) -> str:
            try:
                return f"{prefix}_{next_body()}"
            except StopIteration:
                raise OverflowError(at) from None

        return mint


def least_id(prefix: str, at: datetime) -> str:
    """Return what sorts before every id that is made for ``at`` or later, and after all others."""
    return f"{prefix}_{_spell(_head(at), _SHARED_LENGTH)}"


def _bodies(at: datetime) -> Iterator[str]:
    """Make 2**18 ids of that moment, 32 at a time."""
    head = _head(at)
    # A counter's first bit is zero, so that it cannot run over from wherever it starts.
    first = secrets.randbits(_BLOCKS_BITS - 1)
    for block in range(first, first + _BLOCKS_MAX):
        shared = _spell(head | block, _SHARED_LENGTH)
        randoms = secrets.token_bytes(len(_ALPHABET) * _RANDOM_LENGTH).translate(_SPELLING).decode()
        for number, character in enumerate(_ALPHABET):
            start = number * _RANDOM_LENGTH
            yield f"{shared}{character}{randoms[start : start + _RANDOM_LENGTH]}"


def _head(at: datetime) -> int:
    """Return the time, version and variant of a UUID, with room for the counter's blocks."""
    milliseconds, microseconds = divmod((at - _EPOCH) // _MICROSECOND, 1000)
    fraction = microseconds * 4096 // 1000
    fields = (milliseconds << 18) | (0x7 << 14) | (fraction << 2) | 0b10
    return fields << _BLOCKS_BITS


def _spell(number: int, length: int) -> str:
    """Write ``number`` as ``length`` characters of Crockford's base32."""
    shifts = range(5 * (length - 1), -1, -5)
    return "".join([_ALPHABET[(number >> shift) & 31] for shift in shifts])
