"""The journal as it is stored: consecutive events of one commit share a row, a block.

A row and its place in the index cost the database more than an event's few hundred bytes do.
Types are joined by spaces, bodies by line feeds (compact JSON has none) and hashes, of 32 bytes
each, by nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from attrs import frozen

from payflow_domain.ids import LedgerId
from payflow_domain.ledger.journal import Event

BLOCK_BYTES_MAX = 7_000
"""How many bytes of bodies a block has, unless one event alone has more: a page holds them."""

EVENTS_MAX = 100
"""How many events a block has, so that a reader knows how far to look."""

_HASH_BYTES = 32


@frozen
class Block:
    """Consecutive events of one ledger, made at one moment."""

    ledger_id: LedgerId
    first_sequence: int
    last_sequence: int
    at: datetime
    types: str
    bodies: bytes
    hashes: bytes


def blocks_of(ledger_id: LedgerId, events: Sequence[Event]) -> Iterator[Block]:
    """Pack the events of a commit."""
    start, size = 0, 0
    for index, event in enumerate(events):
        length = len(event.body)
        if index > start and (size + length > BLOCK_BYTES_MAX or index - start == EVENTS_MAX):
            yield _pack(ledger_id, events[start:index])
            start, size = index, 0
        size += length
    if events:
        yield _pack(ledger_id, events[start:])


def events_of(
    first_sequence: int, at: datetime, types: str, bodies: str, hashes: bytes
) -> Iterable[Event]:
    """Unpack a block; raises ``ValueError`` where its parts do not go together.

    A type that only a newer version knows is a plain name: the event is carried all the same.
    """
    links = [hashes[i : i + _HASH_BYTES] for i in range(0, len(hashes), _HASH_BYTES)]
    names, texts = types.split(" "), bodies.split("\n")
    if not len(names) == len(texts) == len(links):
        detail = f"{len(names)} types, {len(texts)} bodies and {len(links)} hashes"
        raise ValueError(detail)
    each = zip(names, texts, links, strict=True)
    for sequence, (type_, body, link) in enumerate(each, first_sequence):
        yield Event(sequence, type_, at, body.encode(), link)


def _pack(ledger_id: LedgerId, events: Sequence[Event]) -> Block:
    return Block(
        ledger_id,
        events[0].sequence,
        events[-1].sequence,
        events[0].at,
        " ".join([event.type for event in events]),
        b"\n".join([event.body for event in events]),
        b"".join([event.hash for event in events]),
    )
