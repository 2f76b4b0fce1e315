"""API keys: made, rotated and revoked, within what their makers may do."""

from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.ids import UuidSource
from payflow_adapters.memory import MemoryStore
from payflow_adapters.secret_source import SystemSecrets
from payflow_domain.access.audit import AuditEntry, AuditFilter
from payflow_domain.access.key_rules import (
    LIVE_KEYS_MAX,
    OVERLAP,
    EnvironmentNotOpen,
    GrantExceedsKey,
    InvalidExpiry,
    KeyNotFound,
    KeyNotLive,
    NewKey,
    TooManyKeys,
    replace_key,
)
from payflow_domain.access.key_service import ApiKeys
from payflow_domain.access.keys import ApiKey, InvalidApiKey, IssuedKey
from payflow_domain.access.operators import MissingRole, Role, StaffActor
from payflow_domain.access.permissions import (
    ALL_PERMISSIONS,
    Actor,
    MissingPermission,
    Permission,
)
from payflow_domain.access.service import Access
from payflow_domain.ids import KeyId, OperatorId
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.errors import IdempotencyKeyReused
from payflow_domain.ledger.idempotency import Answer, Claim, IdempotencyKey, Once
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page
from payflow_domain.partners.service import Partners
from payflow_domain.texts import InvalidText
from tests.builders.times import START, CountingIds, SettableClock
from tests.contracts.key_journeys import another, api_key

ADMIN = StaffActor(OperatorId("opr_1"), "ada", Role.ADMIN, "192.0.2.1")
READS = frozenset({Permission.WALLETS_READ, Permission.EVENTS_READ})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW = NewKey("Backend", READS)
CLAIM = Claim(IdempotencyKey("once"), bytes(32))


@frozen
class Office:
    """API keys over a store of its own, and a partner with a key that may do everything."""

    keys: ApiKeys
    access: Access
    store: MemoryStore
    clock: SettableClock
    ledger: Ledger
    actor: Actor

    def created(self, new: NewKey = NEW) -> IssuedKey:
        made = self.keys.create(self.actor, new)
        assert isinstance(made, IssuedKey)
        return made

    def rotated(self, key: ApiKey, overlap: timedelta = OVERLAP) -> IssuedKey:
        made = self.keys.rotate(self.actor, key.id, overlap)
        assert isinstance(made, IssuedKey)
        return made

    def opens(self, issued: IssuedKey) -> bool:
        assert issued.secret is not None
        try:
            self.access.authenticate(issued.secret)
        except InvalidApiKey:
            return False
        return True

    def audit(self) -> list[AuditEntry]:
        """Return the audit log since the partner has its key, oldest first."""
        found = self.store.audit_entries(AuditFilter(), Page(100))
        return [record.entry for record in found][::-1][2:]


@pytest.fixture
def office() -> Office:
    return new_office()


def new_office() -> Office:
    clock, ids, secrets = SettableClock(), CountingIds(), SystemSecrets()
    store = MemoryStore(clock)
    _, ledger = Partners(store.begin, store, clock, ids).approve("RoSaBank")
    access = Access(store.begin, store, clock, ids, secrets)
    first, _ = access.issue_key(ledger, "First", ALL_PERMISSIONS)
    keys = ApiKeys(store.begin, store, clock, ids, secrets)
    return Office(keys, access, store, clock, ledger, first.actor)


def rendered(issued: IssuedKey) -> Answer:
    return Answer(201, repr(issued.secret).encode())


def test_a_key_opens_its_ledger_with_what_it_was_given(office: Office) -> None:
    issued = office.created(evolve(NEW, expires_at=START + DAY))

    assert office.opens(issued)
    assert issued.key.actor.permissions == READS
    assert office.store.key(issued.key.id) == issued.key
    assert issued.key.expires_at == START + DAY
    assert issued.old is None


def test_a_key_opens_nothing_from_the_moment_it_expires(office: Office) -> None:
    issued = office.created(evolve(NEW, expires_at=START + DAY))

    office.clock.advance(DAY - timedelta(microseconds=1))
    assert office.opens(issued)
    office.clock.advance(timedelta(microseconds=1))
    assert not office.opens(issued)


@pytest.mark.parametrize("late", [timedelta(0), DAY])
def test_a_key_expires_in_the_future(office: Office, late: timedelta) -> None:
    with pytest.raises(InvalidExpiry):
        office.keys.create(office.actor, evolve(NEW, expires_at=START - late))


@pytest.mark.parametrize("name", ["", "a" * 201, "\0"])
def test_a_key_has_a_proper_name(name: str) -> None:
    with pytest.raises(InvalidText):
        NewKey(name, READS)


