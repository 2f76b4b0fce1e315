"""The store of payments in memory keeps what the port promises."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.payment_store import PaymentStoreContract


class TestMemoryPaymentStore(PaymentStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
