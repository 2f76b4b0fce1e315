"""Spent idempotency keys are removed once nobody is promised their answer any more."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from attrs import frozen

from payflow_domain.clock import Clock
from payflow_domain.ledger.idempotency import RETENTION

KEYS_AT_A_TIME = 1_000


class KeyPurgingUnitOfWork(Protocol):
    """One database transaction on spent keys, of whatever ledger."""

    def purge_keys(self, before: datetime, limit: int) -> int:
        """Remove up to ``limit`` keys spent before ``before``, the oldest first.

        A key that has no answer yet stays, however old it is. Nobody is waited for: keys that
        another unit of work is writing are left out. Returns how many were removed.
        """
        ...


BeginKeyPurging = Callable[[], AbstractContextManager[KeyPurgingUnitOfWork]]


@frozen
class KeyPurger:
    """Removes keys that were spent longer than ``RETENTION`` ago."""

    begin: BeginKeyPurging
    clock: Clock

    def purge(self) -> int:
        """Remove some of them; returns how many that were."""
        with self.begin() as uow:
            return uow.purge_keys(self.clock.now() - RETENTION, KEYS_AT_A_TIME)