@given(st.frozensets(st.sampled_from(Permission)), st.frozensets(st.sampled_from(Permission)))
def test_a_key_grants_what_it_has_and_nothing_else(
    own: frozenset[Permission], granted: frozenset[Permission]
) -> None:
    office = new_office()
    actor = evolve(office.actor, permissions=own)
    new = NewKey("Backend", granted)

    if {*granted, Permission.KEYS_WRITE} <= own:
        made = office.keys.create(actor, new)
        assert isinstance(made, IssuedKey)
        assert made.key.permissions == granted
    else:
        with pytest.raises(MissingPermission) as refusal:
            office.keys.create(actor, new)
        assert refusal.value.subject not in own


@pytest.mark.parametrize("expires_at", [None, START + 2 * DAY])
def test_a_key_that_expires_makes_none_that_lasts_longer(
    office: Office, expires_at: datetime | None
) -> None:
    actor = evolve(office.actor, expires_at=START + DAY)

    with pytest.raises(GrantExceedsKey):
        office.keys.create(actor, evolve(NEW, expires_at=expires_at))
    office.keys.create(actor, evolve(NEW, expires_at=START + DAY))


@pytest.mark.parametrize(
    ("networks", "is_granted"),
    [
        ([], False),
        (["192.0.2.0/24"], True),
        (["192.0.2.128/25", "2001:db8:1::/48"], True),
        (["192.0.2.0/23"], False),
        (["192.0.2.0/24", "198.51.100.0/24"], False),
        (["0.0.0.0/0"], False),
        (["::/0"], False),
    ],
)
def test_a_key_that_is_bound_to_networks_makes_none_for_others(
    office: Office, networks: list[str], *, is_granted: bool
) -> None:
    own = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    actor = evolve(office.actor, allowed_networks=own)
    new = evolve(NEW, allowed_networks=tuple(map(ip_network, networks)))

    if is_granted:
        office.keys.create(actor, new)
    else:
        with pytest.raises(GrantExceedsKey):
            office.keys.create(actor, new)


def test_a_ledger_has_a_hundred_live_keys_at_most(office: Office) -> None:
    with office.store.begin() as uow:
        for number in range(2, LIVE_KEYS_MAX + 1):
            key = another(api_key(office.ledger))
            uow.add_key(evolve(key, id=KeyId(f"key_{number}"), digest=number.to_bytes(32)))

    with pytest.raises(TooManyKeys):
        office.created()
    with pytest.raises(TooManyKeys):
        office.keys.rotate(office.actor, office.actor.key_id, HOUR)

    # What ends at once makes room.
    office.keys.rotate(office.actor, office.actor.key_id, timedelta(0))


def test_a_rotated_key_passes_on_what_it_is_and_works_on_for_a_while(office: Office) -> None:
    new = evolve(NEW, expires_at=START + 9 * DAY, allowed_networks=(ip_network("192.0.2.0/24"),))
    old = office.created(new)

    rotated = office.rotated(old.key)

    key = rotated.key
    assert NewKey(key.name, key.permissions, key.expires_at, key.allowed_networks) == new
    assert rotated.old == office.store.key(old.key.id)
    assert rotated.old is not None
    assert (rotated.old.replaced_by, rotated.old.expires_at) == (key.id, START + DAY)
    assert office.opens(old)
    office.clock.advance(DAY)
    assert not office.opens(old)
    assert office.opens(rotated)


@given(
    st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=30)),
    st.timedeltas(timedelta(0), timedelta(days=7)),
)
def test_an_expiry_is_never_put_off(lifetime: timedelta | None, overlap: timedelta) -> None:
    old = evolve(
        api_key(new_office().ledger), expires_at=None if lifetime is None else START + lifetime
    )

    replaced = replace_key(old, KeyId("key_2"), START, overlap)

    assert replaced.expires_at is not None
    assert replaced.expires_at <= START + overlap
    assert lifetime is None or replaced.expires_at <= START + lifetime


def test_a_key_is_rotated_once_and_only_while_it_is_live(office: Office) -> None:
    twice, revoked, expired = (
        office.created(),
        office.created(),
        office.created(evolve(NEW, expires_at=START + HOUR)),
    )
    office.rotated(twice.key)
    office.keys.revoke(office.actor, revoked.key.id)
    office.clock.advance(HOUR)

    for issued in (twice, revoked, expired):
        with pytest.raises(KeyNotLive):
            office.keys.rotate(office.actor, issued.key.id, HOUR)


def test_rotating_a_mightier_key_is_refused(office: Office) -> None:
    keeper = evolve(office.actor, permissions=frozenset({Permission.KEYS_WRITE}))

    with pytest.raises(MissingPermission):
        office.keys.rotate(keeper, office.actor.key_id, HOUR)


