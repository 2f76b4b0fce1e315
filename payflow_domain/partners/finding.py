"""Finding the partner that staff name."""

from payflow_domain.ids import PARTNER, PartnerId, is_id
from payflow_domain.partners.model import Partner, PartnerNotFound
from payflow_domain.partners.ports import PartnerReader


def find_partner(reader: PartnerReader, partner_id: str) -> Partner:
    """Return a partner; raises ``PartnerNotFound``, also for what is no id at all."""
    found = reader.partner(PartnerId(partner_id)) if is_id(partner_id, PARTNER) else None
    if found is None:
        raise PartnerNotFound("There is no such partner; check its id.", subject=partner_id)
    return found
