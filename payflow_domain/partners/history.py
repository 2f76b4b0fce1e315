"""What is kept of each change of a partner: in its own history, and in the audit log."""

from payflow_domain.access.audit import AuditEntry
from payflow_domain.partners.model import Partner, PartnerChange, PartnerStatus
from payflow_domain.partners.ports import PartnerUnitOfWork

_ACTIONS = {
    PartnerStatus.APPROVED: "partner.approved",
    PartnerStatus.REJECTED: "partner.rejected",
    PartnerStatus.ACTIVE: "partner.activated",
    PartnerStatus.SUSPENDED: "partner.suspended",
    PartnerStatus.CLOSED: "partner.closed",
}
"""What changes are called in the audit log, by what they lead to."""


def first_change(partner: Partner, actor: str) -> PartnerChange:
    """Return the first entry of the history of a partner that ``actor`` has made."""
    return PartnerChange(partner.id, partner.created_at, actor, None, partner.status)


def keep_change(uow: PartnerUnitOfWork, change: PartnerChange, address: str | None) -> None:
    """Keep a change that was made from ``address``."""
    uow.add_partner_change(change)
    before, after = change.before, change.after
    entry = AuditEntry(
        at=change.at,
        actor=change.actor,
        action=_ACTIONS[after] if before else "partner.created",
        subject=change.partner_id,
        address=address,
        partner_id=change.partner_id,
        reason=change.reason,
        before={"status": before.value} if before else None,
        after={"status": after.value},
        facts={"certificationOverridden": True} if change.overrides else {},
    )
    uow.add_audit(entry)
