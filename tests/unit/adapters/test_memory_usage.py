"""The store in memory keeps what the ports of the record of use promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.usage_store import UsageStoreContract


class TestMemoryUsageStore(UsageStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
