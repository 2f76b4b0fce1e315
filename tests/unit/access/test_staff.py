"""Logging in: what it takes, what it costs, and how often it may fail."""

from datetime import timedelta

import pytest
from attrs import Factory, evolve, frozen

from payflow_adapters.bounded_audit_log import BoundedAuditLog
from payflow_adapters.memory import MemoryStore
from payflow_adapters.secret_source import SystemSecrets
from payflow_domain.access.attempts import (
    FAILURES_LONG_MAX,
    LONG_PERIOD,
    PERIOD,
    TooManyLogins,
    ceilings_of,
)
from payflow_domain.access.audit import AuditFilter
from payflow_domain.access.operator_service import Operators
from payflow_domain.access.operators import Role, StaffActor
from payflow_domain.access.passwords import PasswordHasher
from payflow_domain.access.refusals import Refusals
from payflow_domain.access.sessions import InvalidCredentials, NotLoggedIn
from payflow_domain.access.staff import Staff
from payflow_domain.ids import OperatorId
from payflow_domain.ledger.ports import Page
from tests.builders.times import TICK, CountingIds, SettableClock
from tests.unit.http.world import HASHER, PASSWORD

ADDRESS = "192.0.2.1"
BY = "opr_00000000000000000000000009"


@frozen
class CountingHasher:
    """Argon2, and a list of what it was asked to verify: whether there was a hash."""

    verified: list[bool] = Factory(list)

    def hash(self, password: str) -> str:
        return HASHER.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        self.verified.append(password_hash is not None)
        return HASHER.verify(password_hash, password)


@frozen
class Office:
    """Staff over a store in memory, with one operator, anna."""

    clock: SettableClock
    store: MemoryStore
    hasher: CountingHasher
    audit_log: BoundedAuditLog
    staff: Staff
    operators: Operators

    def fails(
        self, username: str = "anna", address: str | None = ADDRESS, device: str | None = None
    ) -> type[Exception]:
        """Try to log in with a wrong password; return why that failed."""
        with pytest.raises((InvalidCredentials, TooManyLogins)) as refused:
            self.staff.log_in(username, "wrong", address, device)
        return refused.type

    def guess_from_everywhere(self, username: str = "anna") -> list[type[Exception]]:
        """Try one password more than strangers may in a day, each from a network of its own."""
        networks = (f"2001:db8:0:{n:x}::1" for n in range(FAILURES_LONG_MAX + 1))
        return [self.fails(username, network) for network in networks]

    def log_in(self, username: str = "anna", address: str | None = ADDRESS) -> str:
        return self.staff.log_in(username, PASSWORD, address).session_id

    def actions(self) -> list[str]:
        """Return what was written down since anna was taken in, oldest first."""
        self.audit_log.flush()
        found = self.store.audit_entries(AuditFilter(), Page(100))
        return [record.entry.action for record in found][::-1][1:]


@pytest.fixture
def office() -> Office:
    clock, hasher = SettableClock(), CountingHasher()
    store = MemoryStore(clock)
    audit_log = BoundedAuditLog(store.begin)
    port: PasswordHasher = hasher
    staff = Staff(store.begin, store, port, Refusals(audit_log, clock), SystemSecrets(), clock)
    operators = Operators(store.begin, store, port, clock, CountingIds())
    operators.create(BY, "anna", Role.REVIEWER, PASSWORD)
    return Office(clock, store, hasher, audit_log, staff, operators)


def test_who_logs_in_is_known_by_the_session(office: Office) -> None:
    logged_in = office.staff.log_in("anna", PASSWORD, ADDRESS)

    actor = office.staff.identify(logged_in.session_id, "192.0.2.2")

    assert logged_in.actor == evolve(actor, address=ADDRESS)
    assert (actor.username, actor.role, actor.address) == ("anna", Role.REVIEWER, "192.0.2.2")
    assert office.actions() == ["session.opened"]


def test_the_session_id_is_shown_nowhere_else(office: Office) -> None:
    logged_in = office.staff.log_in("anna", PASSWORD, ADDRESS)

    assert logged_in.session_id not in repr(logged_in)
    assert logged_in.session_id not in repr(office.store._tables)
    assert PASSWORD not in repr(office.store._tables)


def test_a_username_that_nobody_has_costs_a_hash_too(office: Office) -> None:
    office.operators.create(BY, "ben", Role.ADMIN, PASSWORD)
    office.operators.disable(BY, "ben")

    for username in ("anna", "nobody", "ben"):
        assert office.fails(username) is InvalidCredentials

    assert office.hasher.verified == [True, False, False]


def test_an_operator_who_is_disabled_is_let_in_no_more(office: Office) -> None:
    session_id = office.log_in()

    office.operators.disable(BY, "anna")

    with pytest.raises(NotLoggedIn):
        office.staff.identify(session_id, None)
    with pytest.raises(InvalidCredentials):
        office.log_in()


def test_another_password_ends_the_sessions_there_are(office: Office) -> None:
    session_id = office.log_in()

    office.operators.reset_password(BY, "anna", "another password")

    with pytest.raises(NotLoggedIn):
        office.staff.identify(session_id, None)
    with pytest.raises(InvalidCredentials):
        office.log_in()
    assert office.staff.log_in("anna", "another password", None).session_id


@pytest.mark.parametrize("change", ["disable", "reset"])
def test_a_login_that_is_overtaken_by_a_change_opens_nothing(office: Office, change: str) -> None:
    before = office.store.operator_named("anna")
    assert before is not None
    if change == "disable":
        office.operators.disable(BY, "anna")
    else:
        office.operators.reset_password(BY, "anna", PASSWORD)

    with pytest.raises(InvalidCredentials):
        office.staff._open_session(before, ADDRESS, ceilings_of("anna", ADDRESS, None))


