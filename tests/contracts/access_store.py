"""The suite for stores of API keys: derive from ``KeyStoreContract``."""

import pytest
from attrs import evolve

from payflow_domain.access.keys import ApiKey
from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.partners.service import Partners
from tests.builders.times import START, TICK, CountingIds, SettableClock
from tests.contracts.key_journeys import KeyJourneys, another, api_key
from tests.contracts.stores import AccessStore


class Crash(Exception):
    """Something of the program's own went wrong."""


def add(store: AccessStore, *keys: ApiKey) -> None:
    with store.begin() as uow:
        for key in keys:
            uow.add_key(key)


class KeyStoreContract(KeyJourneys):
    """What ``KeyUnitOfWork`` and ``KeyReader`` promise."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> AccessStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def key(self, store: AccessStore, clock: SettableClock) -> ApiKey:
        """A key that is not given to the store yet, of a partner that is."""
        _, ledger = Partners(store.begin, store, clock, CountingIds()).approve("RoSaBank")
        return api_key(ledger)

    @pytest.mark.parametrize(
        "permissions",
        [ALL_PERMISSIONS, frozenset[Permission](), frozenset({Permission.WALLETS_READ})],
    )
    def test_a_key_is_found_by_its_digest_as_it_was_added(
        self, store: AccessStore, key: ApiKey, permissions: frozenset[Permission]
    ) -> None:
        added = evolve(key, permissions=permissions)
        add(store, added)

        assert store.key_by_digest(key.digest) == added

    def test_a_revoked_key_says_since_when(self, store: AccessStore, key: ApiKey) -> None:
        add(store, evolve(key, revoked_at=START + TICK))

        found = store.key_by_digest(key.digest)

        assert found is not None
        assert found.revoked_at == START + TICK

    def test_keys_are_told_apart(self, store: AccessStore, key: ApiKey) -> None:
        add(store, key, another(key))

        assert store.key_by_digest(key.digest) == key
        assert store.key_by_digest(another(key).digest) == another(key)

    def test_an_unknown_digest_is_none(self, store: AccessStore, key: ApiKey) -> None:
        add(store, key)

        assert store.key_by_digest(bytes(32)) is None
        assert store.key_by_digest(key.digest[:-1]) is None

    def test_a_key_is_seen_only_when_it_is_committed(self, store: AccessStore, key: ApiKey) -> None:
        with store.begin() as uow:
            uow.add_key(key)
            before = store.key_by_digest(key.digest)

        assert before is None
        assert store.key_by_digest(key.digest) == key

    def test_an_exception_keeps_no_key(self, store: AccessStore, key: ApiKey) -> None:
        def crash() -> None:
            with store.begin() as uow:
                uow.add_key(key)
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert store.key_by_digest(key.digest) is None

    def test_two_keys_never_share_a_secret_or_an_id(self, store: AccessStore, key: ApiKey) -> None:
        add(store, key)

        with pytest.raises(CommitFailed):
            add(store, evolve(another(key), digest=key.digest))
        with pytest.raises(CommitFailed):
            add(store, evolve(another(key), id=key.id))

        assert store.key_by_digest(key.digest) == key
        assert store.key_by_digest(another(key).digest) is None
