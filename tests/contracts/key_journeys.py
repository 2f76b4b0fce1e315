"""What stores keep of an API key's way: its end, its successor, and how its partner stands."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from attrs import evolve

from payflow_domain.access.keys import ApiKey
from payflow_domain.access.permissions import ALL_PERMISSIONS, Standing
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.partners.model import PartnerStatus
from tests.builders.times import START, TICK
from tests.contracts.stores import AccessStore

NETWORKS = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
LATER = START + timedelta(days=1)


def api_key(ledger: Ledger) -> ApiKey:
    return ApiKey(
        id=KeyId("key_00000000000000000000000001"),
        partner_id=ledger.partner_id,
        ledger_id=ledger.id,
        environment=ledger.environment,
        name="Büro 🗝",
        permissions=ALL_PERMISSIONS,
        digest=bytes(range(32)),
        prefix="sk_test_pf_",
        last_four="aB9z",
        created_at=START,
    )


def another(key: ApiKey, number: int = 2) -> ApiKey:
    """Return a key that differs from ``key`` where keys must differ."""
    digest = bytes([number]) + key.digest[::-1][1:]
    return evolve(key, id=KeyId(f"{key.id[:-1]}{number}"), digest=digest)


def keep(store: AccessStore, *keys: ApiKey) -> None:
    with store.begin() as uow:
        for key in keys:
            uow.add_key(key)


class KeyJourneys:
    """Ends, successors and standing: part of ``KeyStoreContract``."""

    def test_a_key_is_read_with_its_networks_and_its_end(
        self, store: AccessStore, key: ApiKey
    ) -> None:
        whole = evolve(
            key,
            expires_at=LATER,
            allowed_networks=NETWORKS,
            replaced_by=another(key).id,
            last_used_at=START + TICK,
        )
        keep(store, whole)

        assert store.key(key.id) == whole
        assert store.key_by_digest(key.digest) == whole
        assert store.key(another(key).id) is None

    def test_only_the_end_and_the_successor_of_a_key_are_replaced(
        self, store: AccessStore, key: ApiKey
    ) -> None:
        keep(store, key)
        ended = evolve(key, revoked_at=START, expires_at=LATER, replaced_by=another(key).id)

        with store.begin() as uow:
            uow.load({key.ledger_id: Wanted()})
            assert uow.key(key.ledger_id, key.id) == key
            uow.replace_key(evolve(ended, name="Other"))

        assert store.key(key.id) == ended

    def test_a_key_of_another_ledger_is_neither_found_nor_replaced(
        self, store: AccessStore, key: ApiKey
    ) -> None:
        keep(store, key)
        with store.begin() as uow:
            other = uow.add_ledger(key.partner_id, Environment.LIVE, 0, START)

        def replace() -> None:
            with store.begin() as uow:
                assert uow.key(other.id, key.id) is None
                uow.replace_key(evolve(key, ledger_id=other.id, revoked_at=START))

        with pytest.raises(CommitFailed):
            replace()
        assert store.key(key.id) == key

    def test_live_keys_are_those_neither_revoked_nor_expired(
        self, store: AccessStore, key: ApiKey
    ) -> None:
        with store.begin() as uow:
            live = uow.add_ledger(key.partner_id, Environment.LIVE, 0, START)
        keep(
            store,
            key,
            evolve(another(key, 2), revoked_at=START),
            evolve(another(key, 3), expires_at=START),
            evolve(another(key, 4), expires_at=START + TICK),
            evolve(another(key, 5), ledger_id=live.id, environment=Environment.LIVE),
        )

        with store.begin() as uow:
            counts = [uow.count_live_keys(key.ledger_id, at) for at in (START, START + TICK)]

        assert counts == [2, 1]
        assert store.count_live_keys(key.partner_id, START) == 3
        assert store.count_live_keys(PartnerId("ptr_other"), START) == 0

    def test_keys_are_listed_newest_first_by_ledger_and_by_partner(
        self, store: AccessStore, key: ApiKey
    ) -> None:
        with store.begin() as uow:
            live = uow.add_ledger(key.partner_id, Environment.LIVE, 0, START)
        mine = [key, another(key, 2), another(key, 3)]
        real = evolve(another(key, 4), ledger_id=live.id, environment=Environment.LIVE)
        keep(store, *mine, real)

        first = store.keys(key.ledger_id, Page(2))
        rest = store.keys(key.ledger_id, Page(2, first[-1].id))

        assert [*first, *rest] == mine[::-1]
        assert store.keys_of_partner(key.partner_id, Page(10)) == [real, *mine[::-1]]
        assert store.keys(LedgerId(live.id + 1), Page(10)) == []
        assert store.keys_of_partner(PartnerId("ptr_other"), Page(10)) == []

    @pytest.mark.parametrize(
        ("status", "standing"),
        [
            (PartnerStatus.APPROVED, Standing.GOOD),
            (PartnerStatus.ACTIVE, Standing.GOOD),
            (PartnerStatus.SUSPENDED, Standing.SUSPENDED),
            (PartnerStatus.CLOSED, Standing.CLOSED),
        ],
    )
    def test_a_key_is_read_with_how_its_partner_stands(
        self, store: AccessStore, key: ApiKey, status: PartnerStatus, standing: Standing
    ) -> None:
        keep(store, key)

        with store.begin() as uow:
            partner = uow.partner(key.partner_id)
            assert partner is not None
            uow.replace_partner(evolve(partner, status=status))

        found = store.key_by_digest(key.digest)
        assert found == evolve(key, standing=standing)
