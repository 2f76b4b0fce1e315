"""The store in memory keeps what the ports of wallets promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.wallet_store import WalletStoreContract


class TestMemoryWalletStore(WalletStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
