"""From an application to real money, and to the end."""

from threading import Barrier, Thread

import pytest
from attrs import evolve, frozen

from payflow_adapters.memory import MemoryStore
from payflow_domain.access.audit import ANONYMOUS, AuditEntry, AuditFilter
from payflow_domain.access.operators import MissingRole, Role, StaffActor
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import OperatorId
from payflow_domain.ledger.errors import IdempotencyKeyReused
from payflow_domain.ledger.idempotency import Claim, IdempotencyKey
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.money import Money, UnknownCurrency
from payflow_domain.partners.application import TooManyApplications
from payflow_domain.partners.certification import CertificationItem, CertificationOpen
from payflow_domain.partners.certifying import Certifications
from payflow_domain.partners.model import (
    TRANSITIONS,
    Partner,
    PartnerChange,
    PartnerNotFound,
    PartnerStatus,
    ReasonMissing,
    StatusNotReachable,
)
from payflow_domain.partners.onboarding import Onboarding, StatusWish
from payflow_domain.partners.profile import Profile
from payflow_domain.texts import InvalidText
from tests.builders.times import START, CountingIds, SettableClock

ADMIN = StaffActor(OperatorId("opr_1"), "ada", Role.ADMIN, "192.0.2.1")
REVIEWER = StaffActor(OperatorId("opr_2"), "rita", Role.REVIEWER)
SUPPORT = StaffActor(OperatorId("opr_3"), "sam", Role.SUPPORT)
PROFILE = Profile(legal_name="RoSaBank Ltd", country="KE", contact_email="w@rosabank.example")
CLAIM = Claim(IdempotencyKey("once"), bytes(32))
STATUS = PartnerStatus


@frozen
class Office:
    """Onboarding over a store of its own."""

    onboarding: Onboarding
    store: MemoryStore

    def applied(self) -> Partner:
        return self.onboarding.apply(PROFILE, "198.51.100.7").partner

    def moved(self, *way: PartnerStatus) -> Partner:
        """Take a new application all that way."""
        partner = self.applied()
        for status in way:
            wish = StatusWish(status, "As agreed.", override=True)
            partner = self.onboarding.change_status(ADMIN, partner.id, wish)
        return partner

    def audit(self) -> list[AuditEntry]:
        """Return the audit log, oldest first."""
        found = self.store.audit_entries(AuditFilter(), Page(100))
        return [record.entry for record in found][::-1]


@pytest.fixture
def office() -> Office:
    clock = SettableClock()
    store = MemoryStore(clock)
    certifications = Certifications(store.begin, store, clock)
    currencies = {"KES": 2}
    onboarding = Onboarding(store.begin, store, certifications, clock, CountingIds(), currencies)
    return Office(onboarding, store)


def test_an_application_waits_and_opens_nothing(office: Office) -> None:
    partner = office.applied()

    assert office.store.partner(partner.id) == partner
    assert (partner.status, partner.name) == (STATUS.PENDING, "RoSaBank Ltd")
    assert office.store.ledger_of(partner.id, Environment.SANDBOX) is None
    (change,) = office.store.partner_changes(partner.id, 10)
    assert change == PartnerChange(partner.id, START, ANONYMOUS, None, STATUS.PENDING)
    (entry,) = office.audit()
    assert (entry.actor, entry.action, entry.address) == (
        ANONYMOUS,
        "partner.created",
        "198.51.100.7",
    )


def test_an_application_with_a_key_is_taken_once(office: Office) -> None:
    first, again = (office.onboarding.apply(PROFILE, None, CLAIM) for _ in range(2))

    assert (first.partner, first.is_replayed) == (again.partner, False)
    assert again.is_replayed
    with pytest.raises(IdempotencyKeyReused):
        office.onboarding.apply(PROFILE, None, evolve(CLAIM, fingerprint=bytes(31)))
    other = evolve(PROFILE, contact_email="other@rosabank.example")
    assert office.onboarding.apply(other, None, CLAIM).partner.id != first.partner.id


