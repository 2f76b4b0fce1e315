"""What the ledger's reader promises."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.ids import AccountId, LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account, AccountKind, Phase
from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.journal import EventType, link
from payflow_domain.ledger.ledgers import GENESIS, Environment
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Failure, Post
from tests.builders.ledger import PARTNER_ID, FundedLedger, open_funded_ledger, transfer
from tests.builders.times import TICK, SettableClock
from tests.contracts.stores import LedgerStore, LedgerSuite

SECOND = timedelta(seconds=1)
NO_LEDGER = LedgerId(2**40)
OTHER_PARTNER = PartnerId("ptr_00000000000000000000000002")
UNICODE = 'Miete für "März" 🏠 \u202e\n日本'


class LedgerReads(LedgerSuite):
    def test_a_ledger_is_read_as_it_was_opened(self, store: LedgerStore, ledgers: Ledgers) -> None:
        opened = ledgers.open_ledger(PARTNER_ID, Environment.LIVE, settlement_limit=0)

        assert store.ledger(opened.id) == opened
        assert (opened.settlement_limit, opened.sequence, opened.head) == (0, 0, GENESIS)

    def test_a_ledger_without_limit_has_none(self, store: LedgerStore, ledgers: Ledgers) -> None:
        opened = ledgers.open_ledger(PARTNER_ID, Environment.LIVE, settlement_limit=None)

        found = store.ledger(opened.id)

        assert found is not None
        assert found.settlement_limit is None

    def test_an_unknown_ledger_is_none(self, store: LedgerStore) -> None:
        assert store.ledger(NO_LEDGER) is None

    def test_a_ledger_is_found_by_its_partner_and_environment(
        self, store: LedgerStore, ledgers: Ledgers
    ) -> None:
        sandbox = ledgers.open_ledger(PARTNER_ID, Environment.SANDBOX, None)
        live = ledgers.open_ledger(PARTNER_ID, Environment.LIVE, None)
        other = ledgers.open_ledger(OTHER_PARTNER, Environment.SANDBOX, None)

        assert store.ledger_of(PARTNER_ID, Environment.SANDBOX) == sandbox
        assert store.ledger_of(PARTNER_ID, Environment.LIVE) == live
        assert store.ledger_of(OTHER_PARTNER, Environment.SANDBOX) == other
        assert store.ledger_of(OTHER_PARTNER, Environment.LIVE) is None

    def test_a_ledger_has_the_head_of_its_journal(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        found = store.ledger(ledger.id)
        last = store.events(ledger.id, 0, 100)[-1]

        assert found is not None
        assert (found.sequence, found.head, found.last_at) == (last.sequence, last.hash, last.at)

    @pytest.mark.parametrize("kind", AccountKind)
    @pytest.mark.parametrize("floor", [None, 0, -500, 2**53])
    def test_an_account_is_read_as_it_was_opened(
        self, store: LedgerStore, ledgers: Ledgers, kind: AccountKind, floor: int | None
    ) -> None:
        ledger = ledgers.open_ledger(PARTNER_ID, Environment.SANDBOX, None)
        opened = ledgers.open_account(ledger.id, Account(AccountId("one"), kind, "KWD", floor))

        assert store.accounts([(ledger.id, opened.id)]) == [opened]

    def test_accounts_come_in_the_order_asked_for(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        one, two, _ = ledger.wallets
        asked = [(ledger.id, AccountId(i)) for i in (two, "absent", one, ledger.settlement, two)]

        found = store.accounts(asked)

        assert [a and a.id for a in found] == [two, None, one, ledger.settlement, two]

    def test_no_accounts_asked_for_is_none_returned(self, store: LedgerStore) -> None:
        assert store.accounts([]) == []

    def test_accounts_of_equal_ids_in_two_ledgers_are_two(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=3, funds=7, environment=Environment.LIVE)
        rows = [(ledger.id, ledger.wallets[0]), (other.id, other.wallets[0])]
        rows += [(NO_LEDGER, ledger.wallets[0])]

        found = store.accounts(rows)

        assert ledger.wallets == other.wallets
        assert [a and a.balance.posted for a in found] == [1000, 7, None]

    def test_the_books_as_of_a_moment(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        one, two, _ = ledger.wallets
        times = []
        for amount in (1, 2, 3):
            clock.advance(SECOND)
            times.append(clock.now())
            ledgers.post(ledger.id, transfer(one, two, amount))

        def taken_by(moment: int, shift: timedelta) -> int | None:
            entry = store.account_at(ledger.id, one, times[moment] + shift)
            return entry.after.debits_posted if entry else None

        assert [taken_by(0, -TICK), taken_by(0, 0 * TICK), taken_by(0, TICK)] == [0, 1, 1]
        assert [taken_by(1, -TICK), taken_by(1, 0 * TICK), taken_by(1, SECOND / 2)] == [1, 3, 3]
        assert [taken_by(2, -TICK), taken_by(2, 0 * TICK), taken_by(2, 99 * SECOND)] == [3, 6, 6]

    def test_before_its_first_entry_an_account_has_none(
        self, store: LedgerStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        first = store.account_at(ledger.id, ledger.wallets[0], clock.now() + SECOND)

        assert first is not None
        assert first.version == 1
        assert store.account_at(ledger.id, ledger.wallets[0], first.at - TICK) is None
        assert store.account_at(ledger.id, ledger.wallets[0], first.at) == first

    def test_an_account_that_does_not_exist_has_no_entry(
        self, store: LedgerStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        later = clock.now() + SECOND

        assert store.account_at(ledger.id, AccountId("absent"), later) is None
        assert store.account_at(NO_LEDGER, ledger.wallets[0], later) is None

    def test_of_entries_made_at_one_moment_the_last_counts(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        one, two, _ = ledger.wallets
        clock.advance(SECOND)
        unit = tuple(Post(transfer(one, two, amount)) for amount in (1, 10, 100))
        ledgers.execute([Request(ledger.id, (unit,))])

        entry = store.account_at(ledger.id, one, clock.now())

        assert entry is not None
        assert (entry.version, entry.after.debits_posted) == (4, 111)

    def test_the_books_as_of_a_moment_are_each_ledgers_own(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        clock.advance(SECOND)
        other = open_funded_ledger(ledgers, wallets=3, funds=7, environment=Environment.LIVE)

        mine = store.account_at(ledger.id, ledger.wallets[0], clock.now() + SECOND)
        theirs = store.account_at(other.id, other.wallets[0], clock.now() + SECOND)

        assert mine is not None
        assert theirs is not None
        assert (mine.amount, theirs.amount) == (1000, 7)

    def test_an_entry_is_read_as_it_was_made(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        clock.advance(SECOND)
        held = ledgers.hold(ledger.id, ledger.transfer(10))
        (taken, _) = held.entries

        assert store.account_at(ledger.id, taken.account_id, clock.now()) == taken
        assert taken.phase is Phase.HELD
        assert taken.at.utcoffset() == timedelta(0)

    def test_a_transaction_is_read_as_it_was_made(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        noted = evolve(
            ledger.transfer(10),
            description=UNICODE,
            metadata={UNICODE[:40]: UNICODE, "empty": ""},
        )
        made = ledgers.post(ledger.id, noted).transaction

        found = store.transaction(ledger.id, made.id)

        assert found == made
        assert found is not None
        assert dict(found.metadata) == dict(noted.metadata)

    def test_a_transaction_without_notes_has_none(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        made = ledgers.post(ledger.id, ledger.transfer(10)).transaction

        found = store.transaction(ledger.id, made.id)

        assert found is not None
        assert (found.description, dict(found.metadata)) == (None, {})
        assert (found.failure, found.reverses) == (None, None)

    def test_a_pending_transaction_has_no_time_of_completion(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        held = ledgers.hold(ledger.id, ledger.transfer(10)).transaction

        found = store.transaction(ledger.id, held.id)

        assert found == held
        assert held.completed_at is None

    def test_times_are_utc_to_the_microsecond(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        clock.advance(SECOND)
        made = ledgers.post(ledger.id, ledger.transfer(10)).transaction

        found = store.transaction(ledger.id, made.id)

        assert found is not None
        assert (found.created_at, found.completed_at) == (clock.now(), clock.now())
        assert found.created_at.microsecond == 123456
        assert found.created_at.utcoffset() == timedelta(0)

    def test_a_settled_part_replaces_what_was_held(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        held = ledgers.hold(ledger.id, ledger.transfer(10)).transaction
        clock.advance(SECOND)

        settled = ledgers.settle(ledger.id, held.id, 4).transaction

        assert store.transaction(ledger.id, held.id) == settled
        assert (settled.amount, settled.completed_at) == (4, clock.now())

    def test_a_voided_transaction_keeps_its_failure(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        held = ledgers.hold(ledger.id, ledger.transfer(10)).transaction
        ledgers.void(ledger.id, held.id, Failure("bank_refused", UNICODE))

        found = store.transaction(ledger.id, held.id)

        assert found is not None
        assert found.failure == Failure("bank_refused", UNICODE)

    def test_a_reversal_and_its_original_know_of_one_another(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        made = ledgers.post(ledger.id, ledger.transfer(10)).transaction
        reversal = ledgers.reverse(ledger.id, made.id, 4)

        assert store.transaction(ledger.id, made.id) == reversal.reversed
        assert store.transaction(ledger.id, reversal.transaction.id) == reversal.transaction
        assert reversal.transaction.reverses == made.id

    def test_a_transaction_is_seen_in_its_own_ledger_only(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=3, environment=Environment.LIVE)
        made = ledgers.post(ledger.id, ledger.transfer(10)).transaction

        assert store.transaction(other.id, made.id) is None
        assert store.transaction(ledger.id, TransactionId("absent")) is None

    def test_events_are_read_in_order_after_a_number(
        self, store: LedgerStore, ledger: FundedLedger
    ) -> None:
        def numbers(after: int, limit: int) -> list[int]:
            return [event.sequence for event in store.events(ledger.id, after, limit)]

        assert numbers(0, 4) == [1, 2, 3, 4]
        assert numbers(4, 100) == [5, 6]
        assert numbers(5, 1) == [6]
        assert numbers(6, 100) == numbers(1000, 100) == []

    @pytest.mark.parametrize("limit", [1, 2, 99, 100, 101, 1000])
    def test_events_are_read_in_order_wherever_one_begins(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger, limit: int
    ) -> None:
        for count in (1, 60, 40, 2):
            units = [(Post(ledger.transfer(1)),)] * count
            ledgers.execute([Request(ledger.id, tuple(units))])
        all_ = store.events(ledger.id, 0, 1000)
        last = len(all_)

        assert [event.sequence for event in all_] == list(range(1, 6 + 3 * 103 + 1))
        for after in [*range(0, last, 37), 5, 6, 7, last - 1, last]:
            assert store.events(ledger.id, after, limit) == all_[after : after + limit]

    def test_events_are_read_byte_for_byte(self, store: LedgerStore, ledger: FundedLedger) -> None:
        events = store.events(ledger.id, 0, 100)
        head = GENESIS
        for event in events:
            head = link(head, event.body)
            assert event.hash == head
        assert [event.type for event in events[:2]] == [
            EventType.TRANSACTION_COMPLETED,
            EventType.WALLET_CREDITED,
        ]

    def test_events_are_each_ledgers_own(
        self, store: LedgerStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        before = store.events(ledger.id, 0, 100)

        other = open_funded_ledger(ledgers, wallets=1, environment=Environment.LIVE)

        assert store.events(ledger.id, 0, 100) == before
        assert [event.sequence for event in store.events(other.id, 0, 100)] == [1, 2]
        assert store.events(NO_LEDGER, 0, 100) == []
