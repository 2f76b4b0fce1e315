"""The ledger over the store in memory does what a simple model of it does."""

from hypothesis import settings

from payflow_adapters.memory import MemoryStore
from tests.builders.times import SettableClock
from tests.contracts.ledger_machine import LedgerMachine


class MemoryMachine(LedgerMachine):
    def make_store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)


TestMemoryMachine = MemoryMachine.TestCase
TestMemoryMachine.settings = settings(stateful_step_count=30)
