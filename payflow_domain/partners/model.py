"""A partner and where it stands."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import evolve, field, frozen

from payflow_domain.access.permissions import Standing
from payflow_domain.errors import Conflict, Invalid, NotFound
from payflow_domain.ids import PartnerId
from payflow_domain.partners.profile import Profile

REASON_LENGTH_MAX = 500


class PartnerNotFound(NotFound):
    """No such partner."""

    code = "partner_not_found"


class StatusNotReachable(Conflict):
    """The partner's present status does not lead to the one asked for."""

    code = "status_not_reachable"


class StatusChanged(Conflict):
    """The partner's status is not the one that the caller saw."""

    code = "status_changed"


class ReasonMissing(Invalid):
    """A change of this kind needs a reason."""

    code = "reason_missing"


class PartnerStatus(StrEnum):
    """Where a partner stands.

    ``PENDING``: it has applied. ``APPROVED``: it may try everything out in its sandbox.
    ``ACTIVE``: it moves real money as well.
    """

    PENDING = "pending"
    REJECTED = "rejected"
    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


TRANSITIONS: Mapping[PartnerStatus, frozenset[PartnerStatus]] = {
    PartnerStatus.PENDING: frozenset({PartnerStatus.APPROVED, PartnerStatus.REJECTED}),
    PartnerStatus.REJECTED: frozenset(),
    PartnerStatus.APPROVED: frozenset({PartnerStatus.ACTIVE, PartnerStatus.CLOSED}),
    PartnerStatus.ACTIVE: frozenset({PartnerStatus.SUSPENDED, PartnerStatus.CLOSED}),
    PartnerStatus.SUSPENDED: frozenset({PartnerStatus.ACTIVE, PartnerStatus.CLOSED}),
    PartnerStatus.CLOSED: frozenset(),
}
"""For each status, those that it may lead to."""

NEEDS_REASON = frozenset({PartnerStatus.REJECTED})

STANDING: Mapping[PartnerStatus, Standing] = {
    PartnerStatus.PENDING: Standing.GOOD,
    PartnerStatus.REJECTED: Standing.CLOSED,
    PartnerStatus.APPROVED: Standing.GOOD,
    PartnerStatus.ACTIVE: Standing.GOOD,
    PartnerStatus.SUSPENDED: Standing.SUSPENDED,
    PartnerStatus.CLOSED: Standing.CLOSED,
}
"""What each status means for the partner's API keys."""


@frozen
class Partner:
    """A company that builds on PayFlow."""

    id: PartnerId
    name: str
    status: PartnerStatus
    created_at: datetime
    profile: Profile = field(factory=Profile)


@frozen
class PartnerChange:
    """One change of a partner's status, and how it came about.

    ``actor`` is as in the audit log: the id of an operator, ``ANONYMOUS`` or ``COMMAND_LINE``.
    ``before`` is ``None`` where the partner was made. ``overrides`` is whether it was activated
    with items of its certification still open.
    """

    partner_id: PartnerId
    at: datetime
    actor: str
    before: PartnerStatus | None
    after: PartnerStatus
    reason: str | None = None
    overrides: bool = False


def move_partner(
    partner: Partner, status: PartnerStatus, reason: str | None, expected: PartnerStatus | None
) -> Partner:
    """Return the partner in another status.

    ``expected`` is the status that the caller saw, if it says so. Raises ``StatusChanged``,
    ``StatusNotReachable`` and ``ReasonMissing``.
    """
    if expected is not None and expected is not partner.status:
        detail = f"The partner is {partner.status.value} by now; look at it before you go on."
        raise StatusChanged(detail, facts={"status": partner.status.value}, subject=partner.id)
    if status not in TRANSITIONS[partner.status]:
        detail = f"A partner that is {partner.status.value} cannot become {status.value}."
        raise StatusNotReachable(detail, facts={"status": partner.status.value}, subject=partner.id)
    if status in NEEDS_REASON and reason is None:
        raise ReasonMissing("Say why, as reason.", subject=partner.id)
    return evolve(partner, status=status)