def test_a_contact_has_three_applications_waiting_at_most(office: Office) -> None:
    partners = [office.applied() for _ in range(3)]

    with pytest.raises(TooManyApplications):
        office.onboarding.apply(evolve(PROFILE, contact_email="W@ROSABANK.example"), None)

    wish = StatusWish(STATUS.REJECTED, "Not now.")
    office.onboarding.change_status(REVIEWER, partners[0].id, wish)
    office.applied()


def test_an_application_in_no_currency_is_refused(office: Office) -> None:
    profile = evolve(PROFILE, expected_volume=Money(1, "XXX"))

    with pytest.raises(UnknownCurrency):
        office.onboarding.apply(profile, None)

    assert office.audit() == []


def test_approving_opens_the_sandbox_and_activating_the_live_ledger(office: Office) -> None:
    partner = office.moved(STATUS.APPROVED)
    sandbox = office.store.ledger_of(partner.id, Environment.SANDBOX)
    assert sandbox is not None
    assert sandbox.settlement_limit is None
    assert office.store.ledger_of(partner.id, Environment.LIVE) is None

    wish = StatusWish(STATUS.ACTIVE, "As agreed.", override=True)
    office.onboarding.change_status(REVIEWER, partner.id, wish)

    live = office.store.ledger_of(partner.id, Environment.LIVE)
    assert live is not None
    assert live.settlement_limit == 0


def test_each_change_says_who_when_and_why(office: Office) -> None:
    partner = office.moved(STATUS.APPROVED, STATUS.ACTIVE, STATUS.SUSPENDED)

    last, *_ = office.store.partner_changes(partner.id, 10)
    assert last == PartnerChange(
        partner.id, START, ADMIN.operator_id, STATUS.ACTIVE, STATUS.SUSPENDED, "As agreed."
    )
    entry = office.audit()[-1]
    assert (entry.actor, entry.action, entry.subject, entry.address, entry.reason) == (
        ADMIN.operator_id,
        "partner.suspended",
        partner.id,
        "192.0.2.1",
        "As agreed.",
    )
    assert (entry.before, entry.after) == ({"status": "active"}, {"status": "suspended"})


def test_a_suspended_partner_comes_back_without_another_ledger(office: Office) -> None:
    partner = office.moved(STATUS.APPROVED, STATUS.ACTIVE, STATUS.SUSPENDED)

    back = office.onboarding.change_status(ADMIN, partner.id, StatusWish(STATUS.ACTIVE))

    assert back.status is STATUS.ACTIVE


def test_activation_with_open_items_lists_them_and_changes_nothing(office: Office) -> None:
    partner = office.moved(STATUS.APPROVED)

    with pytest.raises(CertificationOpen) as refusal:
        office.onboarding.change_status(ADMIN, partner.id, StatusWish(STATUS.ACTIVE))

    assert refusal.value.facts == {"open": [item.value for item in CertificationItem]}
    assert office.store.partner(partner.id) == partner
    assert office.store.ledger_of(partner.id, Environment.LIVE) is None


def test_an_override_needs_a_reason_and_is_recorded(office: Office) -> None:
    partner = office.moved(STATUS.APPROVED, STATUS.ACTIVE)

    with pytest.raises(ReasonMissing):
        StatusWish(STATUS.ACTIVE, override=True)
    assert office.store.partner_changes(partner.id, 1)[0].overrides
    assert office.audit()[-1].facts == {"certificationOverridden": True}


def test_a_complete_certification_needs_no_override(office: Office) -> None:
    partner = office.moved(STATUS.APPROVED)
    sandbox = office.store.ledger_of(partner.id, Environment.SANDBOX)
    assert sandbox is not None
    with office.store.begin() as uow:
        for item in CertificationItem:
            uow.add_certified(sandbox.id, item, START)

    office.onboarding.change_status(ADMIN, partner.id, StatusWish(STATUS.ACTIVE))

    assert not office.store.partner_changes(partner.id, 1)[0].overrides


