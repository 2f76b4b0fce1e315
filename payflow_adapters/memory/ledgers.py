"""The ledger's use cases, ready to use without a database."""

from payflow_adapters.clock import SystemClock
from payflow_adapters.encoding import encode_json
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
    return Ledgers(store.begin, store, clock, UuidSource(), encode_json)
