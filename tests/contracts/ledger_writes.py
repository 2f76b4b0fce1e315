"""What the ledger's unit of work promises: all or nothing, and nothing that does not fit."""

import pytest
from attrs import evolve

from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Changes, Page, TransactionFilter, Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Post, Reverse, Status
from tests.builders.ledger import PARTNER_ID, FundedLedger, open_funded_ledger, wallet
from tests.builders.times import START, TICK, CountingIds, SettableClock
from tests.contracts.ledger_reads import NO_LEDGER
from tests.contracts.stores import LedgerStore, LedgerSuite, changes_for

PENDING = TransactionFilter(status=Status.PENDING)


class Crash(Exception):
    """Something of the program's own went wrong."""


def everything(store: LedgerStore, ledger: FundedLedger) -> object:
    """Return all that can be read of a ledger."""
    accounts = [*ledger.wallets, ledger.settlement]
    return (
        store.ledger(ledger.id),
        store.accounts([(ledger.id, account_id) for account_id in accounts]),
        [store.statement(ledger.id, account_id, Page(100)) for account_id in accounts],
        store.transactions(ledger.id, TransactionFilter(), Page(100)),
        store.events(ledger.id, 0, 100),
    )


class LedgerWrites(LedgerSuite):
    @pytest.fixture
    def movement(self, ledger: FundedLedger) -> Request:
        """A transfer of 10, not given to the store yet."""
        return Request(ledger.id, ((Post(ledger.transfer(10)),),))

    def test_what_is_wanted_and_exists_is_loaded(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, _ = ledger.wallets
        made = ledgers.post(ledger.id, ledger.transfer(10)).transaction
        accounts = {one, two, AccountId("absent")}
        wanted = Wanted(accounts, {made.id, TransactionId("absent")})

        with store.begin() as uow:
            loaded = uow.load({ledger.id: wanted, NO_LEDGER: wanted})

        assert loaded.keys() == {ledger.id}
        books = loaded[ledger.id]
        assert books.ledger == store.ledger(ledger.id)
        assert books.accounts.keys() == {one, two}
        assert list(books.accounts.values()) == store.accounts(
            [(ledger.id, i) for i in books.accounts]
        )
        assert books.transactions == {made.id: made}
        assert books.spent == {}

    def test_nothing_wanted_loads_nothing(self, store: LedgerStore) -> None:
        with store.begin() as uow:
            assert uow.load({}) == {}

    def test_more_of_a_ledger_can_be_loaded(self, store: LedgerStore, ledger: FundedLedger) -> None:
        one, two, _ = ledger.wallets

        with store.begin() as uow:
            first = uow.load({ledger.id: Wanted({one})})[ledger.id]
            more = uow.load({ledger.id: Wanted({two})})[ledger.id]

        assert first.accounts.keys() == {one}
        assert more.accounts.keys() == {two}
        assert first.ledger == more.ledger

    def test_each_ledger_is_loaded_with_its_own(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=3, funds=7, environment=Environment.LIVE)
        one, two, _ = ledger.wallets

        with store.begin() as uow:
            loaded = uow.load({other.id: Wanted({one}), ledger.id: Wanted({one, two})})

        assert {i: a.balance.posted for i, a in loaded[other.id].accounts.items()} == {one: 7}
        assert loaded[ledger.id].accounts.keys() == {one, two}
        assert loaded[ledger.id].accounts[one].balance.posted == 1000

    def test_a_unit_of_work_sees_what_it_wrote(
        self, store: LedgerStore, ledger: FundedLedger, movement: Request, clock: SettableClock
    ) -> None:
        with store.begin() as uow:
            changes = changes_for(uow, movement, clock, CountingIds())
            uow.write([changes])
            books = uow.load({ledger.id: Wanted(set(ledger.wallets[:2]))})[ledger.id]

        assert books.ledger == changes.ledger
        assert books.accounts == {account.id: account for account in changes.changed_accounts}

    def test_nothing_is_seen_before_the_commit_and_all_of_it_after(
        self, store: LedgerStore, ledger: FundedLedger, movement: Request, clock: SettableClock
    ) -> None:
        before = everything(store, ledger)

        with store.begin() as uow:
            changes = changes_for(uow, movement, clock, CountingIds())
            uow.write([changes])
            assert everything(store, ledger) == before

        assert everything(store, ledger) != before
        assert store.ledger(ledger.id) == changes.ledger
        assert store.events(ledger.id, 6, 100) == list(changes.events)
        assert store.transactions(ledger.id, TransactionFilter(), Page(1)) == list(
            changes.new_transactions
        )

    def test_an_exception_changes_nothing(
        self, store: LedgerStore, ledger: FundedLedger, movement: Request, clock: SettableClock
    ) -> None:
        before = everything(store, ledger)

        def crash() -> None:
            with store.begin() as uow:
                opened = [wallet(99)]
                changes = changes_for(uow, movement, clock, CountingIds())
                uow.write([evolve(changes, new_accounts=opened)])
                uow.add_ledger(PARTNER_ID, Environment.LIVE, None, START)
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert everything(store, ledger) == before
        assert store.accounts([(ledger.id, wallet(99).id)]) == [None]
        assert store.ledger_of(PARTNER_ID, Environment.LIVE) is None

    def test_the_store_works_on_after_an_exception(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        def crash() -> None:
            with store.begin() as uow:
                uow.load({ledger.id: Wanted()})
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert ledgers.post(ledger.id, ledger.transfer(10)).transaction.amount == 10

    def test_several_ledgers_are_written_together_or_not_at_all(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=3, environment=Environment.LIVE)
        before = everything(store, ledger), everything(store, other)
        requests = [Request(each.id, ((Post(each.transfer(10)),),)) for each in (ledger, other)]

        def write_second_wrongly() -> None:
            with store.begin() as uow:
                good, bad = (changes_for(uow, each, clock, CountingIds()) for each in requests)
                uow.write([good, evolve(bad, new_accounts=[wallet(1)])])

        with pytest.raises(CommitFailed):
            write_second_wrongly()
        assert (everything(store, ledger), everything(store, other)) == before

        ledgers.execute(requests)
        assert everything(store, ledger) != before[0]
        assert everything(store, other) != before[1]

    def test_ledgers_are_numbered_apart(self, ledgers: Ledgers) -> None:
        opened = [ledgers.open_ledger(PARTNER_ID, environment, None) for environment in Environment]

        assert len({ledger.id for ledger in opened}) == 2

    def test_a_partner_has_one_ledger_in_an_environment(
        self, store: LedgerStore, ledgers: Ledgers
    ) -> None:
        first = ledgers.open_ledger(PARTNER_ID, Environment.SANDBOX, None)

        with pytest.raises(CommitFailed):
            ledgers.open_ledger(PARTNER_ID, Environment.SANDBOX, None)

        assert store.ledger_of(PARTNER_ID, Environment.SANDBOX) == first

    def test_an_account_can_change_without_an_entry(
        self, store: LedgerStore, ledger: FundedLedger, movement: Request, clock: SettableClock
    ) -> None:
        with store.begin() as uow:
            changes = changes_for(uow, movement, clock, CountingIds())
            frozen = evolve(changes.changed_accounts[0], is_open=False)
            uow.write([evolve(changes, changed_accounts=[frozen, *changes.changed_accounts[1:]])])
        with store.begin() as uow:
            head = uow.load({ledger.id: Wanted()})[ledger.id].ledger
            thawed = evolve(frozen, is_open=True, sequence=head.sequence + 1)
            event = evolve(changes.events[-1], sequence=head.sequence + 1, at=head.last_at + TICK)
            moved = evolve(head, sequence=event.sequence, last_at=event.at)
            uow.write([Changes(moved, changed_accounts=[thawed], events=[event])])

        assert store.accounts([(ledger.id, frozen.id)]) == [thawed]

    def test_what_a_pending_reversal_reserves_is_kept_until_it_ends(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        made = ledgers.post(ledger.id, ledger.transfer(10)).transaction
        ledgers.execute([Request(ledger.id, ((Reverse(made.id, 4, is_held=True),),))])
        (held,) = store.transactions(ledger.id, PENDING, Page(1))
        reserved = store.transaction(ledger.id, made.id)

        ledgers.settle(ledger.id, held.id)
        reversed_ = store.transaction(ledger.id, made.id)

        assert reserved is not None
        assert reversed_ is not None
        assert (reserved.reversing_amount, reserved.reversed_amount) == (4, 0)
        assert (reversed_.reversing_amount, reversed_.reversed_amount) == (0, 4)

    def test_what_is_reversed_of_a_new_transaction_is_kept(
        self, store: LedgerStore, movement: Request, clock: SettableClock
    ) -> None:
        with store.begin() as uow:
            changes = changes_for(uow, movement, clock, CountingIds())
            made = evolve(changes.new_transactions[0], reversed_amount=2, reversing_amount=3)
            uow.write([evolve(changes, new_transactions=[made])])

        assert store.transaction(movement.ledger_id, made.id) == made

    def test_metadata_is_kept_as_it_was_when_written(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        metadata = {"rent": "March"}
        made = ledgers.post(ledger.id, evolve(ledger.transfer(10), metadata=metadata)).transaction

        metadata["rent"] = "April"

        found = store.transaction(ledger.id, made.id)
        assert found is not None
        assert dict(found.metadata) == {"rent": "March"}
