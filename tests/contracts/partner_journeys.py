"""What stores keep of a partner's way: its applications, its changes and its status."""

import pytest
from attrs import evolve

from payflow_domain.ids import PartnerId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ports import Page
from payflow_domain.money import Money
from payflow_domain.partners.application import ApplicationKey, Waiting
from payflow_domain.partners.model import Partner, PartnerChange, PartnerStatus
from payflow_domain.partners.ports import PartnerFilter
from payflow_domain.partners.profile import Profile
from tests.builders.times import START, TICK
from tests.contracts.stores import PartnerStore

PROFILE = Profile(
    legal_name="RoSaBank Ltd 🏦",
    country="KE",
    business_type="savings circles",
    website="https://rosabank.example/about",
    contact_email="Wanjiru@rosabank.example",
    contact_name="Wanjiru",
    expected_volume=Money(2**53 - 1, "KES"),
    use_case="Circles pay in.\nOne is paid out.",
)
APPLICANT = Partner(
    PartnerId("ptr_00000000000000000000000011"), "RoSaBank", PartnerStatus.PENDING, START, PROFILE
)
KEY = ApplicationKey(bytes(range(32)), bytes(32))
UNKNOWN = PartnerId("ptr_0000000000000000000000000z")


def applicant(
    number: int, status: PartnerStatus, contact_email: str | None = PROFILE.contact_email
) -> Partner:
    return evolve(
        APPLICANT,
        id=PartnerId(f"ptr_0000000000000000000000001{number}"),
        name=f"Partner {number}",
        status=status,
        profile=evolve(PROFILE, contact_email=contact_email),
    )


class PartnerJourneys:
    """Applications, changes and status: part of ``PartnerStoreContract``."""

    @pytest.mark.parametrize("partner", [APPLICANT, evolve(APPLICANT, profile=Profile())])
    def test_a_partner_is_read_as_it_was_added(self, store: PartnerStore, partner: Partner) -> None:
        with store.begin() as uow:
            uow.add_partner(partner)

        assert store.partner(partner.id) == partner
        assert store.partner(UNKNOWN) is None

    def test_only_the_status_of_a_partner_is_replaced(self, store: PartnerStore) -> None:
        with store.begin() as uow:
            uow.add_partner(APPLICANT)

        with store.begin() as uow:
            found = uow.partner(APPLICANT.id)
            assert found == APPLICANT
            uow.replace_partner(evolve(found, status=PartnerStatus.APPROVED, name="Other"))

        assert store.partner(APPLICANT.id) == evolve(APPLICANT, status=PartnerStatus.APPROVED)

    def test_a_partner_that_is_not_there_is_not_replaced(self, store: PartnerStore) -> None:
        def replace() -> None:
            with store.begin() as uow:
                assert uow.partner(APPLICANT.id) is None
                uow.replace_partner(APPLICANT)

        with pytest.raises(CommitFailed):
            replace()

    def test_an_application_is_found_by_its_key(self, store: PartnerStore) -> None:
        with store.begin() as uow:
            uow.add_partner(APPLICANT, KEY)

        with store.begin() as uow:
            made, other = uow.application(KEY.digest), uow.application(bytes(32))

        assert made is not None
        assert (made.partner, made.key) == (APPLICANT, KEY)
        assert other is None

    def test_an_application_key_is_taken_once(self, store: PartnerStore) -> None:
        def add(partner: Partner) -> None:
            with store.begin() as uow:
                uow.add_partner(partner, KEY)

        add(APPLICANT)

        with pytest.raises(CommitFailed):
            add(evolve(APPLICANT, id=UNKNOWN))
        assert store.partner(UNKNOWN) is None

    def test_pending_partners_are_counted_in_all_and_of_a_contact(
        self, store: PartnerStore
    ) -> None:
        pending, approved = PartnerStatus.PENDING, PartnerStatus.APPROVED
        with store.begin() as uow:
            uow.add_partner(applicant(1, pending))
            uow.add_partner(applicant(2, pending, contact_email="wanjiru@ROSABANK.example"))
            uow.add_partner(applicant(3, pending, contact_email="other@rosabank.example"))
            uow.add_partner(applicant(4, approved))

            assert uow.waiting("WANJIRU@rosabank.example") == Waiting(3, 2)
            assert uow.waiting("nobody@rosabank.example") == Waiting(3, 0)

    def test_partners_are_listed_newest_first_and_page_by_page(self, store: PartnerStore) -> None:
        partners = [applicant(number, PartnerStatus.PENDING) for number in (1, 2, 3)]
        with store.begin() as uow:
            for partner in partners:
                uow.add_partner(partner)

        first = store.partners(PartnerFilter(), Page(2))
        rest = store.partners(PartnerFilter(), Page(2, first[-1].id))

        assert [*first, *rest] == partners[::-1]

    def test_partners_are_listed_by_status_and_by_a_part_of_the_name(
        self, store: PartnerStore
    ) -> None:
        one = applicant(1, PartnerStatus.PENDING)
        two = evolve(applicant(2, PartnerStatus.CLOSED), name="50% off_")
        with store.begin() as uow:
            uow.add_partner(one)
            uow.add_partner(two)

        def found(which: PartnerFilter) -> list[Partner]:
            return list(store.partners(which, Page(10)))

        assert found(PartnerFilter(status=PartnerStatus.CLOSED)) == [two]
        assert found(PartnerFilter(name="pARTNER")) == [one]
        assert found(PartnerFilter(name="%")) == [two]
        assert found(PartnerFilter(PartnerStatus.CLOSED, "partner")) == []

    def test_the_last_changes_of_a_partner_are_read_newest_first(self, store: PartnerStore) -> None:
        pending, approved, active = (
            PartnerStatus.PENDING,
            PartnerStatus.APPROVED,
            PartnerStatus.ACTIVE,
        )
        changes = [
            PartnerChange(APPLICANT.id, START, "anonymous", None, pending),
            PartnerChange(APPLICANT.id, START + TICK, "opr_1", pending, approved),
            PartnerChange(APPLICANT.id, START + TICK, "opr_2", approved, active, "März", True),  # noqa: FBT003  # as it is kept
        ]
        with store.begin() as uow:
            uow.add_partner(APPLICANT)
            uow.add_partner(applicant(2, pending))
            for change in changes:
                uow.add_partner_change(change)

        assert store.partner_changes(APPLICANT.id, 10) == changes[::-1]
        assert store.partner_changes(APPLICANT.id, 2) == changes[:0:-1]
        assert store.partner_changes(applicant(2, pending).id, 10) == []
