"""Requests that are decided together, and their idempotency keys."""

from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.memory import MemoryStore
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account
from payflow_domain.ledger.batch import (
    Executed,
    Replayed,
    Request,
    Telling,
    load_for,
)
from payflow_domain.ledger.decisions import Outcome
from payflow_domain.ledger.errors import (
    IdempotencyInFlight,
    IdempotencyKeyReused,
    InsufficientFunds,
)
from payflow_domain.ledger.idempotency import Answer, Claim, IdempotencyKey, SpentKey
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Loaded
from payflow_domain.ledger.published import publish_balances, publish_with_balances
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Command, Hold, Post, Reverse, Settle, Unit, Void
from tests.builders.deciding import DecidedRequests, apply_all, decide_in_one
from tests.builders.ledger import funded_books, ledgers_over, open_funded_ledger, transfer
from tests.builders.times import START, CountingIds, SettableClock, wallet_id
from tests.strategies.batches import Batch, batches
from tests.strategies.ledger import claims

LEDGER = Ledger(LedgerId(1), PartnerId("ptr_1"), Environment.SANDBOX, None, last_at=START)
ONE, OTHER = wallet_id(1), wallet_id(2)
KEY = IdempotencyKey("key-1")
CLAIM, OTHER_CLAIM = Claim(KEY, bytes(32)), Claim(KEY, b"\x01" * 32)
ANSWER = Answer(201, b"told before")


def test_requests_are_decided_in_their_order_and_each_on_its_own() -> None:
    decided = _decide(_pay(900), _pay(900), _pay(100))

    assert [_took_effect(result) for result in decided.results] == [True, False, True]
    assert decided.changes is not None
    assert [made.amount for made in decided.changes.new_transactions] == [900, 100]


def test_units_of_one_request_fail_alone() -> None:
    units = (_unit(900), _unit(900), _unit(100))

    (result,) = _decide(Request(LEDGER.id, units)).results

    assert isinstance(result, Executed)
    assert [isinstance(outcome, tuple) for outcome in result.outcomes] == [True, False, True]


def test_nothing_is_written_where_nothing_took_effect() -> None:
    assert _decide(_pay(1001, CLAIM)).changes is None


def test_the_same_key_twice_takes_effect_once() -> None:
    decided = _decide(_pay(10, CLAIM), _pay(10, CLAIM), _pay(10, CLAIM))

    assert decided.results[0] == Executed(_outcomes(decided), Answer(201, b"1 of 1"))
    assert decided.results[1:] == [Replayed(Answer(201, b"1 of 1"))] * 2
    assert decided.changes is not None
    assert len(decided.changes.new_transactions) == 1
    assert decided.changes.spent == [SpentKey(CLAIM, Answer(201, b"1 of 1"))]


def test_an_answer_is_written_from_the_published_form() -> None:
    told: list[Telling] = []

    def render(tellings: Sequence[Telling]) -> Answer:
        told.extend(tellings)
        return ANSWER

    decided = _decide(Request(LEDGER.id, (_unit(10), _unit(1001)), CLAIM, render))

    applied, refused = _outcomes(decided)
    assert isinstance(applied, tuple)
    published = publish_with_balances(applied[0].transaction, publish_balances(applied[0].wallets))
    assert told == [(published,), refused]


def test_the_same_key_for_another_request_is_refused() -> None:
    first, second = _decide(_pay(10, CLAIM), _pay(20, OTHER_CLAIM)).results

    assert _took_effect(first)
    assert isinstance(second, IdempotencyKeyReused)


def test_the_same_request_twice_is_refused_twice_for_the_same_reason() -> None:
    first, second = _decide(_pay(1001, CLAIM), _pay(1001, CLAIM)).results

    assert isinstance(first, Executed)
    assert isinstance(first.outcomes[0], InsufficientFunds)
    assert second == first


def test_another_request_with_the_key_of_a_refused_one_may_ask_again() -> None:
    _, second = _decide(_pay(1001, CLAIM), _pay(10, OTHER_CLAIM)).results

    assert isinstance(second, IdempotencyInFlight)


def test_a_refusal_leaves_its_key_free() -> None:
    decided = _decide(_pay(1001, CLAIM), _pay(10))

    assert decided.changes is not None
    assert decided.changes.spent == []


