"""What access needs of a store."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from payflow_domain.access.keys import ApiKey


class KeyUnitOfWork(Protocol):
    """One database transaction on API keys."""

    def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...


BeginKeys = Callable[[], AbstractContextManager[KeyUnitOfWork]]


class KeyReader(Protocol):
    """Reads API keys."""

    def key_by_digest(self, digest: bytes) -> ApiKey | None:
        """Return the key whose secret has that SHA-256."""
        ...
