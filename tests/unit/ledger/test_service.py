"""The ledger's use cases, over books in memory."""

from collections.abc import Callable

import pytest
from attrs import evolve

from payflow_adapters.memory import MemoryStore
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, LedgerId, PartnerId
from payflow_domain.ledger.accounts import Balance, Counters
from payflow_domain.ledger.batch import Executed, Replayed, Request
from payflow_domain.ledger.errors import (
    AccountExists,
    AccountNotFound,
    InsufficientFunds,
    InvalidAccountId,
    LedgerNotFound,
    NotPending,
    TransactionNotFound,
)
from payflow_domain.ledger.idempotency import RETENTION, Answer, Claim, IdempotencyKey
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Draft, Failure, Post, Status
from tests.builders.ledger import (
    FundedLedger,
    ledgers_over,
    open_funded_ledger,
    transfer,
    wallet,
)
from tests.builders.times import TICK, SettableClock, transaction_id, wallet_id

NOWHERE = LedgerId(99)
ABSENT = wallet_id(10**9)
OTHER_PARTNER = PartnerId("ptr_00000000000000000000000002")
CLAIM = Claim(IdempotencyKey("key-1"), bytes(32))


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def ledgers(clock: SettableClock) -> Ledgers:
    store = MemoryStore(clock)
    return ledgers_over(store.begin, store, clock)


@pytest.fixture
def ledger(ledgers: Ledgers) -> FundedLedger:
    return open_funded_ledger(ledgers)


def _sent(ledger: FundedLedger, amount: int) -> Draft:
    return transfer(ledger.wallets[0], ledger.wallets[1], amount)


def _pay(ledger: FundedLedger, amount: int, claim: Claim | None = None) -> Request:
    unit = (Post(_sent(ledger, amount)),)
    return Request(ledger.id, (unit,), claim, lambda _: Answer(201, b"paid"))


def _present(ledgers: Ledgers, ledger: FundedLedger) -> list[Balance]:
    return [ledgers.balance(ledger.id, each).balance for each in ledger.wallets]


def test_a_hold_is_settled_and_reversed(ledgers: Ledgers, ledger: FundedLedger) -> None:
    held = ledgers.hold(ledger.id, _sent(ledger, 400)).transaction
    assert _present(ledgers, ledger) == [Balance(1000, -400, 600), Balance(1000, 400, 1000)]

    ledgers.settle(ledger.id, held.id, 300)
    assert _present(ledgers, ledger) == [Balance(700, 0, 700), Balance(1300, 0, 1300)]

    ledgers.reverse(ledger.id, held.id, 100)
    assert _present(ledgers, ledger) == [Balance(800, 0, 800), Balance(1200, 0, 1200)]
    assert ledgers.transaction(ledger.id, held.id).reversed_amount == 100


def test_a_void_leaves_a_hold_failed_with_its_reason(
    ledgers: Ledgers, ledger: FundedLedger
) -> None:
    held = ledgers.hold(ledger.id, _sent(ledger, 400)).transaction
    failure = Failure("bank_refused", "The bank refused.")

    ledgers.void(ledger.id, held.id, failure)

    voided = ledgers.transaction(ledger.id, held.id)
    assert (voided.status, voided.failure) == (Status.VOIDED, failure)
    assert _present(ledgers, ledger) == [Balance(1000, 0, 1000)] * 2
    with pytest.raises(NotPending):
        ledgers.settle(ledger.id, held.id)


def test_a_refusal_is_raised_and_changes_nothing(ledgers: Ledgers, ledger: FundedLedger) -> None:
    before = ledgers.reader.ledger(ledger.id)

    with pytest.raises(InsufficientFunds):
        ledgers.post(ledger.id, _sent(ledger, 1001))

    assert ledgers.reader.ledger(ledger.id) == before


def test_one_refused_request_never_harms_another(ledgers: Ledgers, ledger: FundedLedger) -> None:
    elsewhere = open_funded_ledger(ledgers, partner_id=OTHER_PARTNER)
    lost = evolve(ledger, id=NOWHERE)

    results = ledgers.execute(
        [_pay(lost, 1), _pay(ledger, 1001), _pay(elsewhere, 1), _pay(ledger, 1), _pay(lost, 1)]
    )

    assert isinstance(results[0], LedgerNotFound)
    assert isinstance(results[4], LedgerNotFound)
    decided = [each for each in results if isinstance(each, Executed)]
    assert [each.took_effect for each in decided] == [False, True, True]


