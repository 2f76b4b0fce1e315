"""Taking partners in."""

import pytest

from payflow_adapters.memory import MemoryStore
from payflow_domain.ids import PARTNER, is_id
from payflow_domain.ledger.ledgers import GENESIS, Environment
from payflow_domain.partners.model import PartnerStatus
from payflow_domain.partners.service import Partners
from payflow_domain.texts import InvalidText
from tests.builders.times import START, CountingIds, SettableClock

CLOCK = SettableClock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(CLOCK)


@pytest.fixture
def partners(store: MemoryStore) -> Partners:
    return Partners(store.begin, store, CLOCK, CountingIds())


def test_an_approved_partner_has_an_empty_sandbox_ledger_without_limit(
    partners: Partners, store: MemoryStore
) -> None:
    partner, ledger = partners.approve("RoSaBank")

    assert is_id(partner.id, PARTNER)
    assert (partner.status, partner.created_at) == (PartnerStatus.APPROVED, START)
    assert (ledger.partner_id, ledger.environment) == (partner.id, Environment.SANDBOX)
    assert (ledger.settlement_limit, ledger.sequence, ledger.head) == (None, 0, GENESIS)
    assert store.partner_named("RoSaBank") == partner
    assert store.ledger_of(partner.id, Environment.SANDBOX) == ledger
    assert store.ledger_of(partner.id, Environment.LIVE) is None


@pytest.mark.parametrize("name", ["", "a" * 201, "\0"])
def test_a_partner_has_a_proper_name(partners: Partners, store: MemoryStore, name: str) -> None:
    with pytest.raises(InvalidText):
        partners.approve(name)

    assert store.partner_named(name) is None
