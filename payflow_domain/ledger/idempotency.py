"""Idempotency keys, after the IETF draft "The Idempotency-Key HTTP Header Field".

A key is claimed in the same database transaction as the effect that it stands for, and is spent
only by an operation that took effect.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Generic, NewType, TypeVar

from attrs import frozen

from payflow_domain.ledger.errors import IdempotencyInFlight, IdempotencyKeyReused

RETENTION = timedelta(days=30)
"""How long a spent key is remembered."""

IdempotencyKey = NewType("IdempotencyKey", str)
Done = TypeVar("Done")


@frozen
class Claim:
    """A request's hold on a key: ``fingerprint`` is the SHA-256 of what was asked."""

    key: IdempotencyKey
    fingerprint: bytes


@frozen
class Answer:
    """What the caller was told: ``status`` and ``body`` mean what the caller takes them for."""

    status: int
    body: bytes


@frozen
class Once(Generic[Done]):
    """How a request is answered once: under which key, and what is kept of what was done."""

    claim: Claim
    render: Callable[[Done], Answer]


@frozen
class SpentKey:
    """A key that an earlier operation has claimed, with the answer once there is one."""

    claim: Claim
    answer: Answer | None


def replay(spent: SpentKey | None, claim: Claim) -> Answer:
    """Return the answer that the first request with this key got.

    Raises ``IdempotencyKeyReused`` where this request asks something else, and
    ``IdempotencyInFlight`` where the first one is still running (``spent`` is ``None`` or has
    no answer yet).
    """
    if spent is not None and spent.claim.fingerprint != claim.fingerprint:
        detail = "This idempotency key was used for a different request; use a new key."
        raise IdempotencyKeyReused(detail, subject=claim.key)
    if spent is None or spent.answer is None:
        detail = "The first request with this key is still running; ask again in a second."
        raise IdempotencyInFlight(detail, subject=claim.key)
    return spent.answer
