"""The use cases of a partner's way from its application to its closing."""

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from payflow_domain.access.audit import ANONYMOUS
from payflow_domain.access.operators import StaffActor, StaffPermission
from payflow_domain.access.staff_idempotency import answered_before, keep_answer
from payflow_domain.clock import Clock
from payflow_domain.ids import PARTNER, IdSource, PartnerId
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.errors import IdempotencyKeyReused
from payflow_domain.ledger.idempotency import Claim, Once
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page
from payflow_domain.money import Currencies, decimal_places
from payflow_domain.partners.application import Taken, application_key
from payflow_domain.partners.certification import Certification, certification_open
from payflow_domain.partners.certifying import Certifications
from payflow_domain.partners.finding import find_partner
from payflow_domain.partners.history import first_change, keep_change
from payflow_domain.partners.model import (
    REASON_LENGTH_MAX,
    Partner,
    PartnerChange,
    PartnerStatus,
    ReasonMissing,
    move_partner,
)
from payflow_domain.partners.ports import (
    BeginPartners,
    PartnerFilter,
    PartnerReader,
    PartnerUnitOfWork,
)
from payflow_domain.partners.profile import Profile
from payflow_domain.texts import NAME_LENGTH_MAX, check_text

LIVE_SETTLEMENT_LIMIT = 0
"""A live partner owes nothing for wallets credited without a payment method, until that is set."""

CHANGES_SHOWN_MAX = 100

_APPROVAL = (PartnerStatus.PENDING, PartnerStatus.APPROVED)
_FIRST_ACTIVATION = (PartnerStatus.APPROVED, PartnerStatus.ACTIVE)
_REJECTION = (PartnerStatus.PENDING, PartnerStatus.REJECTED)
_REVIEWED = frozenset({_APPROVAL, _REJECTION, _FIRST_ACTIVATION})
"""The changes that a reviewer may make; every other one is for administrators."""


