"""The suite for stores that forget spent keys: derive from ``KeyPurgingContract``."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from payflow_domain.ledger.idempotency import (
    RETENTION,
    Answer,
    Claim,
    IdempotencyKey,
    SpentKey,
)
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Changes, Wanted
from payflow_domain.ledger.purging import KeyPurger
from payflow_domain.ledger.service import Ledgers
from tests.builders.ledger import FundedLedger, open_funded_ledger
from tests.builders.times import TICK, SettableClock
from tests.contracts.stores import KeyPurgingStore, LedgerSuite

ANSWER = Answer(201, b"{}")


class KeyPurgingContract(LedgerSuite):
    """What ``KeyPurgingUnitOfWork`` promises."""

    @pytest.fixture
    def store(self, clock: SettableClock) -> KeyPurgingStore:
        raise NotImplementedError(clock)

    def test_keys_are_kept_for_the_whole_retention(
        self, store: KeyPurgingStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        spend(store, clock, ledger, "one")
        purger = KeyPurger(store.begin, clock)
        clock.advance(RETENTION)

        assert purger.purge() == 0
        assert keys_of(store, ledger, ["one"]) == ["one"]

        clock.advance(TICK)

        assert purger.purge() == 1
        assert purger.purge() == 0

    def test_keys_are_removed_and_not_only_forgotten(
        self, store: KeyPurgingStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        spend(store, clock, ledger, "one", "two")

        assert purge(store, clock) == 2

        assert keys_of(store, ledger, ["one", "two"]) == []

    def test_a_key_without_an_answer_stays_however_old_it_is(
        self, store: KeyPurgingStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        spend(store, clock, ledger, "claimed", answer=None)
        spend(store, clock, ledger, "answered")

        assert purge(store, clock) == 1

        assert keys_of(store, ledger, ["claimed", "answered"]) == ["claimed"]

    def test_a_key_that_got_its_answer_late_is_kept_from_then_on(
        self, store: KeyPurgingStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        spend(store, clock, ledger, "late", answer=None)
        clock.advance(RETENTION)
        spend(store, clock, ledger, "late")

        with store.begin() as uow:
            assert uow.purge_keys(clock.now(), 10) == 0

        assert purge(store, clock) == 1

    def test_no_more_are_removed_than_the_limit_and_the_oldest_first(
        self, store: KeyPurgingStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        other = open_funded_ledger(ledgers, environment=Environment.LIVE)
        for key, whose in (("c", ledger), ("a", other), ("d", other), ("b", ledger)):
            clock.advance(TICK)
            spend(store, clock, whose, key)

        assert purge(store, clock, limit=3) == 3

        assert keys_of(store, other, "ad") == []
        assert keys_of(store, ledger, "bc") == ["b"]
        assert purge(store, clock, limit=3) == 1

    def test_a_key_that_was_removed_can_be_spent_again(
        self, store: KeyPurgingStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        spend(store, clock, ledger, "one")
        purge(store, clock)

        spend(store, clock, ledger, "one", answer=Answer(2, b"two"))

        assert keys_of(store, ledger, ["one"]) == ["one"]

    def test_what_is_rolled_back_removes_nothing(
        self, store: KeyPurgingStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        spend(store, clock, ledger, "one")

        def crash() -> None:
            with store.begin() as uow:
                uow.purge_keys(clock.now() + TICK, 10)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            crash()

        assert keys_of(store, ledger, ["one"]) == ["one"]


def spend(
    store: KeyPurgingStore,
    clock: SettableClock,
    ledger: FundedLedger,
    *keys: str,
    answer: Answer | None = ANSWER,
) -> None:
    """Spend keys now."""
    claims = [Claim(IdempotencyKey(key), bytes(32)) for key in keys]
    with store.begin() as uow:
        wanted = Wanted(keys={claim.key for claim in claims})
        head = uow.load({ledger.id: wanted})[ledger.id].ledger
        spent = [SpentKey(claim, answer) for claim in claims]
        uow.write([Changes(evolve(head, last_at=clock.now()), spent=spent)])


def purge(store: KeyPurgingStore, clock: SettableClock, limit: int = 10) -> int:
    """Remove what is spent by now."""
    with store.begin() as uow:
        return uow.purge_keys(clock.now() + TICK, limit)


def keys_of(store: KeyPurgingStore, ledger: FundedLedger, keys: Sequence[str]) -> list[str]:
    """Return those of the keys that are there."""
    with store.begin() as uow:
        wanted = Wanted(keys={IdempotencyKey(key) for key in keys})
        return sorted(uow.load({ledger.id: wanted})[ledger.id].spent)
