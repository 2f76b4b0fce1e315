"""Who our staff are, and who says so."""

from datetime import timedelta

import pytest

from payflow_adapters.memory import MemoryStore
from payflow_domain.access.audit import AuditEntry, AuditFilter
from payflow_domain.access.operator_service import Operators
from payflow_domain.access.operators import (
    InvalidUsername,
    MissingRole,
    OperatorDisabled,
    OperatorNotFound,
    Role,
    StaffActor,
    StaffPermission,
    UsernameTaken,
)
from payflow_domain.access.passwords import InvalidPassword
from payflow_domain.ids import OPERATOR, OperatorId, is_id
from payflow_domain.ledger.ports import Page
from tests.builders.times import CountingIds, SettableClock
from tests.unit.http.world import HASHER, PASSWORD

BY = "command_line"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def store(clock: SettableClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def operators(store: MemoryStore, clock: SettableClock) -> Operators:
    return Operators(store.begin, store, HASHER, clock, CountingIds())


def audited(store: MemoryStore) -> list[AuditEntry]:
    return [record.entry for record in store.audit_entries(AuditFilter(), Page(100))]


def test_an_operator_is_kept_with_a_hash_and_no_password(
    operators: Operators, store: MemoryStore, clock: SettableClock
) -> None:
    made = operators.create(BY, "anna.b-c_1", Role.SUPPORT, PASSWORD)

    assert operators.list() == [made]
    assert is_id(made.id, OPERATOR)
    assert (made.role, made.created_at, made.is_enabled) == (Role.SUPPORT, clock.now(), True)
    assert made.password_hash.startswith("$argon2id$")
    assert made.password_hash not in repr(made)
    (entry,) = audited(store)
    assert (entry.actor, entry.action, entry.subject) == (BY, "operator.created", made.id)
    assert entry.facts == {"username": "anna.b-c_1"}
    assert entry.after == {"role": "support", "disabledAt": None}
    assert PASSWORD not in repr(entry)
    assert made.password_hash not in repr(entry)


@pytest.mark.parametrize("username", ["", "ab", "a" * 65, "Anna", "ann a", "änna", "anna\n"])
def test_a_username_is_of_a_few_characters_only(operators: Operators, username: str) -> None:
    with pytest.raises(InvalidUsername):
        operators.create(BY, username, Role.ADMIN, PASSWORD)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 129])
def test_a_password_has_twelve_to_128_characters(operators: Operators, password: str) -> None:
    with pytest.raises(InvalidPassword):
        operators.create(BY, "anna", Role.ADMIN, password)
    with pytest.raises(InvalidPassword):
        operators.reset_password(BY, "anna", password)


@pytest.mark.parametrize("password", ["x" * 12, "ü" * 128])
def test_any_characters_are_good_for_a_password(operators: Operators, password: str) -> None:
    made = operators.create(BY, "anna", Role.ADMIN, password)

    assert HASHER.verify(made.password_hash, password)
    assert not HASHER.verify(made.password_hash, password + " ")
    assert not HASHER.verify(None, password)


def test_a_username_is_not_given_again_even_when_its_operator_is_gone(
    operators: Operators, store: MemoryStore
) -> None:
    operators.create(BY, "anna", Role.ADMIN, PASSWORD)
    operators.disable(BY, "anna")

    with pytest.raises(UsernameTaken):
        operators.create(BY, "anna", Role.ADMIN, PASSWORD)

    assert [entry.action for entry in audited(store)] == ["operator.disabled", "operator.created"]


def test_disabling_is_written_down_and_for_good(
    operators: Operators, store: MemoryStore, clock: SettableClock
) -> None:
    operators.create(BY, "anna", Role.ADMIN, PASSWORD)
    clock.advance(timedelta(seconds=1))

    disabled = operators.disable(BY, "anna")

    assert operators.list() == [disabled]
    assert disabled.disabled_at == clock.now()
    entry = audited(store)[0]
    assert entry.before == {"role": "admin", "disabledAt": None}
    assert entry.after == {"role": "admin", "disabledAt": clock.now().isoformat()}
    with pytest.raises(OperatorDisabled):
        operators.disable(BY, "anna")
    with pytest.raises(OperatorDisabled):
        operators.reset_password(BY, "anna", PASSWORD)


def test_another_password_is_written_down_but_for_the_password(
    operators: Operators, store: MemoryStore
) -> None:
    made = operators.create(BY, "anna", Role.ADMIN, PASSWORD)

    changed = operators.reset_password(BY, "anna", "another password")

    assert operators.list() == [changed]
    assert HASHER.verify(changed.password_hash, "another password")
    entry = audited(store)[0]
    assert (entry.action, entry.subject) == ("operator.password_reset", made.id)
    assert "another password" not in repr(entry)


def test_nobody_is_changed_who_is_not_there(operators: Operators, store: MemoryStore) -> None:
    with pytest.raises(OperatorNotFound):
        operators.disable(BY, "anna")
    with pytest.raises(OperatorNotFound):
        operators.reset_password(BY, "anna", PASSWORD)

    assert audited(store) == []


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.ADMIN, {"staff:read", "staff:review", "staff:administer"}),
        (Role.REVIEWER, {"staff:read", "staff:review"}),
        (Role.SUPPORT, {"staff:read"}),
    ],
)
def test_each_role_may_do_what_it_is_for_and_no_more(role: Role, permissions: set[str]) -> None:
    actor = StaffActor(OperatorId("opr_1"), "anna", role)

    for permission in StaffPermission:
        if permission.value in permissions:
            actor.require(permission)
        else:
            with pytest.raises(MissingRole) as refused:
                actor.require(permission)
            assert refused.value.facts == {"permission": permission.value}
