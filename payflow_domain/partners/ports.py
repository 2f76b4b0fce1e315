"""What partners need of a store."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from payflow_domain.ledger.ports import UnitOfWork
from payflow_domain.partners.model import Partner


class PartnerUnitOfWork(UnitOfWork, Protocol):
    """One database transaction on a partner and its ledgers."""

    def add_partner(self, partner: Partner) -> None:
        """Keep a new partner."""
        ...


BeginPartners = Callable[[], AbstractContextManager[PartnerUnitOfWork]]


class PartnerReader(Protocol):
    """Reads partners."""

    def partner_named(self, name: str) -> Partner | None:
        """Return the first partner of that name."""
        ...
