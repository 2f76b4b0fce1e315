"""The store in memory shows what the books show of certification."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.certification_store import CertificationStoreContract


class TestMemoryCertificationStore(CertificationStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