def test_after_five_failures_a_network_has_to_wait_with_that_username(office: Office) -> None:
    assert [office.fails() for _ in range(6)] == [InvalidCredentials] * 5 + [TooManyLogins]
    with pytest.raises(TooManyLogins) as refused:
        office.log_in()

    assert refused.value.retry_after_s == PERIOD.total_seconds()
    assert len(office.hasher.verified) == 5
    assert office.actions() == ["login.refused"] * 7


def test_who_fails_elsewhere_keeps_nobody_out(office: Office) -> None:
    for n in range(2, 10):
        for _ in range(6):
            office.fails(address=f"192.0.2.{n}")

    assert office.log_in()


@pytest.mark.parametrize("username", ["anna", "nobody"])
def test_strangers_from_everywhere_get_a_hundred_guesses_a_day(
    office: Office, username: str
) -> None:
    became = office.guess_from_everywhere(username)

    assert became == [InvalidCredentials] * FAILURES_LONG_MAX + [TooManyLogins]
    with pytest.raises(TooManyLogins) as refused:
        office.staff.log_in(username, PASSWORD, "198.51.100.1")
    assert refused.value.retry_after_s == LONG_PERIOD.total_seconds()
    office.clock.advance(LONG_PERIOD)
    assert office.fails(username) is InvalidCredentials


def test_a_known_device_is_let_in_whatever_strangers_try(office: Office) -> None:
    known = office.staff.log_in("anna", PASSWORD, ADDRESS).device
    office.guess_from_everywhere()
    for n in range(21):
        office.fails(f"user{n}")

    again = office.staff.log_in("anna", PASSWORD, ADDRESS, known)

    assert again.device == known


def test_logins_from_a_known_device_give_strangers_no_more_guesses(office: Office) -> None:
    known = office.staff.log_in("anna", PASSWORD, ADDRESS).device
    office.guess_from_everywhere()

    office.staff.log_in("anna", PASSWORD, ADDRESS, known)

    assert office.fails(address="198.51.100.1") is TooManyLogins


def test_another_password_lets_the_operator_in_from_a_new_device(office: Office) -> None:
    office.guess_from_everywhere()

    office.operators.reset_password(BY, "anna", "another password")

    assert office.staff.log_in("anna", "another password", ADDRESS).session_id


def test_a_known_device_has_to_wait_after_failures_of_its_own(office: Office) -> None:
    known = office.staff.log_in("anna", PASSWORD, ADDRESS).device

    became = [office.fails(device=known) for _ in range(6)]

    assert became == [InvalidCredentials] * 5 + [TooManyLogins]
    assert office.fails(address="192.0.2.2", device=known) is TooManyLogins
    assert office.log_in()


def test_a_known_device_that_is_stolen_gets_a_hundred_guesses_a_day(office: Office) -> None:
    known, guesses = office.staff.log_in("anna", PASSWORD, ADDRESS).device, 0
    for _ in range(LONG_PERIOD // PERIOD):
        guesses += [office.fails(device=known) for _ in range(6)].count(InvalidCredentials)
        office.clock.advance(PERIOD)

    assert guesses == FAILURES_LONG_MAX


def test_after_twenty_failures_a_network_has_to_wait(office: Office) -> None:
    became = [office.fails(f"user{n}") for n in range(21)]

    assert became == [InvalidCredentials] * 20 + [TooManyLogins]
    with pytest.raises(TooManyLogins):
        office.log_in()
    assert office.log_in(address="192.0.2.2")


def test_waiting_is_over_after_a_quarter_of_an_hour_whatever_was_tried(office: Office) -> None:
    for _ in range(5):
        office.fails()
    office.clock.advance(PERIOD - timedelta(milliseconds=300))

    with pytest.raises(TooManyLogins) as refused:
        office.log_in()

    assert refused.value.retry_after_s == 1
    office.clock.advance(timedelta(milliseconds=300))
    assert office.log_in()


def test_a_success_takes_the_failures_of_the_network_with_that_username_back(
    office: Office,
) -> None:
    for _ in range(3):
        for _ in range(4):
            office.fails()
        office.log_in()


def test_a_success_takes_no_failure_with_other_usernames_back(office: Office) -> None:
    for n in range(19):
        office.fails(f"user{n}")
    for _ in range(3):
        office.log_in()

    assert office.fails() is InvalidCredentials
    assert office.fails() is TooManyLogins


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:0:0:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        (None, "not an address", True),
    ],
)
def test_addresses_that_one_host_can_choose_from_count_as_one(
    one: str | None,
    other: str | None,
    are_one: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (ceilings_of("anna", one, None) == ceilings_of("anna", other, None)) is are_one


def test_use_of_a_session_is_written_down_once_a_minute_at_most(office: Office) -> None:
    session_id = office.log_in()
    opened_at = office.clock.now()

    office.clock.advance(timedelta(minutes=1) - TICK)
    office.staff.identify(session_id, None)
    (before,) = office.store._tables.sessions.values()
    office.clock.advance(TICK)
    office.staff.identify(session_id, None)
    (after,) = office.store._tables.sessions.values()

    assert before is not None
    assert after is not None
    assert (before.seen_at, after.seen_at) == (opened_at, opened_at + timedelta(minutes=1))


def test_sessions_that_have_ended_are_removed_when_somebody_logs_in(office: Office) -> None:
    office.log_in()
    office.clock.advance(timedelta(minutes=30))

    office.log_in()

    assert len([each for each in office.store._tables.sessions.values() if each]) == 1


def test_every_role_may_read_what_was_done(office: Office) -> None:
    for role in Role:
        actor = StaffActor(OperatorId(BY), "ben", role)
        assert office.staff.audit(actor, AuditFilter(), Page(1))
