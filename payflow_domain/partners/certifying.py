"""The use cases of certification."""

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from payflow_domain.access.audit import WORKER, AuditEntry
from payflow_domain.access.permissions import Actor
from payflow_domain.clock import Clock
from payflow_domain.ids import LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.partners.certification import (
    Certification,
    CertificationItem,
    SandboxOnly,
)
from payflow_domain.partners.ports import BeginPartners, CertificationReader

_SEEN_IN_BOOKS = frozenset(CertificationItem) - {CertificationItem.TRANSFER_REPLAYED}


@frozen
class Certifications:
    """Ticks off what partners have shown, and remembers it."""

    begin: BeginPartners
    reader: CertificationReader
    clock: Clock

    def of(self, actor: Actor) -> Certification:
        """Return the certification of the actor's sandbox; raises ``SandboxOnly``."""
        if actor.environment is not Environment.SANDBOX:
            raise SandboxOnly("Certification is done in the sandbox; ask with a sandbox key.")
        return self.of_ledger(actor.partner_id, actor.ledger_id)

    def of_ledger(self, partner_id: PartnerId, ledger_id: LedgerId) -> Certification:
        """Return what the books of a partner's sandbox show; what is new of it is kept."""
        kept = dict(self.reader.certified(ledger_id))
        found = self.reader.evidence(ledger_id, _SEEN_IN_BOOKS - kept.keys())
        if found:
            self._keep(partner_id, ledger_id, found)
        return Certification({**kept, **found})

    def note_replay(self, actor: Actor) -> None:
        """Keep that a transfer of a sandbox was sent again and answered as before.

        The books do not tell it, so that a replay need not be written.
        """
        if actor.environment is Environment.SANDBOX:
            done = {CertificationItem.TRANSFER_REPLAYED: self.clock.now()}
            self._keep(actor.partner_id, actor.ledger_id, done)

    def _keep(
        self,
        partner_id: PartnerId,
        ledger_id: LedgerId,
        done: Mapping[CertificationItem, datetime],
    ) -> None:
        """Tick items off; those that others have ticked off meanwhile are theirs to tell of."""
        with self.begin() as uow:
            new = [item for item, at in done.items() if uow.add_certified(ledger_id, item, at)]
            if new:
                entry = AuditEntry(
                    at=self.clock.now(),
                    actor=WORKER,
                    action="certification.advanced",
                    subject=partner_id,
                    partner_id=partner_id,
                    facts={"items": [item.value for item in new]},
                )
                uow.add_audit(entry)
