"""What the posting engine keeps true whatever it is asked."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import count, pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import Account, Counters, Phase, Side, balance
from payflow_domain.ledger.decisions import Applied, Books, Decisions
from payflow_domain.ledger.journal import EventType, facts_of
from payflow_domain.ledger.transactions import (
    Command,
    Entry,
    Hold,
    Post,
    Reverse,
    Settle,
    Unit,
    Void,
)
from tests.builders.deciding import applied_in, books_after, decide_naming, decide_units
from tests.builders.times import transaction_id
from tests.strategies.batches import Batch, batches

thoroughly = settings(max_examples=1000)
NEVER_MADE = transaction_id(10**6)

_END_OF_A_PAYOUT = {
    "pending": None,
    "posted": EventType.PAYOUT_COMPLETED,
    "voided": EventType.PAYOUT_FAILED,
}


@thoroughly
@given(batches())
def test_money_is_conserved_in_each_currency(batch: Batch) -> None:
    after = books_after(batch.books, batch.decide())

    for currency in ("EUR", "JPY"):
        counters = [a.counters for a in after.accounts.values() if a.currency == currency]
        assert sum(c.debits_posted for c in counters) == sum(c.credits_posted for c in counters)
        assert sum(c.debits_pending for c in counters) == sum(c.credits_pending for c in counters)


@thoroughly
@given(batches())
def test_each_transaction_balances_in_each_phase(batch: Batch) -> None:
    for applied in applied_in(batch.decide()):
        assert len(applied.entries) >= 2
        for phase in Phase:
            entries = [entry for entry in applied.entries if entry.phase is phase]
            assert _total(entries, Side.DEBIT) == _total(entries, Side.CREDIT)


@thoroughly
@given(batches())
def test_nothing_is_taken_below_a_floor(batch: Batch) -> None:
    accounts = batch.books.accounts
    available = {each.id: each.balance.available for each in accounts.values()}

    for command, applied in _commanded(batch, batch.decide()):
        for entry in applied.entries:
            account = accounts[entry.account_id]
            before = available[account.id]
            available[account.id] = balance(entry.after, account.normal_side).available
            takes = available[account.id] < before
            may_go_below = account.floor is None or account.id in _named_beyond_floor(command)
            assert not takes or may_go_below or available[account.id] >= (account.floor or 0)


@thoroughly
@given(batches())
def test_counters_are_the_sums_of_the_entries(batch: Batch) -> None:
    decisions = batch.decide()
    expected = {each.id: _as_counter(each.counters) for each in batch.books.accounts.values()}

    for entry in _entries(decisions):
        sums, side = expected[entry.account_id], entry.side.value
        if entry.phase in {Phase.POSTED, Phase.SETTLED}:
            sums[f"{side}s_posted"] += entry.amount
        if entry.phase is Phase.HELD:
            sums[f"{side}s_pending"] += entry.amount
        if entry.phase in {Phase.SETTLED, Phase.VOIDED}:
            sums[f"{side}s_pending"] -= entry.amount
        assert _as_counter(entry.after) == sums

    after = books_after(batch.books, decisions).accounts.values()
    assert {each.id: _as_counter(each.counters) for each in after} == expected


@thoroughly
@given(batches())
def test_pending_counters_are_the_sums_of_pending_transactions(batch: Batch) -> None:
    after = books_after(batch.books, batch.decide())

    expected: dict[AccountId, Counter[Side]] = {each: Counter() for each in after.accounts}
    for transaction in after.transactions.values():
        for posting in transaction.postings if transaction.status.value == "pending" else ():
            expected[posting.account_id][posting.side] += posting.amount
    for account in after.accounts.values():
        assert account.counters.debits_pending == expected[account.id][Side.DEBIT]
        assert account.counters.credits_pending == expected[account.id][Side.CREDIT]


@thoroughly
@given(batches())
def test_versions_number_the_entries_of_an_account_without_a_gap(batch: Batch) -> None:
    decisions = batch.decide()

    for account in books_after(batch.books, decisions).accounts.values():
        versions = [e.version for e in _entries(decisions) if e.account_id == account.id]
        assert versions == list(range(1, account.version + 1))


@thoroughly
@given(batches())
def test_a_refused_unit_changes_nothing_at_all(batch: Batch) -> None:
    decisions = batch.decide()
    outcomes = zip(batch.units, decisions.outcomes, strict=True)
    accepted = [unit for unit, outcome in outcomes if isinstance(outcome, tuple)]
    assume(len(accepted) < len(batch.units))

    ids = dict.fromkeys(each.transaction.id for each in applied_in(decisions))
    without = decide_naming(batch.books, accepted, iter(ids))

    assert applied_in(without) == applied_in(decisions)
    assert _state(without) == _state(decisions)


@thoroughly
@given(batches(steps_max=6), st.data())
def test_a_unit_takes_effect_as_a_whole_or_not_at_all(batch: Batch, data: st.DataObject) -> None:
    commands = [command for unit in batch.units for command in unit]
    spoilt = data.draw(st.integers(0, len(commands)))
    unit: Unit = (*commands[:spoilt], Void(NEVER_MADE), *commands[spoilt:])

    decisions = decide_units(batch.books, [unit])

    (outcome,) = decisions.outcomes
    assert not isinstance(outcome, tuple)
    assert outcome.position is not None
    assert outcome.position <= spoilt
    assert _state(decisions) == (0, {}, {})


@thoroughly
@given(batches())
def test_a_batch_is_decided_as_its_units_one_by_one(batch: Batch) -> None:
    together = batch.decide()

    books, ids = batch.books, map(transaction_id, count(1))
    outcomes = []
    for unit in batch.units:
        alone = decide_naming(books, [unit], ids)
        outcomes += alone.outcomes
        books = books_after(books, alone)

    assert books == books_after(batch.books, together)
    assert list(map(_comparable, outcomes)) == list(map(_comparable, together.outcomes))


@thoroughly
@given(batches(), batches())
def test_the_order_of_independent_commands_does_not_matter(past: Batch, batch: Batch) -> None:
    books = books_after(past.books, past.decide())
    euros = [unit for unit in batch.units if _currencies(books, unit) == {"EUR"}]
    yens = [unit for unit in batch.units if _currencies(books, unit) == {"JPY"}]

    one_way = decide_units(books, [*euros, *yens], first_id=1000)
    other_way = decide_units(books, [*yens, *euros], first_id=1000)

    assert _balances(one_way.accounts.values()) == _balances(other_way.accounts.values())
    assert one_way.sequence == other_way.sequence
    reasons = [type(outcome) for outcome in one_way.outcomes]
    assert reasons[len(euros) :] + reasons[: len(euros)] == list(map(type, other_way.outcomes))


@thoroughly
@given(batches())
def test_events_are_numbered_without_a_gap_in_the_order_they_are_told(batch: Batch) -> None:
    decisions = batch.decide()

    told = 0
    for applied in applied_in(decisions):
        types = [type_ for type_, _ in facts_of(applied)]
        assert applied.transaction.sequence == told + 1
        told += len(types)
        assert {entry.sequence for entry in applied.entries} == {told}
        assert {account.sequence for account in applied.accounts} == {told}
        assert (EventType.TRANSACTION_REVERSED in types) == (applied.reversed is not None)
        assert applied.reversed is None or applied.reversed.sequence == told
    assert decisions.sequence == told


@thoroughly
@given(batches())
def test_only_what_changed_is_returned(batch: Batch) -> None:
    decisions = batch.decide()

    assert decisions.accounts.keys() == {entry.account_id for entry in _entries(decisions)}
    changed = {each.transaction.id for each in applied_in(decisions)}
    originals = {each.transaction.reverses for each in applied_in(decisions)}
    changed |= {each for each in originals if each is not None}
    assert decisions.transactions.keys() == changed


@thoroughly
@given(batches())
def test_each_account_is_left_as_its_last_entry_says(batch: Batch) -> None:
    decisions = batch.decide()

    for applied in applied_in(decisions):
        for entry, account in zip(applied.entries, applied.accounts, strict=True):
            assert (entry.account_id, entry.version) == (account.id, account.version)
            assert entry.after == account.counters
    last = {a.id: a for applied in applied_in(decisions) for a in applied.accounts}
    assert decisions.accounts == last


@thoroughly
@given(batches())
def test_a_movement_is_told_with_the_final_balance_of_its_command(batch: Batch) -> None:
    for applied in applied_in(batch.decide()):
        final = {account.id: account for account in applied.wallets}
        assert all(
            entry.after == final[entry.account_id].counters for entry in applied.wallet_moves
        )


@thoroughly
@given(batches())
def test_reversals_never_add_up_to_more_than_the_original(batch: Batch) -> None:
    after = books_after(batch.books, batch.decide()).transactions.values()

    amounts: Counter[tuple[str, str]] = Counter()
    for reversal in after:
        amounts[reversal.reverses or "", reversal.status.value] += reversal.amount
    for original in after:
        assert original.reversed_amount == amounts[original.id, "posted"]
        assert original.reversing_amount == amounts[original.id, "pending"]
        assert original.reversed_amount + original.reversing_amount <= original.amount


@thoroughly
@given(batches())
def test_the_original_is_told_of_when_its_reversal_is_completed(batch: Batch) -> None:
    for applied in applied_in(batch.decide()):
        reversal = applied.transaction
        is_completed = reversal.reverses is not None and reversal.status.value == "posted"
        assert (applied.reversed.id if applied.reversed else None) == (
            reversal.reverses if is_completed else None
        )


@thoroughly
@given(batches())
def test_a_payout_is_told_of_last_and_only_when_it_ends_or_comes_back(batch: Batch) -> None:
    for applied in applied_in(batch.decide()):
        types = [type_ for type_, _ in facts_of(applied)]
        transaction, original = applied.transaction, applied.reversed
        expected = None
        if original is not None and original.type.value == "payout":
            expected = EventType.PAYOUT_FAILED
        elif transaction.type.value == "payout":
            expected = _END_OF_A_PAYOUT[transaction.status.value]
        assert [each for each in types if "payout" in each] == ([expected] if expected else [])
        assert expected is None or types[-1] is expected


@thoroughly
@given(batches())
def test_a_transaction_is_completed_once_and_stays_so(batch: Batch) -> None:
    seen: dict[str, list[str]] = {}
    for applied in applied_in(batch.decide()):
        transaction = applied.transaction
        seen.setdefault(transaction.id, []).append(transaction.status.value)
        assert (transaction.completed_at is None) == (transaction.status.value == "pending")

    for statuses in seen.values():
        assert len(statuses) == 1 or (len(statuses) == 2 and statuses[0] == "pending")
        assert all(one != other for one, other in pairwise(statuses))


def _commanded(batch: Batch, decisions: Decisions) -> Iterator[tuple[Command, Applied]]:
    """Pair each command that took effect with what it came to."""
    for unit, outcome in zip(batch.units, decisions.outcomes, strict=True):
        if isinstance(outcome, tuple):
            yield from zip(unit, outcome, strict=True)


def _named_beyond_floor(command: Command) -> Collection[AccountId]:
    match command:
        case Post(draft) | Hold(draft):
            return draft.beyond_floor
        case Reverse():
            return command.instead.values()
    return ()


def _entries(decisions: Decisions) -> list[Entry]:
    return [entry for applied in applied_in(decisions) for entry in applied.entries]


def _total(entries: Iterable[Entry], side: Side) -> int:
    return sum(entry.amount for entry in entries if entry.side is side)


def _as_counter(counters: Counters) -> dict[str, int]:
    return {
        "debits_posted": counters.debits_posted,
        "credits_posted": counters.credits_posted,
        "debits_pending": counters.debits_pending,
        "credits_pending": counters.credits_pending,
    }


def _state(decisions: Decisions) -> tuple[object, ...]:
    return decisions.sequence, decisions.accounts, decisions.transactions


def _comparable(outcome: object) -> object:
    """Errors compare by identity, so compare what they say."""
    return outcome if isinstance(outcome, tuple) else (type(outcome), vars(outcome))


def _balances(accounts: Iterable[Account]) -> dict[AccountId, tuple[Counters, int]]:
    return {account.id: (account.counters, account.version) for account in accounts}


def _currencies(books: Books, unit: Unit) -> set[str]:
    """Return the currencies of the accounts that a unit touches."""
    touched: set[AccountId] = set()
    for command in unit:
        match command:
            case Post(draft) | Hold(draft):
                touched |= {posting.account_id for posting in draft.postings}
            case Settle(id_) | Void(id_) | Reverse(id_) if id_ in books.transactions:
                touched |= {each.account_id for each in books.transactions[id_].postings}
        if isinstance(command, Reverse):
            touched |= set(command.instead.values())
    return {books.accounts[each].currency if each in books.accounts else "?" for each in touched}
