"""Stripe's events on their way to us: signed, and not always once or in order."""

import hashlib
import hmac
import json
from datetime import datetime

from attrs import Factory, define, frozen

from tests.builders.stripe_wire import Thing


@frozen
class Delivery:
    """How events are delivered: so many ``copies`` of each, ``delay_s`` seconds late."""

    copies: int = 1
    delay_s: int = 0
    is_reversed: bool = False
    dropped: frozenset[str] = frozenset()
    """Types of events that never arrive."""


def sign(payload: bytes, secret: str, at: datetime) -> str:
    """Return the Stripe-Signature header."""
    stamp = int(at.timestamp())
    signed = f"{stamp}.".encode() + payload
    return f"t={stamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


@define
class Outbox:
    """Events that wait to be taken by a test."""

    secret: str
    delivery: Delivery = Delivery()
    waiting: list[Thing] = Factory(list)

    def take(self, now: datetime) -> list[tuple[bytes, str]]:
        """Return payload and signature of what is due, and forget it."""
        due_by = int(now.timestamp()) - self.delivery.delay_s
        due = [event for event in self.waiting if event["created"] <= due_by]
        self.waiting = [event for event in self.waiting if event["created"] > due_by]
        arriving = [event for event in due if event["type"] not in self.delivery.dropped]
        if self.delivery.is_reversed:
            arriving.reverse()
        payloads = [json.dumps(event).encode() for event in arriving]
        return [
            (payload, sign(payload, self.secret, now))
            for payload in payloads
            for _ in range(self.delivery.copies)
        ]
