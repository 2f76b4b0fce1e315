"""The use cases of partners."""

from attrs import frozen

from payflow_domain.access.audit import COMMAND_LINE
from payflow_domain.clock import Clock
from payflow_domain.ids import PARTNER, IdSource, PartnerId
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.partners.history import first_change, keep_change
from payflow_domain.partners.model import Partner, PartnerStatus
from payflow_domain.partners.ports import BeginPartners, PartnerReader
from payflow_domain.texts import NAME_LENGTH_MAX, check_text


@frozen
class Partners:
    """Takes partners in."""

    begin: BeginPartners
    reader: PartnerReader
    clock: Clock
    ids: IdSource

    def approve(self, name: str) -> tuple[Partner, Ledger]:
        """Take in a partner and open its sandbox ledger; raises ``InvalidText``."""
        now = self.clock.now()
        partner = Partner(
            id=PartnerId(self.ids.minting(now)(PARTNER)),
            name=check_text(name, NAME_LENGTH_MAX),
            status=PartnerStatus.APPROVED,
            created_at=now,
        )
        with self.begin() as uow:
            uow.add_partner(partner)
            ledger = uow.add_ledger(partner.id, Environment.SANDBOX, None, now)
            keep_change(uow, first_change(partner, COMMAND_LINE), None)
        return partner, ledger
