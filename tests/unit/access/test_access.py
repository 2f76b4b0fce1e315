"""Who may do what."""

import pytest
from attrs import evolve, frozen

from payflow_adapters.memory import MemoryStore
from payflow_adapters.secret_source import SystemSecrets
from payflow_domain.access.keys import BASE62, InvalidApiKey
from payflow_domain.access.permissions import (
    ALL_PERMISSIONS,
    Actor,
    MissingPermission,
    Permission,
)
from payflow_domain.access.service import Access
from payflow_domain.ids import API_KEY, KeyId, LedgerId, PartnerId, is_id
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.texts import InvalidText
from tests.builders.times import START, CountingIds, SettableClock

LEDGER = Ledger(LedgerId(7), PartnerId("ptr_1"), Environment.SANDBOX, None, last_at=START)
READ_ONLY = frozenset({Permission.WALLETS_READ})


@frozen
class Office:
    """Access over a store of its own."""

    access: Access
    store: MemoryStore


@pytest.fixture
def office() -> Office:
    clock = SettableClock()
    store = MemoryStore(clock)
    return Office(Access(store.begin, store, clock, CountingIds(), SystemSecrets()), store)


def test_a_key_opens_the_ledger_it_was_issued_for(office: Office) -> None:
    key, secret = office.access.issue_key(LEDGER, "Backend", READ_ONLY)

    assert office.access.authenticate(secret) == Actor(
        key.id, LEDGER.partner_id, LEDGER.id, Environment.SANDBOX, READ_ONLY
    )


def test_what_is_kept_of_a_key_does_not_give_it_away(office: Office) -> None:
    key, secret = office.access.issue_key(LEDGER, "Backend", READ_ONLY)

    assert is_id(key.id, API_KEY)
    assert (key.prefix, key.last_four) == ("sk_test_pf_", secret[-4:])
    assert (key.name, key.created_at, key.revoked_at) == ("Backend", START, None)
    assert secret not in repr(key)
    assert office.store.key_by_digest(key.digest) == key


def test_a_well_formed_key_that_was_never_issued_is_refused(office: Office) -> None:
    _, secret = office.access.issue_key(LEDGER, "Backend", READ_ONLY)
    clock = SettableClock()
    elsewhere = MemoryStore(clock)
    access = Access(elsewhere.begin, elsewhere, clock, CountingIds(), SystemSecrets())

    with pytest.raises(InvalidApiKey):
        access.authenticate(secret)


def test_a_revoked_key_is_refused(office: Office) -> None:
    key, _ = office.access.issue_key(LEDGER, "Backend", READ_ONLY)
    revoked = evolve(key, id=KeyId("key_2"), digest=b"other", revoked_at=START)
    with office.store.begin() as uow:
        uow.add_key(revoked)

    with pytest.raises(InvalidApiKey):
        office.access.actor_of(b"other")


@pytest.mark.parametrize("name", ["", "a" * 201, "\0"])
def test_a_key_has_a_proper_name(office: Office, name: str) -> None:
    with pytest.raises(InvalidText):
        office.access.issue_key(LEDGER, name, READ_ONLY)


@pytest.mark.parametrize("permission", Permission)
def test_an_actor_needs_the_very_permission(permission: Permission) -> None:
    everything_else = ALL_PERMISSIONS - {permission}
    actor = Actor(KeyId("key_1"), LEDGER.partner_id, LEDGER.id, LEDGER.environment, everything_else)

    with pytest.raises(MissingPermission) as refusal:
        actor.require(permission)

    assert refusal.value.code == "missing_permission"
    assert refusal.value.subject == permission.value
    assert refusal.value.facts == {"permission": permission.value}
    evolve(actor, permissions=frozenset({permission})).require(permission)


def test_permissions_have_their_published_names() -> None:
    assert {permission.value for permission in ALL_PERMISSIONS} == {
        "wallets:read",
        "wallets:write",
        "transactions:read",
        "transactions:write",
        "transfers:write",
        "payouts:write",
        "webhooks:read",
        "webhooks:write",
        "events:read",
        "keys:read",
        "keys:write",
        "usage:read",
    }


def test_secrets_use_the_whole_alphabet() -> None:
    drawn = SystemSecrets().characters(BASE62, 5000)

    assert (len(drawn), set(drawn)) == (5000, set(BASE62))
