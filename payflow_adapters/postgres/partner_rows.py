"""Partners and API keys from rows, and partners into them."""

from ipaddress import ip_network

from payflow_adapters.postgres.records import Record
from payflow_adapters.postgres.rows import Values
from payflow_adapters.postgres.tables import api_keys, ledgers, partner_changes, partners
from payflow_domain.access.keys import ApiKey
from payflow_domain.access.permissions import Permission, Standing
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.money import Money
from payflow_domain.partners.application import ApplicationKey
from payflow_domain.partners.model import STANDING, Partner, PartnerChange, PartnerStatus
from payflow_domain.partners.profile import Profile

PARTNER_COLUMNS = tuple(partners.columns)
CHANGE_COLUMNS = tuple(partner_changes.columns)[1:]
KEY_COLUMNS = (*api_keys.columns, ledgers.c.environment, partners.c.status)
_OF_APPLICATION = 2
"""How many columns at the end of a partner's are about its application."""


def partner_record(partner: Partner, key: ApplicationKey | None) -> Record:
    profile, volume = partner.profile, partner.profile.expected_volume
    return {
        "id": partner.id,
        "name": partner.name,
        "status": partner.status,
        "created_at": partner.created_at,
        "legal_name": profile.legal_name,
        "country": profile.country,
        "business_type": profile.business_type,
        "website": profile.website,
        "contact_email": profile.contact_email,
        "contact_name": profile.contact_name,
        "expected_amount": volume.amount if volume else None,
        "expected_currency": volume.currency if volume else None,
        "use_case": profile.use_case,
        "application_key": _spelled(key.digest) if key else None,
        "application_fingerprint": _spelled(key.fingerprint) if key else None,
    }


def partner_of(row: Values) -> Partner:
    partner_id, name, status, created_at, *told = row[:-_OF_APPLICATION]
    legal_name, country, business_type, website, email, contact, amount, currency, use_case = told
    return Partner(
        id=PartnerId(partner_id),
        name=name,
        status=PartnerStatus(status),
        created_at=created_at,
        profile=Profile(
            legal_name=legal_name,
            country=country,
            business_type=business_type,
            website=website,
            contact_email=email,
            contact_name=contact,
            expected_volume=None if amount is None else Money(amount, currency),
            use_case=use_case,
        ),
    )


def application_key_of(row: Values) -> ApplicationKey:
    digest, fingerprint = row[-_OF_APPLICATION:]
    return ApplicationKey(bytes(digest), bytes(fingerprint))


def change_of(row: Values) -> PartnerChange:
    partner_id, at, actor, before, after, reason, overrides = row
    return PartnerChange(
        partner_id=PartnerId(partner_id),
        at=at,
        actor=actor,
        before=None if before is None else PartnerStatus(before),
        after=PartnerStatus(after),
        reason=reason,
        overrides=overrides,
    )


def key_of(row: Values) -> ApiKey:
    (
        key_id,
        partner_id,
        ledger_id,
        name,
        permissions,
        digest,
        prefix,
        last_four,
        created_at,
        revoked_at,
        expires_at,
        networks,
        replaced_by,
        last_used_at,
        environment,
        status,
    ) = row
    return ApiKey(
        id=KeyId(key_id),
        partner_id=PartnerId(partner_id),
        ledger_id=LedgerId(ledger_id),
        environment=Environment(environment),
        name=name,
        permissions=frozenset(map(Permission, permissions)),
        digest=bytes(digest),
        prefix=prefix,
        last_four=last_four,
        created_at=created_at,
        revoked_at=revoked_at,
        expires_at=expires_at,
        allowed_networks=tuple(map(ip_network, networks)),
        replaced_by=None if replaced_by is None else KeyId(replaced_by),
        last_used_at=last_used_at,
        standing=Standing.GOOD if status is None else STANDING[PartnerStatus(status)],
    )


def _spelled(value: bytes) -> str:
    """Write bytes as PostgreSQL reads them."""
    return f"\\x{value.hex()}"
