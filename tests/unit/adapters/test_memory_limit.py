"""The store in memory keeps what the ports of limits promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.limit_store import LimitStoreContract


class TestMemoryLimitStore(LimitStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
