"""A company's application to become a partner."""

import hashlib

from attrs import frozen

from payflow_domain.errors import Limited
from payflow_domain.ledger.idempotency import Claim
from payflow_domain.partners.model import Partner
from payflow_domain.partners.profile import Profile

WAITING_MAX = 1_000
"""How many applications may wait for a decision."""

WAITING_OF_CONTACT_MAX = 3
"""How many of them may have the same contact."""

RETRY_AFTER_S = 24 * 60 * 60
"""When it makes sense to apply again: people decide."""


class TooManyApplications(Limited):
    """Too many applications wait for a decision; which bound was met is not told."""

    code = "too_many_applications"


@frozen
class ApplicationKey:
    """The idempotency key of an application, as it is kept.

    Nobody is known yet, so a key belongs to the contact's e-mail address: ``digest`` is the
    SHA-256 of both. ``fingerprint`` is that of what was asked.
    """

    digest: bytes
    fingerprint: bytes


@frozen
class Application:
    """An application that was made, and with which key."""

    partner: Partner
    key: ApplicationKey


@frozen
class Taken:
    """An application that waits; ``is_replayed`` where it was sent before with its key."""

    partner: Partner
    is_replayed: bool = False


@frozen
class Waiting:
    """How many applications wait for a decision, and how many of them with a certain contact."""

    count: int
    of_contact: int

    def check(self) -> None:
        """Raise ``TooManyApplications`` unless there is room for one more."""
        if self.count >= WAITING_MAX or self.of_contact >= WAITING_OF_CONTACT_MAX:
            detail = "Too many applications wait for a decision; apply again in some days."
            raise TooManyApplications(detail, retry_after_s=RETRY_AFTER_S)


def application_key(profile: Profile, claim: Claim) -> ApplicationKey:
    """Return what is kept of the key with which a company applies."""
    contact = (profile.contact_email or "").lower()
    digest = hashlib.sha256(f"{contact}\n{claim.key}".encode()).digest()
    return ApplicationKey(digest, claim.fingerprint)
