"""The journal: everything that happened to a ledger, numbered without a gap.

Event number n carries sha256(hash of event n-1 + its own body), so that no event can be changed,
added or left out unnoticed. The body is the canonical form of an event: it is what is hashed,
stored, fed to partners and sent to their webhooks, byte for byte.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from attrs import frozen

from payflow_domain.ids import EVENT, ID_LENGTH, Mint
from payflow_domain.ledger.accounts import Side
from payflow_domain.ledger.decisions import Applied
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.published import (
    Published,
    publish_balances,
    publish_move,
    publish_time,
    publish_transaction,
    publish_with_balances,
)
from payflow_domain.ledger.transactions import Status

Encode = Callable[[Mapping[str, object]], bytes]
"""Writes compact JSON in UTF-8, members in their given order, nothing escaped that need not be."""


class EventType(StrEnum):
    """What the journal tells of."""

    WALLET_CREATED = "wallet.created"
    WALLET_UPDATED = "wallet.updated"
    WALLET_CREDITED = "wallet.credited"
    WALLET_DEBITED = "wallet.debited"
    TRANSACTION_PENDING = "transaction.pending"
    TRANSACTION_COMPLETED = "transaction.completed"
    TRANSACTION_FAILED = "transaction.failed"
    TRANSACTION_REVERSED = "transaction.reversed"
    PAYOUT_COMPLETED = "payout.completed"
    PAYOUT_FAILED = "payout.failed"
    WEBHOOK_ENDPOINT_DISABLED = "webhook_endpoint.disabled"


@frozen
class Event:
    """One event of the journal: ``body`` is its canonical form, ``hash`` its link in the chain.

    ``type`` is an ``EventType``, or a name that only a newer version knows.
    """

    sequence: int
    type: str
    at: datetime
    body: bytes
    hash: bytes


Fact = tuple[EventType, Published]
"""What happened, not yet numbered."""

OF_STATUS = {
    Status.PENDING: EventType.TRANSACTION_PENDING,
    Status.POSTED: EventType.TRANSACTION_COMPLETED,
    Status.VOIDED: EventType.TRANSACTION_FAILED,
}
"""What is told of a transaction that came to have a status."""

_ID = slice(len('{"id":"'), len('{"id":"') + ID_LENGTH)

OF_SIDE = {Side.DEBIT: EventType.WALLET_DEBITED, Side.CREDIT: EventType.WALLET_CREDITED}
"""What is told of a wallet whose posted balance moved."""


def facts_of(applied: Applied) -> Iterator[Fact]:
    """Tell of a command in the order in which the engine numbered its events."""
    transaction, balances = applied.transaction, publish_balances(applied.wallets)
    yield OF_STATUS[transaction.status], publish_with_balances(transaction, balances)
    for entry in applied.wallet_moves:
        yield OF_SIDE[entry.side], publish_move(transaction, entry, balances[entry.account_id])
    if applied.reversed is not None:
        yield EventType.TRANSACTION_REVERSED, publish_transaction(applied.reversed)
    if applied.payout is not None:
        is_paid = applied.payout is transaction and transaction.status is Status.POSTED
        type_ = EventType.PAYOUT_COMPLETED if is_paid else EventType.PAYOUT_FAILED
        yield type_, publish_transaction(applied.payout)


def write_events(
    ledger: Ledger, facts: Iterable[Fact], at: datetime, mint: Mint, encode: Encode
) -> list[Event]:
    """Number ``facts`` after the ledger's last event and link them into its chain."""
    events = []
    head, environment, time = ledger.head, ledger.environment, publish_time(at)
    for sequence, (type_, data) in enumerate(facts, ledger.sequence + 1):
        body = encode(
            {
                "id": mint(EVENT),
                "event": type_,
                "sequence": sequence,
                "environment": environment,
                "createdAt": time,
                "data": data,
            }
        )
        head = link(head, body)
        events.append(Event(sequence, type_, at, body, head))
    return events


def event_id(event: Event) -> str:
    """Return the id of an event, which its body begins with."""
    return event.body[_ID].decode("ascii")


def link(previous: bytes, body: bytes) -> bytes:
    """Return the hash of an event whose predecessor has the hash ``previous``."""
    return hashlib.sha256(previous + body).digest()
