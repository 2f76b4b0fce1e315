"""What staff see and set of how much partners may ask, and of how much they did."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from attrs import frozen

from payflow_domain.access.audit import AuditEntry, Told
from payflow_domain.access.key_rules import EnvironmentNotOpen
from payflow_domain.access.limits import LedgerLimits, Limit
from payflow_domain.access.operators import StaffActor, StaffPermission
from payflow_domain.access.shared_limits import BeginLimits, KeptLimits, LimitReader
from payflow_domain.access.usage_service import Report, Usage
from payflow_domain.clock import Clock
from payflow_domain.ids import PartnerId
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.partners.finding import find_partner
from payflow_domain.partners.ports import PartnerReader


class MeteringReader(PartnerReader, LimitReader, Protocol):
    """What metering reads."""


@frozen
class OwnLimits:
    """What a ledger is held to; ``is_default`` where staff set nothing."""

    environment: Environment
    limits: LedgerLimits
    is_default: bool

    def publish(self) -> Told:
        """Return the limits by their public names."""
        limits = self.limits
        return {
            "environment": self.environment.value,
            "rate": limits.api.rate,
            "burst": limits.api.burst,
            "moneyRate": limits.money.rate,
            "moneyBurst": limits.money.burst,
            "isDefault": self.is_default,
        }


@frozen
class Metering:
    """Looks after the limits of partners, and tells what they did.

    ``defaults`` are for ledgers that have no limits of their own.
    """

    begin: BeginLimits
    reader: MeteringReader
    usage: Usage
    clock: Clock
    defaults: Mapping[Environment, LedgerLimits]

    def look_up(self, staff: StaffActor, partner_id: str) -> list[OwnLimits]:
        """Return the limits of each ledger; raises ``MissingRole`` and ``PartnerNotFound``."""
        staff.require(StaffPermission.READ)
        partner = self._partner(partner_id)
        ledgers = [self.reader.ledger_of(partner, each) for each in Environment]
        return [
            self._own(ledger.environment, self.reader.kept_limits(ledger))
            for ledger in ledgers
            if ledger is not None
        ]

    def change(
        self,
        staff: StaffActor,
        partner_id: str,
        environment: Environment,
        api: Limit | None,
        money: Limit | None,
    ) -> list[OwnLimits]:
        """Give a ledger limits of its own, or where they are ``None`` its environment's.

        Raises ``MissingRole``, ``PartnerNotFound`` and ``EnvironmentNotOpen``.
        """
        staff.require(StaffPermission.ADMINISTER)
        ledger = self._ledger(partner_id, environment)
        after = self._held_to(environment, api, money)
        with self.begin() as uow:
            before = self._own(environment, uow.limits(ledger.id))
            uow.keep_limits(ledger.id, api, money)
            entry = AuditEntry(
                at=self.clock.now(),
                actor=staff.operator_id,
                action="limits.reset" if after.is_default else "limits.changed",
                subject=partner_id,
                address=staff.address,
                partner_id=partner_id,
                before=before.publish(),
                after=after.publish(),
            )
            uow.add_audit(entry)
        return self.look_up(staff, partner_id)

    def report(
        self,
        staff: StaffActor,
        partner_id: str,
        environment: Environment,
        first: date | None,
        last: date | None,
    ) -> Report:
        """Tell what was asked of a ledger.

        Raises ``MissingRole``, ``PartnerNotFound``, ``EnvironmentNotOpen`` and ``InvalidPeriod``.
        """
        staff.require(StaffPermission.READ)
        ledger = self._ledger(partner_id, environment)
        return self.usage.report_of(ledger.id, first, last)

    def _own(self, environment: Environment, kept: KeptLimits | None) -> OwnLimits:
        if kept is None:
            return self._held_to(environment, None, None)
        return self._held_to(environment, kept.api, kept.money)

    def _held_to(
        self, environment: Environment, api: Limit | None, money: Limit | None
    ) -> OwnLimits:
        defaults = self.defaults[environment]
        limits = LedgerLimits(api or defaults.api, money or defaults.money)
        return OwnLimits(environment, limits, is_default=api is None and money is None)

    def _ledger(self, partner_id: str, environment: Environment) -> Ledger:
        ledger = self.reader.ledger_of(self._partner(partner_id), environment)
        if ledger is None:
            detail = f"The partner has no {environment.value} ledger; approve or activate it first."
            raise EnvironmentNotOpen(detail, subject=environment.value)
        return ledger

    def _partner(self, partner_id: str) -> PartnerId:
        return find_partner(self.reader, partner_id).id
