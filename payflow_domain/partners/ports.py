"""What partners need of a store."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from attrs import frozen

from payflow_domain.access.audit import AuditUnitOfWork
from payflow_domain.access.staff_idempotency import StaffKeyUnitOfWork
from payflow_domain.ids import LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page, UnitOfWork
from payflow_domain.partners.application import Application, ApplicationKey, Waiting
from payflow_domain.partners.certification import CertificationItem
from payflow_domain.partners.model import Partner, PartnerChange, PartnerStatus


class PartnerUnitOfWork(UnitOfWork, AuditUnitOfWork, StaffKeyUnitOfWork, Protocol):
    """One database transaction on a partner and its ledgers."""

    def add_partner(self, partner: Partner, key: ApplicationKey | None = None) -> None:
        """Keep a new partner, with the idempotency key of its application if it has one."""
        ...

    def waiting(self, contact_email: str) -> Waiting:
        """Count the pending partners; none is added by others until this unit of work ends.

        E-mail addresses are compared without regard to case.
        """
        ...

    def application(self, key_digest: bytes) -> Application | None:
        """Return the application that was made with that idempotency key."""
        ...

    def partner(self, partner_id: PartnerId) -> Partner | None:
        """Return a partner, which nobody else changes until this unit of work ends."""
        ...

    def replace_partner(self, partner: Partner) -> None:
        """Keep the status of a partner."""
        ...

    def add_partner_change(self, change: PartnerChange) -> None:
        """Keep what changed; it is never changed itself."""
        ...

    def add_certified(self, ledger_id: LedgerId, item: CertificationItem, at: datetime) -> bool:
        """Keep that an item is done, unless that is kept already; tell whether it was not."""
        ...


BeginPartners = Callable[[], AbstractContextManager[PartnerUnitOfWork]]


@frozen
class PartnerFilter:
    """Which partners to list; ``None`` means any.

    ``name`` is a part of the name, without regard to case.
    """

    status: PartnerStatus | None = None
    name: str | None = None


class PartnerReader(Protocol):
    """Reads partners."""

    def partner_named(self, name: str) -> Partner | None:
        """Return the first partner of that name."""
        ...

    def partner(self, partner_id: PartnerId) -> Partner | None:
        """Return one partner."""
        ...

    def partners(self, which: PartnerFilter, page: Page) -> Sequence[Partner]:
        """Return partners, newest first. The position of an item is its id."""
        ...

    def partner_changes(self, partner_id: PartnerId, limit: int) -> Sequence[PartnerChange]:
        """Return the last ``limit`` changes of a partner, newest first."""
        ...

    def count_live_keys(self, partner_id: PartnerId, now: datetime) -> int:
        """Count the partner's API keys that are neither revoked nor expired."""
        ...

    def ledger_of(self, partner_id: PartnerId, environment: Environment) -> Ledger | None:
        """Return the partner's ledger in that environment."""
        ...


class CertificationReader(Protocol):
    """Reads what a partner has shown in its sandbox."""

    def certified(self, ledger_id: LedgerId) -> Mapping[CertificationItem, datetime]:
        """Return the items that are kept as done."""
        ...

    def evidence(
        self, ledger_id: LedgerId, items: frozenset[CertificationItem]
    ) -> Mapping[CertificationItem, datetime]:
        """Return which of ``items`` the books show, and since when.

        The cost is bounded, however much there is in the books.
        """
        ...