@pytest.mark.parametrize("before", PartnerStatus)
@pytest.mark.parametrize("after", PartnerStatus)
def test_a_reviewer_approves_rejects_and_activates_and_nothing_else(
    office: Office, before: PartnerStatus, after: PartnerStatus
) -> None:
    ways: dict[PartnerStatus, list[PartnerStatus]] = {
        STATUS.PENDING: [],
        STATUS.REJECTED: [STATUS.REJECTED],
        STATUS.APPROVED: [STATUS.APPROVED],
        STATUS.ACTIVE: [STATUS.APPROVED, STATUS.ACTIVE],
        STATUS.SUSPENDED: [STATUS.APPROVED, STATUS.ACTIVE, STATUS.SUSPENDED],
        STATUS.CLOSED: [STATUS.APPROVED, STATUS.CLOSED],
    }
    allowed = {
        (STATUS.PENDING, STATUS.APPROVED),
        (STATUS.PENDING, STATUS.REJECTED),
        (STATUS.APPROVED, STATUS.ACTIVE),
    }
    partner = office.moved(*ways[before])
    wish = StatusWish(after, "A reason.", override=True)

    if (before, after) in allowed:
        assert office.onboarding.change_status(REVIEWER, partner.id, wish).status is after
        return
    error = MissingRole if after in TRANSITIONS[before] else StatusNotReachable
    with pytest.raises(error):
        office.onboarding.change_status(REVIEWER, partner.id, wish)
    assert office.store.partner(partner.id) == partner


def test_support_reads_and_changes_nothing(office: Office) -> None:
    partner = office.applied()

    assert office.onboarding.look_up(SUPPORT, partner.id).partner == partner
    with pytest.raises(MissingRole):
        office.onboarding.change_status(SUPPORT, partner.id, StatusWish(STATUS.APPROVED))
    with pytest.raises(MissingRole):
        office.onboarding.create(SUPPORT, "Another", PROFILE)


@pytest.mark.parametrize("partner_id", ["", "ptr_1", "ptr_00000000000000000000000000"])
def test_an_unknown_partner_is_not_found(office: Office, partner_id: str) -> None:
    with pytest.raises(PartnerNotFound):
        office.onboarding.look_up(ADMIN, partner_id)
    with pytest.raises(PartnerNotFound):
        office.onboarding.change_status(ADMIN, partner_id, StatusWish(STATUS.APPROVED))


def test_a_partner_that_staff_take_in_has_its_sandbox_at_once(office: Office) -> None:
    partner = office.onboarding.create(REVIEWER, "RoSaBank", PROFILE)

    assert isinstance(partner, Partner)
    found = office.onboarding.look_up(SUPPORT, partner.id)
    assert found.partner == partner
    assert [ledger.environment for ledger in found.ledgers] == [Environment.SANDBOX]
    assert partner.status is STATUS.APPROVED
    assert found.certification is not None
    assert not found.certification.is_complete
    assert found.live_keys == 0


def test_a_reason_has_bounds() -> None:
    with pytest.raises(InvalidText):
        StatusWish(STATUS.REJECTED, "a" * 501)


def test_of_two_who_decide_at_a_time_one_wins(office: Office) -> None:
    partner, barrier = office.applied(), Barrier(2)
    outcomes: list[str] = []

    def decide(status: PartnerStatus) -> None:
        barrier.wait()
        try:
            office.onboarding.change_status(REVIEWER, partner.id, StatusWish(status, "So."))
        except PayFlowError as error:
            outcomes.append(error.code)
        else:
            outcomes.append("won")

    threads = [Thread(target=decide, args=[s]) for s in (STATUS.APPROVED, STATUS.REJECTED)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["status_not_reachable", "won"]
    assert len(office.store.partner_changes(partner.id, 10)) == 2
