"""The suite for stores of operators and their sessions: derive from ``StaffStoreContract``."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.access.attempts import PERIOD, Attempts, Ceiling
from payflow_domain.access.operators import Operator, Role, UsernameTaken
from payflow_domain.access.sessions import AGE_MAX, IDLE_MAX, Session
from payflow_domain.ids import OperatorId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.idempotency import (
    RETENTION,
    Answer,
    Claim,
    IdempotencyKey,
    SpentKey,
)
from tests.builders.times import START, TICK, SettableClock
from tests.contracts.stores import StaffStore

ANNA = Operator(
    OperatorId("opr_00000000000000000000000001"), "anna", Role.ADMIN, "$argon2id$...", START
)
BEN = evolve(ANNA, id=OperatorId("opr_00000000000000000000000002"), username="ben")
SESSION = Session(bytes(range(32)), ANNA.id, START, START)
OTHER = evolve(SESSION, digest=bytes(32))
WHO = "username anna"
KEY = SpentKey(Claim(IdempotencyKey("once"), bytes(32)), Answer(200, '{"name": "é"}'.encode()))


def add(store: StaffStore, *operators: Operator) -> None:
    with store.begin() as uow:
        for operator in operators:
            uow.add_operator(operator)


def add_sessions(store: StaffStore, *sessions: Session) -> None:
    with store.begin() as uow:
        for session in sessions:
            uow.add_session(session)


def replace(store: StaffStore, operator: Operator, counting: str = "replacements") -> None:
    with store.begin() as uow:
        uow.count_attempts([Ceiling(counting, 5, PERIOD)], START)
        uow.replace_operator(operator)


def count(store: StaffStore, subject: str = WHO, after: timedelta = timedelta()) -> Attempts:
    with store.begin() as uow:
        (attempts,) = uow.count_attempts([Ceiling(subject, 5, PERIOD)], START + after)
    return attempts


def spend(store: StaffStore, key: SpentKey, after: timedelta = timedelta()) -> None:
    with store.begin() as uow:
        uow.spent_by_operator(ANNA.id, key.claim.key, START + after)
        uow.spend_by_operator(ANNA.id, key, START + after)


def spend_in_vain(store: StaffStore) -> None:
    with store.begin() as uow:
        uow.spent_by_operator(ANNA.id, KEY.claim.key, START)
        uow.spend_by_operator(ANNA.id, KEY, START)
        uow.replace_operator(ANNA)


def spent(
    store: StaffStore, key: str = "once", of: Operator = ANNA, after: timedelta = timedelta()
) -> SpentKey | None:
    with store.begin() as uow:
        return uow.spent_by_operator(of.id, IdempotencyKey(key), START + after)


class StaffStoreContract:
    """What ``StaffUnitOfWork`` and ``StaffReader`` promise."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> StaffStore:
        raise NotImplementedError(clock)

    @pytest.mark.parametrize("role", Role)
    def test_an_operator_is_found_by_its_username_as_it_was_added(
        self, store: StaffStore, role: Role
    ) -> None:
        added = evolve(ANNA, role=role)
        add(store, BEN, added)

        assert store.operator_named("anna") == added
        assert store.operator_named("Anna") is None
        assert store.operators() == [added, BEN]

    def test_a_username_is_never_given_twice(self, store: StaffStore) -> None:
        add(store, evolve(ANNA, disabled_at=START))

        with pytest.raises(UsernameTaken):
            add(store, evolve(BEN, username="anna"))

        assert store.operators() == [evolve(ANNA, disabled_at=START)]

    def test_an_id_is_never_given_twice(self, store: StaffStore) -> None:
        add(store, ANNA)

        with pytest.raises(CommitFailed):
            add(store, evolve(BEN, id=ANNA.id))

    def test_what_was_changed_of_an_operator_is_kept(self, store: StaffStore) -> None:
        add(store, ANNA, BEN)
        changed = evolve(ANNA, password_hash="another", disabled_at=START + TICK)

        with store.begin() as uow:
            before = uow.operator(ANNA.id)
            uow.replace_operator(changed)

        assert before == ANNA
        assert store.operators() == [changed, BEN]

    def test_an_operator_who_is_not_there_is_not_changed(self, store: StaffStore) -> None:
        with pytest.raises(CommitFailed):
            replace(store, ANNA)

    def test_a_session_is_found_with_whose_it_is(self, store: StaffStore) -> None:
        add(store, ANNA, BEN)
        add_sessions(store, SESSION, evolve(OTHER, operator_id=BEN.id))

        assert store.session(SESSION.digest) == (SESSION, ANNA)
        assert store.session(OTHER.digest) == (evolve(OTHER, operator_id=BEN.id), BEN)
        assert store.session(bytes(31)) is None

    def test_a_session_is_of_an_operator_and_has_a_digest_of_its_own(
        self, store: StaffStore
    ) -> None:
        with pytest.raises(CommitFailed):
            add_sessions(store, SESSION)
        add(store, ANNA)
        add_sessions(store, SESSION)
        with pytest.raises(CommitFailed):
            add_sessions(store, SESSION)

    def test_use_of_a_session_is_written_down(self, store: StaffStore) -> None:
        add(store, ANNA)
        add_sessions(store, SESSION, OTHER)

        with store.begin() as uow:
            uow.renew_session(SESSION.digest, START + TICK)
            uow.renew_session(bytes(31), START + TICK)

        assert store.session(SESSION.digest) == (evolve(SESSION, seen_at=START + TICK), ANNA)
        assert store.session(OTHER.digest) == (OTHER, ANNA)
        assert store.session(bytes(31)) is None

    def test_one_session_is_ended_and_no_other(self, store: StaffStore) -> None:
        add(store, ANNA)
        add_sessions(store, SESSION, OTHER)

        for _ in range(2):
            with store.begin() as uow:
                uow.end_session(SESSION.digest)

        assert store.session(SESSION.digest) is None
        assert store.session(OTHER.digest) == (OTHER, ANNA)

    def test_every_session_of_an_operator_is_ended(self, store: StaffStore) -> None:
        add(store, ANNA, BEN)
        bens = evolve(SESSION, digest=bytes(31), operator_id=BEN.id)
        add_sessions(store, SESSION, OTHER, bens)

        with store.begin() as uow:
            uow.end_sessions_of(ANNA.id)

        assert store.session(SESSION.digest) is None
        assert store.session(OTHER.digest) is None
        assert store.session(bens.digest) == (bens, BEN)

    def test_sessions_that_have_ended_are_forgotten(self, store: StaffStore) -> None:
        now = START + AGE_MAX
        add(store, ANNA)
        idle = evolve(SESSION, digest=b"idle", created_at=START + TICK, seen_at=now - IDLE_MAX)
        old = evolve(SESSION, digest=b"old", created_at=START, seen_at=now)
        good = Session(b"good", ANNA.id, START + TICK, now - IDLE_MAX + TICK)
        add_sessions(store, idle, old, good)

        with store.begin() as uow:
            uow.forget_ended_sessions(now)

        assert [store.session(one.digest) for one in (idle, old)] == [None, None]
        assert store.session(b"good") == (good, ANNA)

    def test_tries_are_counted_by_subject(self, store: StaffStore) -> None:
        network, ends_at = Ceiling("network 192.0.2.1", 20, 2 * PERIOD), START + PERIOD
        assert count(store) == Attempts(WHO, ends_at, 1)
        assert count(store, after=TICK) == Attempts(WHO, ends_at, 2)

        with store.begin() as uow:
            counted = uow.count_attempts([network, Ceiling(WHO, 5, PERIOD)], START + TICK)

        assert list(counted) == [
            Attempts("network 192.0.2.1", START + TICK + 2 * PERIOD, 1),
            Attempts(WHO, ends_at, 3),
        ]

    def test_tries_are_forgotten_after_their_period(self, store: StaffStore) -> None:
        count(store)
        count(store, after=PERIOD - TICK)

        assert count(store, after=PERIOD) == Attempts(WHO, START + 2 * PERIOD, 1)
        assert count(store, after=PERIOD).count == 2

    def test_tries_of_others_are_not_forgotten_by_the_way_before_their_time(
        self, store: StaffStore
    ) -> None:
        count(store, "old")
        count(store, "new", after=TICK)

        count(store, after=PERIOD)

        assert count(store, "new", after=PERIOD).count == 2

    def test_tries_are_taken_back(self, store: StaffStore) -> None:
        for _ in range(3):
            count(store)

        with store.begin() as uow:
            uow.uncount_attempt(WHO)
            uow.uncount_attempt("nobody")
        assert count(store).count == 3

        with store.begin() as uow:
            uow.forget_attempts(WHO)
            uow.forget_attempts("nobody")
        assert count(store).count == 1

    def test_a_try_that_is_not_committed_is_not_counted(self, store: StaffStore) -> None:
        count(store)

        with pytest.raises(CommitFailed):
            replace(store, ANNA, counting=WHO)

        assert count(store).count == 2

    def test_a_key_that_an_operator_has_spent_is_found_and_is_no_other_operators(
        self, store: StaffStore
    ) -> None:
        spend(store, KEY)

        assert spent(store) == KEY
        assert spent(store, of=BEN) is None
        assert spent(store, "another") is None

    def test_a_key_is_spent_once(self, store: StaffStore) -> None:
        spend(store, KEY)

        with pytest.raises(CommitFailed):
            spend(store, evolve(KEY, answer=Answer(201, b"{}")))

        assert spent(store) == KEY

    def test_a_key_is_remembered_for_its_time_and_free_afterwards(self, store: StaffStore) -> None:
        again = evolve(KEY, answer=Answer(201, b"{}"))
        spend(store, KEY)

        assert spent(store, after=RETENTION) == KEY
        assert spent(store, after=RETENTION + TICK) is None
        spend(store, again, after=RETENTION + TICK)
        assert spent(store, after=RETENTION + TICK) == again

    def test_a_key_is_not_spent_by_what_is_not_committed(self, store: StaffStore) -> None:
        with pytest.raises(CommitFailed):
            spend_in_vain(store)

        assert spent(store) is None
