"""What the ledger's lists promise: order, filters, and pages without loss or repetition."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

import pytest

from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import Phase
from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Post, Status, Transaction, TransactionType
from tests.builders.ledger import FundedLedger, open_funded_ledger, transfer
from tests.contracts.ledger_reads import NO_LEDGER
from tests.contracts.stores import LedgerStore, LedgerSuite

ANY = TransactionFilter()


Item = TypeVar("Item")


def walk(
    read: Callable[[Page], Sequence[Item]], position: Callable[[Item], str], limit: int
) -> list[Item]:
    """Read a list to its end, ``limit`` items at a time."""
    seen: list[Item] = []
    positions: set[str] = set()
    while items := read(Page(limit, position(seen[-1]) if seen else None)):
        assert len(items) <= limit
        assert positions.isdisjoint(map(position, items))
        positions.update(map(position, items))
        seen += items
    return seen


class LedgerLists(LedgerSuite):
    def test_a_statement_is_newest_first(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, _ = ledger.wallets
        made = [ledgers.post(ledger.id, transfer(one, two, n)) for n in (1, 2, 3)]

        lines = store.statement(ledger.id, one, Page(3))

        assert [of for _, of in lines] == [each.transaction for each in reversed(made)]
        assert [entry for entry, _ in lines] == [each.entries[0] for each in reversed(made)]

    def test_a_statement_has_only_what_moved_the_posted_balance(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, _ = ledger.wallets
        parted, voided, _ = (ledgers.hold(ledger.id, transfer(one, two, 10)) for _ in range(3))
        ledgers.settle(ledger.id, parted.transaction.id, 4)
        ledgers.void(ledger.id, voided.transaction.id)

        lines = store.statement(ledger.id, one, Page(100))

        assert [(entry.phase, entry.amount) for entry, _ in lines] == [
            (Phase.SETTLED, 4),
            (Phase.POSTED, 1000),
        ]

    def test_a_statement_shows_transactions_as_they_are_now(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, _ = ledger.wallets
        made = ledgers.post(ledger.id, transfer(one, two, 10)).transaction
        ledgers.reverse(ledger.id, made.id, 4)

        lines = store.statement(ledger.id, one, Page(100))

        assert [(of.type, of.reversed_amount) for _, of in lines[:2]] == [
            (TransactionType.REVERSAL, 0),
            (TransactionType.TRANSFER, 4),
        ]

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
    def test_walking_a_statement_loses_and_repeats_nothing(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, limit: int
    ) -> None:
        one, two, _ = ledger.wallets
        for amount in range(1, 4):
            ledgers.post(ledger.id, transfer(one, two, amount))
            ledgers.hold(ledger.id, transfer(one, two, 50))

        walked = walk(
            lambda page: store.statement(ledger.id, one, page),
            lambda line: line[0].position,
            limit,
        )

        assert [entry.amount for entry, _ in walked] == [3, 2, 1, 1000]

    def test_what_is_posted_meanwhile_does_not_shift_the_next_page(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, _ = ledger.wallets
        for amount in (1, 2):
            ledgers.post(ledger.id, transfer(one, two, amount))
        *_, (seen, _) = store.statement(ledger.id, one, Page(2))
        ledgers.post(ledger.id, transfer(one, two, 3))

        (following,) = store.statement(ledger.id, one, Page(100, seen.position))

        assert (seen.amount, following[0].amount) == (1, 1000)

    def test_a_statement_is_of_one_account_of_one_ledger(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=3, funds=7, environment=Environment.LIVE)

        ((entry, _),) = store.statement(other.id, other.wallets[0], Page(100))

        assert entry.amount == 7
        assert len(store.statement(ledger.id, ledger.wallets[0], Page(100))) == 1
        assert len(store.statement(ledger.id, ledger.settlement, Page(100))) == 3

    def test_what_does_not_exist_has_an_empty_statement(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        assert store.statement(ledger.id, AccountId("absent"), Page(10)) == []
        assert store.statement(NO_LEDGER, ledger.wallets[0], Page(10)) == []

    def test_transactions_are_newest_first(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        made = _three_of_each_status(ledgers, ledger)

        listed = store.transactions(ledger.id, ANY, Page(100))

        assert listed[: len(made)] == made[::-1]
        assert all(a.created_at >= b.created_at for a, b in pairwise(listed))

    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    @pytest.mark.parametrize("which", [ANY, TransactionFilter(status=Status.POSTED)])
    def test_walking_the_transactions_loses_and_repeats_nothing(
        self,
        store: LedgerStore,
        ledgers: Ledgers,
        ledger: FundedLedger,
        limit: int,
        which: TransactionFilter,
    ) -> None:
        made = _three_of_each_status(ledgers, ledger)
        expected = [each for each in made[::-1] if which.status in {None, each.status}]

        walked = walk(
            lambda page: store.transactions(ledger.id, which, page), lambda each: each.id, limit
        )

        assert walked[:-3] == expected
        assert [each.type for each in walked[-3:]] == [TransactionType.CREDIT] * 3

    def test_transactions_are_filtered_by_status(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        made = _three_of_each_status(ledgers, ledger)

        for status in (Status.PENDING, Status.VOIDED):
            listed = store.transactions(ledger.id, TransactionFilter(status=status), Page(100))
            assert listed == [each for each in made[::-1] if each.status is status]

    def test_transactions_are_filtered_by_type(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        made = ledgers.post(ledger.id, ledger.transfer(10)).transaction
        reversal = ledgers.reverse(ledger.id, made.id).transaction

        def of(type_: TransactionType) -> list[Transaction]:
            return store.transactions(ledger.id, TransactionFilter(type=type_), Page(100))

        assert of(TransactionType.REVERSAL) == [reversal]
        assert [each.id for each in of(TransactionType.TRANSFER)] == [made.id]
        assert len(of(TransactionType.CREDIT)) == 3
        assert of(TransactionType.PAYOUT) == []

    def test_transactions_are_filtered_by_account(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, three = ledger.wallets
        first = ledgers.post(ledger.id, transfer(one, two, 10)).transaction
        second = ledgers.post(ledger.id, transfer(two, three, 10)).transaction

        def of(account_id: AccountId) -> list[Transaction]:
            which = TransactionFilter(account_id, type=TransactionType.TRANSFER)
            return store.transactions(ledger.id, which, Page(100))

        assert (of(one), of(two), of(three)) == ([first], [second, first], [second])
        assert of(ledger.settlement) == of(AccountId("absent")) == []

    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    @pytest.mark.parametrize("status", [None, Status.POSTED, Status.PENDING, Status.VOIDED])
    def test_walking_an_accounts_transactions_loses_and_repeats_nothing(
        self,
        store: LedgerStore,
        ledgers: Ledgers,
        ledger: FundedLedger,
        limit: int,
        status: Status | None,
    ) -> None:
        """Also where many were made in one commit, and others were settled since."""
        one, two, three = ledger.wallets
        held = ledgers.hold(ledger.id, transfer(two, one, 10)).transaction
        _three_of_each_status(ledgers, ledger)
        unit = (Post(transfer(one, two, 1)), Post(transfer(two, three, 1)))
        ledgers.execute([Request(ledger.id, (unit, unit))] * 2)
        ledgers.settle(ledger.id, held.id, 4)

        walked = walk(
            lambda page: store.transactions(ledger.id, TransactionFilter(one, status), page),
            lambda each: each.id,
            limit,
        )

        assert walked == [
            each
            for each in store.transactions(ledger.id, ANY, Page(100))
            if status in {None, each.status} and one in {p.account_id for p in each.postings}
        ]
        assert len(walked) == {None: 15, Status.POSTED: 9}.get(status, 3)

    def test_filters_of_transactions_are_joined(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, three = ledger.wallets
        held = ledgers.hold(ledger.id, transfer(one, two, 10)).transaction
        ledgers.hold(ledger.id, transfer(two, three, 10))
        ledgers.post(ledger.id, transfer(one, two, 10))

        which = TransactionFilter(one, Status.PENDING, TransactionType.TRANSFER)

        assert store.transactions(ledger.id, which, Page(100)) == [held]

    def test_transactions_are_each_ledgers_own(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        mine = store.transactions(ledger.id, ANY, Page(100))
        other = open_funded_ledger(ledgers, wallets=1, environment=Environment.LIVE)

        theirs = store.transactions(other.id, ANY, Page(100))

        assert store.transactions(ledger.id, ANY, Page(100)) == mine
        assert (len(mine), len(theirs)) == (3, 1)
        assert store.transactions(NO_LEDGER, ANY, Page(100)) == []


def _three_of_each_status(ledgers: Ledgers, ledger: FundedLedger) -> list[Transaction]:
    """Make transactions, oldest first, as they are in the end."""
    draft, made = ledger.transfer(10), []
    for _ in range(3):
        made.append(ledgers.post(ledger.id, draft).transaction)
        made.append(ledgers.hold(ledger.id, draft).transaction)
        held = ledgers.hold(ledger.id, draft).transaction
        made.append(ledgers.void(ledger.id, held.id).transaction)
    return made
