"""The store of webhooks in memory keeps what the ports promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.webhook_store import WebhookStoreContract


class TestMemoryWebhookStore(WebhookStoreContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