@frozen
class StatusWish:
    """A status that an operator wants a partner to have.

    ``expected`` is the status that the operator saw. ``override`` activates the partner although
    items of its certification are open. Raises ``InvalidText`` and ``ReasonMissing``.
    """

    status: PartnerStatus
    reason: str | None = None
    override: bool = False
    expected: PartnerStatus | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse an override without a reason."""
        if self.reason is not None:
            check_text(self.reason, REASON_LENGTH_MAX)
        if self.override and self.reason is None:
            raise ReasonMissing("Say why the certification is overridden, as reason.")


@frozen
class PartnerFile:
    """All that staff see of a partner; ``changes`` are the last ones, newest first."""

    partner: Partner
    changes: Sequence[PartnerChange]
    ledgers: Sequence[Ledger]
    certification: Certification | None
    live_keys: int


@frozen
class Onboarding:
    """Takes applications, and moves partners from status to status."""

    begin: BeginPartners
    reader: PartnerReader
    certifications: Certifications
    clock: Clock
    ids: IdSource
    currencies: Currencies

    def apply(self, profile: Profile, address: str | None, claim: Claim | None = None) -> Taken:
        """Take an application from anybody; the same one with the same key is taken once.

        Raises ``TooManyApplications``, ``UnknownCurrency`` and ``IdempotencyKeyReused``.
        """
        if profile.expected_volume is not None:
            decimal_places(profile.expected_volume.currency, self.currencies)
        key = application_key(profile, claim) if claim else None
        with self.begin() as uow:
            waiting = uow.waiting(profile.contact_email or "")
            made = uow.application(key.digest) if key else None
            if made is not None and key is not None:
                if made.key.fingerprint != key.fingerprint:
                    detail = "This idempotency key was used for a different application."
                    raise IdempotencyKeyReused(detail)
                return Taken(made.partner, is_replayed=True)
            waiting.check()
            partner = self._new(profile.legal_name or "", PartnerStatus.PENDING, profile)
            uow.add_partner(partner, key)
            keep_change(uow, first_change(partner, ANONYMOUS), address)
        return Taken(partner)

    def create(
        self, staff: StaffActor, name: str, profile: Profile, once: Once[Partner] | None = None
    ) -> Partner | Replayed:
        """Take in a partner at once, with its sandbox.

        Raises ``InvalidText`` and ``IdempotencyKeyReused``.
        """
        staff.require(StaffPermission.REVIEW)
        partner = self._new(name, PartnerStatus.APPROVED, profile)
        now = partner.created_at
        with self.begin() as uow:
            if answered := answered_before(uow, staff, once, now):
                return answered
            uow.add_partner(partner)
            uow.add_ledger(partner.id, Environment.SANDBOX, None, now)
            keep_change(uow, first_change(partner, staff.operator_id), staff.address)
            keep_answer(uow, staff, once, partner, now)
        return partner

    def change_status(self, staff: StaffActor, partner_id: str, wish: StatusWish) -> Partner:
        """Move a partner to another status; of two who do it at a time one wins.

        Approving opens its sandbox ledger, and activating its live one. Raises ``MissingRole``,
        ``PartnerNotFound``, ``StatusChanged``, ``StatusNotReachable``, ``ReasonMissing`` and
        ``CertificationOpen``.
        """
        staff.require(StaffPermission.REVIEW)
        found, now = find_partner(self.reader, partner_id), self.clock.now()
        is_activation = wish.status is PartnerStatus.ACTIVE
        # What is done stays done, so no lock is needed for it; and a suspension must not wait.
        certification = self._certification_of(found.id) if is_activation else None
        with self.begin() as uow:
            before = uow.partner(found.id) or found
            after = move_partner(before, wish.status, wish.reason, wish.expected)
            way = (before.status, after.status)
            if way not in _REVIEWED:
                staff.require(StaffPermission.ADMINISTER)
            overrides = way == _FIRST_ACTIVATION and _overrides(certification, wish)
            uow.replace_partner(after)
            _open_ledger(uow, after, way, now)
            change = PartnerChange(
                after.id, now, staff.operator_id, *way, wish.reason, overrides=overrides
            )
            keep_change(uow, change, staff.address)
        return after

    def list(self, staff: StaffActor, which: PartnerFilter, page: Page) -> Sequence[Partner]:
        """Return partners, newest first."""
        staff.require(StaffPermission.READ)
        return self.reader.partners(which, page)

    def look_up(self, staff: StaffActor, partner_id: str) -> PartnerFile:
        """Return all that staff see of a partner; raises ``PartnerNotFound``."""
        staff.require(StaffPermission.READ)
        partner = find_partner(self.reader, partner_id)
        found = [self.reader.ledger_of(partner.id, each) for each in Environment]
        ledgers = [ledger for ledger in found if ledger is not None]
        return PartnerFile(
            partner,
            self.reader.partner_changes(partner.id, CHANGES_SHOWN_MAX),
            ledgers,
            self._certification_of(partner.id),
            self.reader.count_live_keys(partner.id, self.clock.now()),
        )

    def get(self, staff: StaffActor, partner_id: str) -> Partner:
        """Return one partner; raises ``PartnerNotFound``."""
        staff.require(StaffPermission.READ)
        return find_partner(self.reader, partner_id)

    def _new(self, name: str, status: PartnerStatus, profile: Profile) -> Partner:
        now = self.clock.now()
        return Partner(
            id=PartnerId(self.ids.minting(now)(PARTNER)),
            name=check_text(name, NAME_LENGTH_MAX),
            status=status,
            created_at=now,
            profile=profile,
        )

    def _certification_of(self, partner_id: PartnerId) -> Certification | None:
        sandbox = self.reader.ledger_of(partner_id, Environment.SANDBOX)
        return self.certifications.of_ledger(partner_id, sandbox.id) if sandbox else None


def _open_ledger(
    uow: PartnerUnitOfWork, partner: Partner, way: tuple[PartnerStatus, PartnerStatus], at: datetime
) -> None:
    """Open the ledger that a change of status brings with it, if it does."""
    if way == _APPROVAL:
        uow.add_ledger(partner.id, Environment.SANDBOX, None, at)
    elif way == _FIRST_ACTIVATION:
        uow.add_ledger(partner.id, Environment.LIVE, LIVE_SETTLEMENT_LIMIT, at)


def _overrides(certification: Certification | None, wish: StatusWish) -> bool:
    """Tell whether an activation overrides open items; raises ``CertificationOpen``."""
    open_items = (certification or Certification({})).open
    if open_items and not wish.override:
        raise certification_open(open_items)
    return bool(open_items)
