"""The security log in memory keeps what the port promises."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.security_log import SecurityLogContract


class TestMemorySecurityLog(SecurityLogContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)
