"""Every store in memory: for unit tests, and for programs that embed the domain package."""

from payflow_adapters.memory.ledgers import memory_ledgers
from payflow_adapters.memory.store import MemoryStore

__all__ = ["MemoryStore", "memory_ledgers"]
