"""What the ledger's unit of work promises to threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

from payflow_domain.ids import AccountId, LedgerId
from payflow_domain.ledger.batch import Executed, Request
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Post
from tests.builders.ledger import FundedLedger, open_funded_ledger, transfer
from tests.builders.times import CountingIds, SettableClock
from tests.contracts.stores import LedgerStore, LedgerSuite, changes_for

LONG_ENOUGH_SECONDS = 0.2
FAR_TOO_LONG_SECONDS = 30


def run_together(*tasks: Callable[[], object]) -> None:
    """Run tasks in threads; fail if they do not end."""
    with ThreadPoolExecutor(len(tasks)) as threads:
        futures = [threads.submit(task) for task in tasks]
        done, waiting = wait(futures, timeout=FAR_TOO_LONG_SECONDS)
        assert not waiting
        for each in done:
            each.result()


class LedgerLocks(LedgerSuite):
    def test_a_second_writer_waits_for_the_first_and_sees_its_work(
        self, store: LedgerStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        request = Request(ledger.id, ((Post(ledger.transfer(10)),),))
        one = ledger.wallets[0]
        has_loaded = Event()

        def second() -> int:
            with store.begin() as uow:
                books = uow.load({ledger.id: Wanted({one})})[ledger.id]
                has_loaded.set()
                return books.accounts[one].balance.posted

        with ThreadPoolExecutor(1) as thread:
            with store.begin() as uow:
                changes = changes_for(uow, request, clock, CountingIds())
                seen = thread.submit(second)
                overtook = has_loaded.wait(LONG_ENOUGH_SECONDS)
                uow.write([changes])

            assert not overtook
            assert seen.result(FAR_TOO_LONG_SECONDS) == 990

    def test_ledgers_locked_in_opposite_orders_do_not_deadlock(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=2, environment=Environment.LIVE)

        def lock(*order: LedgerId) -> None:
            for _ in range(25):
                with store.begin() as uow:
                    assert len(uow.load({ledger_id: Wanted() for ledger_id in order})) == 2

        run_together(
            lambda: lock(ledger.id, other.id),
            lambda: lock(other.id, ledger.id),
            lambda: lock(ledger.id, other.id),
        )

    def test_of_many_who_spend_the_same_money_one_succeeds(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, three = ledger.wallets
        succeeded: list[AccountId] = []

        def spend(to: AccountId) -> None:
            for _ in range(5):
                request = Request(ledger.id, ((Post(transfer(one, to, 1000)),),))
                (result,) = ledgers.execute([request])
                if isinstance(result, Executed) and result.took_effect:
                    succeeded.append(to)

        run_together(*[lambda to=to: spend(to) for to in (two, three, two, three)])

        assert len(succeeded) == 1
        (account,) = store.accounts([(ledger.id, one)])
        assert account is not None
        assert account.balance.posted == 0

    def test_readers_see_whole_commits_only(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, _ = ledger.wallets
        done = Event()

        def write() -> None:
            try:
                for _ in range(50):
                    ledgers.post(ledger.id, ledger.transfer(1))
            finally:
                done.set()

        def read() -> None:
            while not done.is_set():
                found = store.accounts([(ledger.id, one), (ledger.id, two)])
                assert sum(a.balance.posted for a in found if a) == 2000

        run_together(write, read, read)
