"""The use cases of a partner's way from its application to its closing."""

from collections.abc import Sequence

from attrs import frozen

from payflow_domain.access.audit import ANONYMOUS, AuditEntry
from payflow_domain.access.operators import StaffActor, StaffPermission
from payflow_domain.clock import Clock
from payflow_domain.ids import PARTNER, IdSource, PartnerId, is_id
from payflow_domain.ledger.errors import IdempotencyKeyReused
from payflow_domain.ledger.idempotency import Claim
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page
from payflow_domain.money import Currencies, decimal_places
from payflow_domain.partners.application import Taken, application_key
from payflow_domain.partners.certification import Certification, certification_open
from payflow_domain.partners.certifying import Certifications
from payflow_domain.partners.model import (
    REASON_LENGTH_MAX,
    Partner,
    PartnerChange,
    PartnerNotFound,
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

_REVIEWED = frozenset(
    {
        (PartnerStatus.PENDING, PartnerStatus.APPROVED),
        (PartnerStatus.PENDING, PartnerStatus.REJECTED),
        (PartnerStatus.APPROVED, PartnerStatus.ACTIVE),
    }
)
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
            self._note(uow, partner, None, ANONYMOUS, address)
        return Taken(partner)

    def create(self, staff: StaffActor, name: str, profile: Profile) -> tuple[Partner, Ledger]:
        """Take in a partner at once, with its sandbox; raises ``InvalidText``."""
        staff.require(StaffPermission.REVIEW)
        partner = self._new(name, PartnerStatus.APPROVED, profile)
        with self.begin() as uow:
            uow.add_partner(partner)
            ledger = uow.add_ledger(partner.id, Environment.SANDBOX, None, partner.created_at)
            self._note(uow, partner, None, staff.operator_id, staff.address)
        return partner, ledger

    def change_status(self, staff: StaffActor, partner_id: str, wish: StatusWish) -> Partner:
        """Move a partner to another status; of two who do it at a time one wins.

        Approving opens its sandbox ledger, and activating its live one. Raises ``MissingRole``,
        ``PartnerNotFound``, ``StatusChanged``, ``StatusNotReachable``, ``ReasonMissing`` and
        ``CertificationOpen``.
        """
        staff.require(StaffPermission.REVIEW)
        found = self._find(partner_id)
        certification = self._certification_for(found, wish)
        with self.begin() as uow:
            before = uow.partner(found.id)
            if before is None:
                raise _partner_not_found(partner_id)
            after = move_partner(before, wish.status, wish.reason, wish.expected)
            if (before.status, after.status) not in _REVIEWED:
                staff.require(StaffPermission.ADMINISTER)
            is_first = before.status is PartnerStatus.APPROVED
            overrides = _overrides(certification, wish) if is_first else False
            uow.replace_partner(after)
            self._open_ledger(uow, before, after)
            self._note(
                uow,
                after,
                before.status,
                staff.operator_id,
                staff.address,
                reason=wish.reason,
                overrides=overrides,
            )
        return after

    def list(self, staff: StaffActor, which: PartnerFilter, page: Page) -> Sequence[Partner]:
        """Return partners, newest first."""
        staff.require(StaffPermission.READ)
        return self.reader.partners(which, page)

    def look_up(self, staff: StaffActor, partner_id: str) -> PartnerFile:
        """Return all that staff see of a partner; raises ``PartnerNotFound``."""
        staff.require(StaffPermission.READ)
        partner = self._find(partner_id)
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
        return self._find(partner_id)

    def _new(self, name: str, status: PartnerStatus, profile: Profile) -> Partner:
        now = self.clock.now()
        return Partner(
            id=PartnerId(self.ids.minting(now)(PARTNER)),
            name=check_text(name, NAME_LENGTH_MAX),
            status=status,
            created_at=now,
            profile=profile,
        )

    def _find(self, partner_id: str) -> Partner:
        found = self.reader.partner(PartnerId(partner_id)) if is_id(partner_id, PARTNER) else None
        if found is None:
            raise _partner_not_found(partner_id)
        return found

    def _certification_of(self, partner_id: PartnerId) -> Certification | None:
        sandbox = self.reader.ledger_of(partner_id, Environment.SANDBOX)
        return self.certifications.of_ledger(sandbox.id) if sandbox else None

    def _certification_for(self, partner: Partner, wish: StatusWish) -> Certification | None:
        """Return what to judge an activation by. What is done stays so: no lock is needed."""
        is_asked = wish.status is PartnerStatus.ACTIVE
        return self._certification_of(partner.id) if is_asked else None

    def _open_ledger(self, uow: PartnerUnitOfWork, before: Partner, after: Partner) -> None:
        now = self.clock.now()
        match (before.status, after.status):
            case (PartnerStatus.PENDING, PartnerStatus.APPROVED):
                uow.add_ledger(after.id, Environment.SANDBOX, None, now)
            case (PartnerStatus.APPROVED, PartnerStatus.ACTIVE):
                uow.add_ledger(after.id, Environment.LIVE, LIVE_SETTLEMENT_LIMIT, now)

    def _note(
        self,
        uow: PartnerUnitOfWork,
        partner: Partner,
        before: PartnerStatus | None,
        actor: str,
        address: str | None,
        *,
        reason: str | None = None,
        overrides: bool = False,
    ) -> None:
        """Keep a change in the partner's own history and in the audit log."""
        now, after = self.clock.now(), partner.status
        uow.add_partner_change(
            PartnerChange(partner.id, now, actor, before, after, reason, overrides)
        )
        uow.add_audit(
            AuditEntry(
                at=now,
                actor=actor,
                action=f"partner.{after.value}" if before else "partner.created",
                subject=partner.id,
                address=address,
                partner_id=partner.id,
                reason=reason,
                before={"status": before.value} if before else None,
                after={"status": after.value},
                facts={"certificationOverridden": True} if overrides else {},
            )
        )


def _overrides(certification: Certification | None, wish: StatusWish) -> bool:
    """Tell whether an activation overrides open items; raises ``CertificationOpen``."""
    if wish.status is not PartnerStatus.ACTIVE:
        return False
    open_items = (certification or Certification({})).open
    if open_items and not wish.override:
        raise certification_open(open_items)
    return bool(open_items)


def _partner_not_found(partner_id: str) -> PartnerNotFound:
    detail = "There is no such partner; check its id."
    return PartnerNotFound(detail, subject=partner_id)