def test_revoking_is_final_and_may_be_repeated(office: Office) -> None:
    issued = office.created()

    first = office.keys.revoke(office.actor, issued.key.id)
    office.clock.advance(HOUR)
    again = office.keys.revoke(office.actor, issued.key.id)

    assert not office.opens(issued)
    assert first == again
    assert first.revoked_at == START
    assert [entry.action for entry in office.audit()] == ["api_key.created", "api_key.revoked"]


def test_a_key_of_another_ledger_is_not_found(office: Office) -> None:
    _, other = Partners(office.store.begin, office.store, office.clock, UuidSource()).approve("B")
    foreign, _ = office.access.issue_key(other, "Theirs", READS)

    for use in (
        lambda: office.keys.get(office.actor, foreign.id),
        lambda: office.keys.revoke(office.actor, foreign.id),
        lambda: office.keys.rotate(office.actor, foreign.id, HOUR),
    ):
        with pytest.raises(KeyNotFound):
            use()
    assert foreign not in office.keys.list(office.actor, Page(100))


def test_reading_and_writing_keys_take_a_permission_each(office: Office) -> None:
    reader = evolve(office.actor, permissions=ALL_PERMISSIONS - {Permission.KEYS_WRITE})
    writer = evolve(office.actor, permissions=ALL_PERMISSIONS - {Permission.KEYS_READ})
    key_id = office.actor.key_id

    for use in (
        lambda: office.keys.create(reader, NEW),
        lambda: office.keys.rotate(reader, key_id, HOUR),
        lambda: office.keys.revoke(reader, key_id),
        lambda: office.keys.get(writer, key_id),
        lambda: office.keys.list(writer, Page(1)),
    ):
        with pytest.raises(MissingPermission):
            use()


def test_a_request_with_a_key_is_done_once_and_kept_without_the_secret(office: Office) -> None:
    once = Once(CLAIM, rendered)

    first = office.keys.create(office.actor, NEW, None, once)
    office.clock.advance(timedelta(days=29))
    again = office.keys.create(office.actor, NEW, None, once)

    assert isinstance(first, IssuedKey)
    assert again == Replayed(Answer(201, b"None"))
    assert len(office.keys.list(office.actor, Page(100))) == 2
    with pytest.raises(IdempotencyKeyReused):
        office.keys.create(
            office.actor, NEW, None, evolve(once, claim=evolve(CLAIM, fingerprint=b""))
        )


def test_each_change_is_audited_without_the_secret(office: Office) -> None:
    issued = office.keys.create(office.actor, NEW, "198.51.100.7")
    assert isinstance(issued, IssuedKey)
    rotated = office.rotated(issued.key)

    created, replaced = office.audit()
    assert (created.actor, created.action, created.subject, created.address) == (
        office.actor.key_id,
        "api_key.created",
        issued.key.id,
        "198.51.100.7",
    )
    assert created.partner_id == office.ledger.partner_id
    assert (replaced.action, replaced.subject) == ("api_key.rotated", issued.key.id)
    assert replaced.before is not None
    assert replaced.after is not None
    assert replaced.before["replacedBy"] is None
    assert replaced.after["replacedBy"] == rotated.key.id
    for secret in (issued.secret, rotated.secret):
        assert secret is not None
        assert secret not in repr(office.audit())
        assert issued.key.digest.hex() not in repr(office.audit())


def test_administrators_keep_the_keys_of_partners(office: Office) -> None:
    partner_id = office.ledger.partner_id

    issued = office.keys.create_for(ADMIN, partner_id, Environment.SANDBOX, NEW)
    assert isinstance(issued, IssuedKey)
    rotated = office.keys.rotate_as_staff(ADMIN, issued.key.id, timedelta(0))
    assert isinstance(rotated, IssuedKey)
    office.keys.revoke_as_staff(ADMIN, rotated.key.id)

    assert [entry.actor for entry in office.audit()] == [ADMIN.operator_id] * 3
    assert not office.opens(issued)
    assert not office.opens(rotated)
    listed = office.keys.list_of(ADMIN, partner_id, Page(100))
    assert [key.id for key in listed][:2] == [rotated.key.id, issued.key.id]
    with pytest.raises(EnvironmentNotOpen):
        office.keys.create_for(ADMIN, partner_id, Environment.LIVE, NEW)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SUPPORT])
def test_other_staff_only_look_at_them(office: Office, role: Role) -> None:
    staff, key_id = evolve(ADMIN, role=role), office.actor.key_id
    partner_id = office.ledger.partner_id

    for use in (
        lambda: office.keys.create_for(staff, partner_id, Environment.SANDBOX, NEW),
        lambda: office.keys.rotate_as_staff(staff, key_id, HOUR),
        lambda: office.keys.revoke_as_staff(staff, key_id),
    ):
        with pytest.raises(MissingRole):
            use()
    assert len(office.keys.list_of(staff, partner_id, Page(100))) == 1
