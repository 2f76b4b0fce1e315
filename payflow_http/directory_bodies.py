"""The bodies that tell of partners and their API keys."""

from datetime import datetime
from typing import NewType

from attrs import frozen

from payflow_domain.access.permissions import Network, Permission
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.partners.model import PartnerStatus
from payflow_http.bodies import Amount, Currency, Name, Seconds

Permissions = NewType("Permissions", frozenset[Permission])
Networks = NewType("Networks", tuple[Network, ...])
Country = NewType("Country", str)
BusinessType = NewType("BusinessType", str)
Website = NewType("Website", str)
Email = NewType("Email", str)
UseCase = NewType("UseCase", str)
Reason = NewType("Reason", str)
Switch = NewType("Switch", bool)


@frozen
class NewKeyBody:
    """``POST /api-keys``."""

    name: Name
    permissions: Permissions
    expires_at: datetime | None = None
    allowed_networks: Networks | None = None


@frozen
class NewPartnerKeyBody:
    """``POST /api/admin/partners/{id}/api-keys``."""

    name: Name
    environment: Environment
    permissions: Permissions
    expires_at: datetime | None = None
    allowed_networks: Networks | None = None


@frozen
class KeyRotationBody:
    """``POST /api-keys/{id}/rotate``: for how long the old key works on."""

    old_key_expires_in: Seconds | None = None


@frozen
class VolumeBody:
    """What a partner expects to move in a month."""

    amount: Amount
    currency: Currency


@frozen
class ApplicationBody:
    """``POST /partner-applications``."""

    legal_name: Name
    country: Country
    business_type: BusinessType
    website: Website
    contact_email: Email
    expected_volume: VolumeBody
    use_case: UseCase
    contact_name: Name | None = None


@frozen
class NewPartnerBody:
    """``POST /api/admin/partners``."""

    name: Name
    legal_name: Name
    country: Country
    contact_email: Email
    website: Website | None = None


@frozen
class PartnerStatusBody:
    """``PATCH /api/admin/partners/{id}/status``."""

    status: PartnerStatus
    reason: Reason | None = None
    override: Switch | None = None
    expected_status: PartnerStatus | None = None


DIRECTORY_BODIES: tuple[type, ...] = (
    NewKeyBody,
    NewPartnerKeyBody,
    KeyRotationBody,
    ApplicationBody,
    NewPartnerBody,
    PartnerStatusBody,
)