def test_one_accepted_unit_spends_the_key_of_its_request() -> None:
    request = Request(LEDGER.id, (_unit(1001), _unit(1)), CLAIM, _render)

    decided = _decide(request)

    assert decided.changes is not None
    assert decided.changes.spent == [SpentKey(CLAIM, Answer(201, b"1 of 2"))]


def test_a_spent_key_replays_what_was_told_then() -> None:
    decided = _decide(_pay(10, CLAIM), _pay(20), spent=SpentKey(CLAIM, ANSWER))

    assert decided.results[0] == Replayed(ANSWER)
    assert _took_effect(decided.results[1])
    assert decided.changes is not None
    assert [made.amount for made in decided.changes.new_transactions] == [20]
    assert decided.changes.spent == []


def test_a_spent_key_is_no_good_for_another_request() -> None:
    (result,) = _decide(_pay(10, OTHER_CLAIM), spent=SpentKey(CLAIM, ANSWER)).results

    assert isinstance(result, IdempotencyKeyReused)


def test_a_key_without_an_answer_yet_is_in_flight() -> None:
    (result,) = _decide(_pay(10, CLAIM), spent=SpentKey(CLAIM, None)).results

    assert isinstance(result, IdempotencyInFlight)


def test_a_request_without_an_answer_claims_its_key() -> None:
    decided = _decide(Request(LEDGER.id, (_unit(10),), CLAIM))

    assert decided.changes is not None
    assert decided.changes.spent == [SpentKey(CLAIM, None)]


def test_what_finishes_a_claimed_key_answers_it() -> None:
    decided = _decide(_finish(10), spent=SpentKey(CLAIM, None))

    assert _took_effect(decided.results[0])
    assert decided.changes is not None
    assert decided.changes.spent == [SpentKey(CLAIM, Answer(201, b"1 of 1"))]


def test_what_is_refused_leaves_a_claimed_key_without_an_answer() -> None:
    decided = _decide(_finish(1001), spent=SpentKey(CLAIM, None))

    assert not _took_effect(decided.results[0])
    assert decided.changes is None


def test_a_key_that_has_its_answer_is_not_finished_again() -> None:
    decided = _decide(_finish(10), spent=SpentKey(CLAIM, ANSWER))

    assert decided.results == [Replayed(ANSWER)]
    assert decided.changes is None


def test_of_two_that_finish_a_key_one_takes_effect() -> None:
    decided = _decide(_finish(10), _finish(10), spent=SpentKey(CLAIM, None))

    assert _took_effect(decided.results[0])
    assert decided.results[1] == Replayed(Answer(201, b"1 of 1"))


@pytest.mark.parametrize("end", [Settle, Void])
def test_with_a_reversal_on_its_way_its_original_is_loaded(end: type[Settle | Void]) -> None:
    store = MemoryStore(SettableClock())
    ledgers = ledgers_over(store.begin, store, SettableClock())
    ledger = open_funded_ledger(ledgers, wallets=3)
    one, other, third = ledger.wallets
    sent = ledgers.post(ledger.id, transfer(one, other, 10)).transaction.id
    held = _made(ledgers, ledger.id, Reverse(sent, is_held=True, instead={other: third}))

    with store.begin() as uow:
        loaded = load_for(uow, [Request(ledger.id, ((end(held),),))])[ledger.id]

    assert loaded.transactions.keys() == {held, sent}
    assert loaded.accounts.keys() == {one, other, third}


def test_with_a_reversal_to_be_made_what_stands_in_is_loaded() -> None:
    store = MemoryStore(SettableClock())
    ledgers = ledgers_over(store.begin, store, SettableClock())
    ledger = open_funded_ledger(ledgers, wallets=3)
    one, other, third = ledger.wallets
    sent = ledgers.post(ledger.id, transfer(one, other, 10)).transaction.id

    with store.begin() as uow:
        reverse = Reverse(sent, instead={other: third})
        loaded = load_for(uow, [Request(ledger.id, ((reverse,),))])[ledger.id]

    assert loaded.accounts.keys() == {one, other, third}


def test_made_and_changed_transactions_are_told_apart() -> None:
    before, (held,) = apply_all(funded_books(wallets=2), Hold(transfer(ONE, OTHER, 300)))
    books = Loaded(
        evolve(LEDGER, sequence=before.sequence),
        accounts=dict(before.accounts),
        transactions=dict(before.transactions),
    )
    settle = Request(LEDGER.id, ((Settle(held.transaction.id),),))

    changes = _decided(books, [settle, _pay(1)]).changes

    assert changes is not None
    assert [each.id for each in changes.changed_transactions] == [held.transaction.id]
    assert [each.amount for each in changes.new_transactions] == [1]


