"""The suite for stores of partners: derive from ``PartnerStoreContract``."""

import pytest
from attrs import evolve

from payflow_domain.ids import PartnerId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.partners.model import Partner, PartnerStatus
from payflow_domain.partners.service import Partners
from tests.builders.times import START, TICK, CountingIds, SettableClock
from tests.contracts.partner_journeys import PartnerJourneys
from tests.contracts.stores import PartnerStore

BANK = Partner(
    PartnerId("ptr_00000000000000000000000001"), "RoSaBank 🏦", PartnerStatus.APPROVED, START
)
LATER = evolve(BANK, id=PartnerId("ptr_00000000000000000000000002"), created_at=START + TICK)


def add(store: PartnerStore, *partners: Partner) -> None:
    with store.begin() as uow:
        for partner in partners:
            uow.add_partner(partner)


class PartnerStoreContract(PartnerJourneys):
    """What ``PartnerUnitOfWork`` and ``PartnerReader`` promise."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> PartnerStore:
        raise NotImplementedError(clock)

    def test_a_partner_is_found_by_its_name_as_it_was_added(self, store: PartnerStore) -> None:
        add(store, BANK)

        assert store.partner_named(BANK.name) == BANK

    def test_an_unknown_name_is_none(self, store: PartnerStore) -> None:
        add(store, BANK)

        assert store.partner_named(BANK.name.lower()) is None

    def test_of_equal_names_the_first_partner_is_found(self, store: PartnerStore) -> None:
        add(store, LATER)
        add(store, BANK, evolve(LATER, id=PartnerId("ptr_00000000000000000000000003")))

        assert store.partner_named(BANK.name) == BANK

    def test_a_partner_is_added_once(self, store: PartnerStore) -> None:
        add(store, BANK)

        with pytest.raises(CommitFailed):
            add(store, evolve(BANK, name="other"))

        assert store.partner_named("other") is None
        assert store.partner_named(BANK.name) == BANK

    def test_a_partner_is_seen_only_when_it_is_committed(self, store: PartnerStore) -> None:
        with store.begin() as uow:
            uow.add_partner(BANK)
            before = store.partner_named(BANK.name)

        assert before is None
        assert store.partner_named(BANK.name) == BANK

    def test_a_partner_and_its_ledger_are_made_together(
        self, store: PartnerStore, clock: SettableClock
    ) -> None:
        partners = Partners(store.begin, store, clock, CountingIds())

        partner, ledger = partners.approve("RoSaBank")

        assert store.partner_named("RoSaBank") == partner
        assert store.ledger_of(partner.id, Environment.SANDBOX) == ledger
        assert ledger.last_at == clock.now()

    def test_a_partner_whose_ledger_is_refused_is_not_made(self, store: PartnerStore) -> None:
        def add_two_ledgers() -> None:
            with store.begin() as uow:
                uow.add_partner(BANK)
                for _ in range(2):
                    uow.add_ledger(BANK.id, Environment.SANDBOX, None, START)

        with pytest.raises(CommitFailed):
            add_two_ledgers()

        assert store.partner_named(BANK.name) is None
        assert store.ledger_of(BANK.id, Environment.SANDBOX) is None
