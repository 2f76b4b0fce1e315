"""The store in memory keeps what the ledger's ports promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.ledger_store import LedgerStoreContract


class TestMemoryLedgerStore(LedgerStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
