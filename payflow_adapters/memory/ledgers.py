"""The ledger's use cases, ready to use without a database."""

import json
from collections.abc import Mapping

from payflow_adapters.clock import SystemClock
from payflow_adapters.ids import UuidSource
from payflow_adapters.memory.store import MemoryStore
from payflow_domain.clock import Clock
from payflow_domain.ledger.service import Ledgers


def memory_ledgers(clock: Clock | None = None) -> Ledgers:
    """Return the use cases of new, empty books; ``clock`` is the machine's unless given.

    The books live as long as what is returned. Its ``reader`` is the ``MemoryStore`` itself.
    """
    clock = clock or SystemClock()
    store = MemoryStore(clock)
    return Ledgers(store.begin, store, clock, UuidSource(), encode_plainly)


def encode_plainly(value: Mapping[str, object]) -> bytes:
    """Write what ``encode_json`` writes, with the standard library: embedding needs no more."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
