"""A partner and where it stands."""

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from payflow_domain.ids import PartnerId


class PartnerStatus(StrEnum):
    """Where a partner stands."""

    APPROVED = "approved"


@frozen
class Partner:
    """A company that builds on PayFlow."""

    id: PartnerId
    name: str
    status: PartnerStatus
    created_at: datetime
