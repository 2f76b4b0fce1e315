"""What the ledger's unit of work refuses, whatever the program made of its rules."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.errors import PayFlowError
from payflow_domain.ids import TransactionId
from payflow_domain.ledger.accounts import Phase
from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ports import Changes, Wanted
from payflow_domain.ledger.transactions import Post
from tests.builders.ledger import FundedLedger, wallet
from tests.builders.times import CountingIds, SettableClock
from tests.contracts.ledger_writes import everything
from tests.contracts.stores import LedgerStore, LedgerSuite, changes_for


def stale(changes: Changes, events: int) -> Changes:
    """Move changes behind ``events`` newer events, as a writer would that read old accounts."""
    shift = timedelta(seconds=1)
    head = changes.ledger
    return evolve(
        changes,
        ledger=evolve(head, sequence=head.sequence + events, last_at=head.last_at + shift),
        changed_accounts=[
            evolve(a, sequence=a.sequence + events) for a in changes.changed_accounts
        ],
        new_transactions=[
            evolve(t, id=TransactionId(f"{t.id[:-1]}z"), created_at=t.created_at + shift)
            for t in changes.new_transactions
        ],
        entries=[
            evolve(e, transaction_id=TransactionId(f"{e.transaction_id[:-1]}z"), at=e.at + shift)
            for e in changes.entries
        ],
        events=[evolve(e, sequence=e.sequence + events, at=e.at + shift) for e in changes.events],
    )


def skip_a_number(changes: Changes) -> Changes:
    head = changes.ledger
    events = [evolve(event, sequence=event.sequence + 1) for event in changes.events]
    return evolve(changes, ledger=evolve(head, sequence=head.sequence + 1), events=events)


def leave_out_an_event(changes: Changes) -> Changes:
    return evolve(changes, events=[changes.events[0], *changes.events[2:]])


def take_one_too_many(changes: Changes) -> Changes:
    debit, credit = changes.entries
    return evolve(changes, entries=[debit, evolve(credit, amount=credit.amount + 1)])


def hold_one_side_only(changes: Changes) -> Changes:
    debit, credit = changes.entries
    held = Phase.HELD
    return evolve(changes, entries=[debit, evolve(credit, phase=held)])


def open_an_account_that_exists(changes: Changes) -> Changes:
    return evolve(changes, new_accounts=[wallet(3)])


def go_back_to_an_older_version(changes: Changes) -> Changes:
    back = [evolve(account, version=account.version - 2) for account in changes.changed_accounts]
    return evolve(changes, changed_accounts=back)


def write(store: LedgerStore, changes: Changes) -> None:
    with store.begin() as uow:
        uow.load({changes.ledger.id: Wanted()})
        uow.write([changes])


class LedgerRefusals(LedgerSuite):
    """A faulty program is stopped by the store, and nothing is changed."""

    @pytest.mark.parametrize(
        "spoil",
        [
            skip_a_number,
            leave_out_an_event,
            take_one_too_many,
            hold_one_side_only,
            open_an_account_that_exists,
            go_back_to_an_older_version,
        ],
    )
    def test_what_breaks_the_books_is_refused(
        self,
        store: LedgerStore,
        ledger: FundedLedger,
        clock: SettableClock,
        ids: CountingIds,
        spoil: Callable[[Changes], Changes],
    ) -> None:
        request = Request(ledger.id, ((Post(ledger.transfer(10)),),))
        before = everything(store, ledger)

        with pytest.raises(CommitFailed), store.begin() as uow:
            uow.write([spoil(changes_for(uow, request, clock, ids))])

        assert everything(store, ledger) == before

    def test_changes_are_not_written_twice(
        self, store: LedgerStore, ledger: FundedLedger, clock: SettableClock, ids: CountingIds
    ) -> None:
        request = Request(ledger.id, ((Post(ledger.transfer(10)),),))
        with store.begin() as uow:
            changes = changes_for(uow, request, clock, ids)
            uow.write([changes])
        before = everything(store, ledger)

        with pytest.raises(CommitFailed):
            write(store, changes)

        assert everything(store, ledger) == before

    def test_accounts_that_were_read_before_another_commit_are_not_written(
        self, store: LedgerStore, ledger: FundedLedger, clock: SettableClock, ids: CountingIds
    ) -> None:
        request = Request(ledger.id, ((Post(ledger.transfer(10)),),))
        with store.begin() as uow:
            changes = changes_for(uow, request, clock, ids)
            uow.write([changes])
        before = everything(store, ledger)

        with pytest.raises(CommitFailed):
            write(store, stale(changes, events=len(changes.events)))

        assert everything(store, ledger) == before

    def test_a_refusal_that_is_caught_still_changes_nothing(
        self, store: LedgerStore, ledger: FundedLedger, clock: SettableClock, ids: CountingIds
    ) -> None:
        request = Request(ledger.id, ((Post(ledger.transfer(10)),),))
        before = everything(store, ledger)

        with suppress(PayFlowError), store.begin() as uow:
            changes = changes_for(uow, request, clock, ids)
            with suppress(PayFlowError):
                uow.write([changes, open_an_account_that_exists(changes)])

        assert everything(store, ledger) == before
