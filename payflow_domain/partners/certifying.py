"""The use cases of certification."""

from attrs import frozen

from payflow_domain.access.permissions import Actor
from payflow_domain.clock import Clock
from payflow_domain.ids import LedgerId
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
        return self.of_ledger(actor.ledger_id)

    def of_ledger(self, ledger_id: LedgerId) -> Certification:
        """Return what the books of a sandbox show; what is new of it is kept."""
        kept = dict(self.reader.certified(ledger_id))
        found = self.reader.evidence(ledger_id, _SEEN_IN_BOOKS - kept.keys())
        if found:
            with self.begin() as uow:
                for item, at in found.items():
                    uow.add_certified(ledger_id, item, at)
        return Certification({**kept, **found})

    def note_replay(self, actor: Actor) -> None:
        """Keep that a transfer of a sandbox was sent again and answered as before.

        The books do not tell it, so that a replay need not be written.
        """
        if actor.environment is Environment.SANDBOX:
            with self.begin() as uow:
                item = CertificationItem.TRANSFER_REPLAYED
                uow.add_certified(actor.ledger_id, item, self.clock.now())
