"""The published form of partners and of their certification."""

from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.published import Published, publish_time
from payflow_domain.partners.certification import TITLES, Certification, CertificationItem
from payflow_domain.partners.model import Partner, PartnerChange


def publish_application(partner: Partner) -> Published:
    """Publish to an applicant that its application was taken, and nothing of what came of it."""
    return {"id": partner.id, "status": "pending", "createdAt": publish_time(partner.created_at)}


def publish_partner(partner: Partner) -> Published:
    """Publish a partner to staff; ``expectedVolume`` is of a month, in minor units."""
    profile, volume = partner.profile, partner.profile.expected_volume
    return {
        "id": partner.id,
        "name": partner.name,
        "status": partner.status.value,
        "legalName": profile.legal_name,
        "country": profile.country,
        "businessType": profile.business_type,
        "website": profile.website,
        "contactEmail": profile.contact_email,
        "contactName": profile.contact_name,
        "expectedVolume": {"amount": volume.amount, "currency": volume.currency}
        if volume
        else None,
        "useCase": profile.use_case,
        "createdAt": publish_time(partner.created_at),
    }


def publish_change(change: PartnerChange) -> Published:
    """Publish one change of a partner's status to staff."""
    return {
        "at": publish_time(change.at),
        "actor": change.actor,
        "before": change.before.value if change.before else None,
        "after": change.after.value,
        "reason": change.reason,
        "override": change.overrides,
    }


def publish_ledger(ledger: Ledger) -> Published:
    """Publish to staff that a partner has books in an environment."""
    return {
        "environment": ledger.environment.value,
        "settlementLimit": ledger.settlement_limit,
        "sequence": ledger.sequence,
        "lastAt": publish_time(ledger.last_at),
    }


def publish_certification(certification: Certification) -> Published:
    """Publish every item, done or not."""
    return {
        "items": [_publish_item(item, certification) for item in CertificationItem],
        "complete": certification.is_complete,
    }


def _publish_item(item: CertificationItem, certification: Certification) -> Published:
    at = certification.done.get(item)
    return {
        "code": item.value,
        "title": TITLES[item],
        "done": at is not None,
        "doneAt": publish_time(at) if at else None,
    }
