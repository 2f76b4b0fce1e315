"""What the ledger's unit of work promises of idempotency keys."""

import pytest
from attrs import evolve

from payflow_domain.ids import PartnerId
from payflow_domain.ledger.batch import Replayed, Request
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.idempotency import (
    RETENTION,
    Answer,
    Claim,
    IdempotencyKey,
    SpentKey,
)
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Changes, Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Post
from tests.builders.ledger import FundedLedger, open_funded_ledger
from tests.builders.times import TICK, SettableClock
from tests.contracts.stores import LedgerStore, LedgerSuite

KEY = IdempotencyKey("order 66 ~\"'\\")
CLAIM = Claim(KEY, bytes(range(32)))
ANSWER = Answer(201, '{"name":"März \\u0000 🏠"}'.encode())
SPENT = SpentKey(CLAIM, ANSWER)


def spent_in(store: LedgerStore, ledger: FundedLedger) -> SpentKey | None:
    with store.begin() as uow:
        return uow.load({ledger.id: Wanted(keys={KEY})})[ledger.id].spent.get(KEY)


def spend(store: LedgerStore, ledger: FundedLedger, spent: SpentKey, *, look: bool = True) -> None:
    """Spend a key at the time of the ledger's last commit, having looked it up or not."""
    with store.begin() as uow:
        wanted = Wanted(keys={KEY} if look else set())
        head = uow.load({ledger.id: wanted})[ledger.id].ledger
        uow.write([Changes(head, spent=[spent])])


def release(store: LedgerStore, *ledgers: FundedLedger) -> None:
    """Release a key in ledgers where nothing else is written."""
    with store.begin() as uow:
        loaded = uow.load({ledger.id: Wanted() for ledger in ledgers})
        uow.write([Changes(books.ledger, released=[KEY]) for books in loaded.values()])


class LedgerKeys(LedgerSuite):
    @pytest.fixture
    def claiming(self, ledger: FundedLedger) -> Request:
        unit = (Post(ledger.transfer(10)),)
        return Request(ledger.id, (unit,), CLAIM, lambda _: ANSWER)

    def test_a_key_that_was_never_used_is_free(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        assert spent_in(store, ledger) is None

    @pytest.mark.parametrize("answer", [ANSWER, Answer(1, b""), None])
    def test_a_spent_key_is_loaded_with_its_answer(
        self, store: LedgerStore, ledger: FundedLedger, answer: Answer | None
    ) -> None:
        spend(store, ledger, SpentKey(CLAIM, answer))

        assert spent_in(store, ledger) == SpentKey(CLAIM, answer)

    def test_keys_that_were_not_asked_for_are_not_loaded(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        spend(store, ledger, SPENT)

        with store.begin() as uow:
            other = Wanted(keys={IdempotencyKey("other")})
            assert uow.load({ledger.id: other})[ledger.id].spent == {}

    def test_keys_are_each_ledgers_own(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, environment=Environment.LIVE)
        theirs = SpentKey(Claim(KEY, bytes(32)), None)

        spend(store, ledger, SPENT)
        assert spent_in(store, other) is None
        spend(store, other, theirs)

        assert (spent_in(store, ledger), spent_in(store, other)) == (SPENT, theirs)

    def test_a_key_is_spent_together_with_its_effect(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, claiming: Request
    ) -> None:
        ledgers.execute([claiming])

        assert spent_in(store, ledger) == SPENT
        assert ledgers.execute([claiming]) == [Replayed(ANSWER)]
        assert ledgers.balance(ledger.id, ledger.wallets[0]).balance.posted == 990

    def test_a_key_is_kept_for_the_whole_retention(
        self,
        store: LedgerStore,
        ledgers: Ledgers,
        ledger: FundedLedger,
        claiming: Request,
        clock: SettableClock,
    ) -> None:
        clock.advance(RETENTION)
        ledgers.execute([claiming])

        clock.advance(RETENTION)

        assert spent_in(store, ledger) == SPENT

    def test_after_the_retention_a_key_is_free_and_can_be_spent_again(
        self,
        store: LedgerStore,
        ledgers: Ledgers,
        ledger: FundedLedger,
        claiming: Request,
        clock: SettableClock,
    ) -> None:
        clock.advance(RETENTION)
        ledgers.execute([claiming])
        clock.advance(RETENTION + TICK)
        assert spent_in(store, ledger) is None

        again = evolve(claiming, claim=Claim(KEY, bytes(32)), render=lambda _: Answer(2, b"two"))
        ledgers.execute([again])

        assert spent_in(store, ledger) == SpentKey(Claim(KEY, bytes(32)), Answer(2, b"two"))
        clock.advance(RETENTION)
        assert spent_in(store, ledger) is not None

    def test_a_key_claimed_before_its_answer_was_known_gets_it_later(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        spend(store, ledger, SpentKey(CLAIM, None))

        spend(store, ledger, SPENT)

        assert spent_in(store, ledger) == SPENT

    def test_a_claimed_key_that_is_released_is_free(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        spend(store, ledger, SpentKey(CLAIM, None))

        release(store, ledger)
        assert spent_in(store, ledger) is None

        spend(store, ledger, SPENT, look=False)
        assert spent_in(store, ledger) == SPENT

    def test_a_key_that_has_its_answer_is_not_released(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        spend(store, ledger, SPENT)

        release(store, ledger)

        assert spent_in(store, ledger) == SPENT

    def test_a_key_is_released_in_its_own_ledger(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, environment=Environment.LIVE)
        third = open_funded_ledger(ledgers, partner_id=PartnerId("ptr_other"))
        for each in (ledger, other, third):
            spend(store, each, SpentKey(CLAIM, None))

        release(store, ledger, third)

        assert spent_in(store, other) == SpentKey(CLAIM, None)
        assert (spent_in(store, ledger), spent_in(store, third)) == (None, None)

    def test_a_key_that_was_never_used_can_be_released(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        release(store, ledger)

        assert spent_in(store, ledger) is None

    def test_a_key_stays_claimed_where_its_release_is_not_committed(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        spend(store, ledger, SpentKey(CLAIM, None))

        def crash() -> None:
            with store.begin() as uow:
                head = uow.load({ledger.id: Wanted()})[ledger.id].ledger
                uow.write([Changes(head, released=[KEY])])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            crash()

        assert spent_in(store, ledger) == SpentKey(CLAIM, None)

    def test_a_key_is_not_spent_twice(self, store: LedgerStore, ledger: FundedLedger) -> None:
        spend(store, ledger, SPENT)

        with pytest.raises(CommitFailed):
            spend(store, ledger, SpentKey(Claim(KEY, bytes(32)), ANSWER), look=False)

        assert spent_in(store, ledger) == SPENT
