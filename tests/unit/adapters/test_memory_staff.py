"""The stores of staff and of the audit log in memory keep what the ports promise."""

import pytest

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.audit_log import AuditLogContract
from tests.contracts.staff_store import StaffStoreContract


class _InMemory:
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)


class TestMemoryAuditLog(_InMemory, AuditLogContract):
    pass


class TestMemoryStaffStore(_InMemory, StaffStoreContract):
    pass