@given(batches(), st.lists(st.none() | claims, min_size=8, max_size=8))
def test_replaying_the_keys_of_a_batch_changes_nothing(
    batch: Batch, keys: list[Claim | None]
) -> None:
    requests = [
        Request(LEDGER.id, (unit,), claim, _render)
        for unit, claim in zip(batch.units, keys, strict=False)
    ]
    books = Loaded(LEDGER, accounts=dict(batch.books.accounts))
    decided = _decided(books, requests)
    spent = {each.claim.key: each for each in decided.changes.spent} if decided.changes else {}
    keyed = [request for request in requests if request.claim and request.claim.key in spent]

    again = _decided(_with_spent(books, spent), keyed)

    assert again.changes is None
    for request, result in zip(keyed, again.results, strict=True):
        assert request.claim is not None
        first = spent[request.claim.key]
        if request.claim == first.claim:
            assert result == Replayed(first.answer or ANSWER)
        else:
            assert isinstance(result, IdempotencyKeyReused)


@given(batches(), st.lists(st.none() | claims, min_size=8, max_size=8))
def test_a_batch_writes_what_it_decided_and_all_of_it(
    batch: Batch, keys: list[Claim | None]
) -> None:
    requests = [
        Request(LEDGER.id, (unit,), claim, _render)
        for unit, claim in zip(batch.units, keys, strict=False)
    ]

    decided = _decided(Loaded(LEDGER, accounts=dict(batch.books.accounts)), requests)

    applied = [
        one
        for result in decided.results
        if isinstance(result, Executed)
        for outcome in result.outcomes
        if isinstance(outcome, tuple)
        for one in outcome
    ]
    assert (decided.changes is None) == (not applied)
    if decided.changes is not None:
        changes = decided.changes
        assert list(changes.entries) == [entry for one in applied for entry in one.entries]
        assert {each.id for each in changes.new_transactions} == {
            each.transaction.id for each in applied
        }
        assert [event.sequence for event in changes.events] == list(
            range(1, changes.ledger.sequence + 1)
        )
        assert changes.ledger.head == changes.events[-1].hash
        assert changes.ledger.last_at == START
        _check_accounts(changes.changed_accounts, batch)


def _check_accounts(accounts: Sequence[Account], batch: Batch) -> None:
    for account in accounts:
        assert account.version > batch.books.accounts[account.id].version


def _with_spent(books: Loaded, spent: dict[IdempotencyKey, SpentKey]) -> Loaded:
    return Loaded(books.ledger, books.accounts, books.transactions, spent)


def _unit(amount: int) -> Unit:
    return (Post(transfer(ONE, OTHER, amount)),)


def _pay(amount: int, claim: Claim | None = None) -> Request:
    return Request(LEDGER.id, (_unit(amount),), claim, _render if claim else None)


def _finish(amount: int) -> Request:
    return Request(LEDGER.id, (_unit(amount),), CLAIM, _render, finishes=True)


def _made(ledgers: Ledgers, ledger_id: LedgerId, command: Command) -> TransactionId:
    (result,) = ledgers.execute([Request(ledger_id, ((command,),))])
    assert isinstance(result, Executed)
    (outcome,) = result.outcomes
    assert isinstance(outcome, tuple)
    return outcome[0].transaction.id


def _render(outcomes: Sequence[Telling]) -> Answer:
    applied = sum(isinstance(outcome, tuple) for outcome in outcomes)
    return Answer(201, f"{applied} of {len(outcomes)}".encode())


def _decide(*requests: Request, spent: SpentKey | None = None) -> DecidedRequests:
    """Decide requests on two wallets of 1000 each."""
    books = Loaded(
        LEDGER,
        accounts=dict(funded_books(wallets=2).accounts),
        spent={spent.claim.key: spent} if spent else {},
    )
    return _decided(books, requests)


def _decided(books: Loaded, requests: Sequence[Request]) -> DecidedRequests:
    return decide_in_one(books, requests, START, CountingIds().minting(START))


def _took_effect(result: Executed | Replayed | PayFlowError) -> bool:
    return isinstance(result, Executed) and result.took_effect


def _outcomes(decided: DecidedRequests) -> tuple[Outcome, ...]:
    (first, *_) = decided.results
    return first.outcomes if isinstance(first, Executed) else ()
