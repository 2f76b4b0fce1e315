"""The store in memory keeps what the ports of spent keys promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.key_purging import KeyPurgingContract


class TestMemoryKeyPurging(KeyPurgingContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
