"""The store in memory keeps what the ports of volumes promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.volume_store import VolumeStoreContract


class TestMemoryVolumeStore(VolumeStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