def test_a_transaction_of_another_ledger_is_not_there(
    ledgers: Ledgers, ledger: FundedLedger
) -> None:
    elsewhere = open_funded_ledger(ledgers, partner_id=OTHER_PARTNER)
    held = ledgers.hold(ledger.id, _sent(ledger, 1)).transaction

    for use_case in (ledgers.settle, ledgers.void, ledgers.reverse, ledgers.transaction):
        with pytest.raises(TransactionNotFound):
            use_case(elsewhere.id, held.id)


def test_a_key_is_spent_once_and_forgotten_after_thirty_days(
    ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
) -> None:
    refused, _ = ledgers.execute([_pay(ledger, 1001, CLAIM), _pay(ledger, 1)])
    (first,) = ledgers.execute([_pay(ledger, 10, CLAIM)])
    (again,) = ledgers.execute([_pay(ledger, 10, CLAIM)])
    clock.advance(RETENTION + TICK * 1000)
    (later,) = ledgers.execute([_pay(ledger, 10, CLAIM)])

    assert isinstance(refused, Executed)
    assert not refused.took_effect
    assert isinstance(first, Executed)
    assert again == Replayed(Answer(201, b"paid"))
    assert isinstance(later, Executed)


def test_the_same_key_in_two_ledgers_is_two_keys(ledgers: Ledgers, ledger: FundedLedger) -> None:
    elsewhere = open_funded_ledger(ledgers, partner_id=OTHER_PARTNER)

    results = ledgers.execute([_pay(ledger, 10, CLAIM), _pay(elsewhere, 10, CLAIM)])

    assert all(isinstance(each, Executed) and each.took_effect for each in results)


def test_an_account_is_opened_once_and_empty(ledgers: Ledgers, ledger: FundedLedger) -> None:
    full = evolve(wallet(7), counters=Counters(credits_posted=5), version=3, sequence=9)

    assert ledgers.open_account(ledger.id, full) == wallet(7)
    with pytest.raises(AccountExists) as refusal:
        ledgers.open_account(ledger.id, full)
    assert refusal.value.subject == wallet_id(7)


@pytest.mark.parametrize("account_id", ["", "a" * 101, 'wal_"', "wal_\t", "Käse"])
def test_an_account_id_has_plain_characters(
    ledgers: Ledgers, ledger: FundedLedger, account_id: str
) -> None:
    account = evolve(wallet(7), id=AccountId(account_id))

    with pytest.raises(InvalidAccountId):
        ledgers.open_account(ledger.id, account)


@pytest.mark.parametrize(
    ("use_case", "error"),
    [
        (lambda ledgers, id_: ledgers.balance(id_, ABSENT), AccountNotFound),
        (lambda ledgers, id_: ledgers.statement(id_, ABSENT, Page(10)), AccountNotFound),
        (lambda ledgers, id_: ledgers.transaction(id_, transaction_id(1)), TransactionNotFound),
    ],
    ids=["balance", "statement", "transaction"],
)
def test_what_is_not_there_is_not_found(
    ledgers: Ledgers,
    ledger: FundedLedger,
    use_case: Callable[[Ledgers, LedgerId], object],
    error: type[PayFlowError],
) -> None:
    with pytest.raises(error):
        use_case(ledgers, ledger.id)


def test_a_ledger_that_is_not_there_is_not_found(ledgers: Ledgers) -> None:
    with pytest.raises(LedgerNotFound):
        ledgers.post(NOWHERE, transfer(ABSENT, ABSENT, 1))
    with pytest.raises(LedgerNotFound):
        ledgers.open_account(NOWHERE, wallet(1))


def test_the_time_of_a_ledger_never_goes_back(
    ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
) -> None:
    times = []
    for _ in range(3):
        times.append(ledgers.post(ledger.id, _sent(ledger, 1)).transaction.created_at)
        clock.advance(-TICK * 1000)

    assert times == sorted(set(times))
