"""The journal: what is told of a command, and the chain that shows any tampering."""

import hashlib
import json
from collections.abc import Sequence

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.encoding import encode_json
from payflow_domain.ids import LedgerId, PartnerId
from payflow_domain.ledger.decisions import Applied
from payflow_domain.ledger.journal import Event, EventType, facts_of, link, write_events
from payflow_domain.ledger.ledgers import GENESIS, Environment, Ledger
from payflow_domain.ledger.transactions import (
    Command,
    Failure,
    Hold,
    Post,
    Reverse,
    Settle,
    TransactionType,
    Void,
)
from tests.builders.deciding import apply_all
from tests.builders.ledger import funded_books, settlement, transfer
from tests.builders.times import START, CountingIds, transaction_id, wallet_id

LEDGER = Ledger(LedgerId(1), PartnerId("ptr_1"), Environment.LIVE, None, last_at=START)
ONE, OTHER = wallet_id(1), wallet_id(2)
SENT = transfer(ONE, OTHER, 100)
PAYOUT = evolve(transfer(ONE, settlement().id, 100), type=TransactionType.PAYOUT)
FIRST, SECOND = transaction_id(1), transaction_id(2)
HOLD_BACK = Reverse(FIRST, is_held=True)
BOOKS = funded_books(wallets=2)

facts = st.lists(
    st.tuples(st.sampled_from(EventType), st.dictionaries(st.text(max_size=5), st.integers(0, 9))),
    min_size=1,
    max_size=5,
)
Told = list[tuple[EventType, dict[str, object]]]


@given(facts)
def test_events_are_numbered_on_from_the_head_of_the_journal(told: Told) -> None:
    events = _written(told, evolve(LEDGER, sequence=41))

    assert [event.sequence for event in events] == list(range(42, 42 + len(told)))
    assert [event.type for event in events] == [type_ for type_, _ in told]


@given(facts)
def test_each_hash_covers_the_hash_before_and_the_body(told: Told) -> None:
    events = _written(told)

    head = GENESIS
    for event in events:
        assert event.hash == hashlib.sha256(head + event.body).digest()
        head = event.hash


@given(facts, st.data())
def test_changing_any_byte_of_any_event_is_found(told: Told, data: st.DataObject) -> None:
    events = _written(told)
    index = data.draw(st.integers(0, len(events) - 1))
    place = data.draw(st.integers(0, len(events[index].body) - 1))
    body = bytearray(events[index].body)
    body[place] ^= data.draw(st.integers(1, 255))

    tampered = [*events[:index], evolve(events[index], body=bytes(body)), *events[index + 1 :]]

    assert _is_unbroken(events)
    assert not _is_unbroken(tampered)


@given(facts, st.data())
def test_leaving_out_or_swapping_events_is_found(told: Told, data: st.DataObject) -> None:
    events = _written([*told, *told])
    index = data.draw(st.integers(0, len(events) - 2))

    assert not _is_unbroken([*events[:index], *events[index + 1 :]])
    swapped = [*events[:index], events[index + 1], events[index], *events[index + 2 :]]
    assert not _is_unbroken(swapped)


@given(facts, facts)
def test_a_journal_written_in_two_commits_is_one_chain(told: Told, more: Told) -> None:
    events = _written(told)
    ledger = evolve(LEDGER, sequence=events[-1].sequence, head=events[-1].hash)

    assert _is_unbroken([*events, *_written(more, ledger)])


def test_the_body_is_the_published_event_in_compact_form() -> None:
    (event,) = _written([(EventType.WALLET_UPDATED, {"name": "Zoë"})])

    body = json.loads(event.body)
    assert list(body) == ["id", "event", "sequence", "environment", "createdAt", "data"]
    assert body.pop("id").startswith("evt_")
    assert body == {
        "event": "wallet.updated",
        "sequence": 1,
        "environment": "live",
        "createdAt": "2026-01-31T12:00:00.123456Z",
        "data": {"name": "Zoë"},
    }
    assert event.body.endswith('"data":{"name":"Zoë"}}'.encode())
    assert event.at == START


def test_a_transfer_tells_of_itself_and_of_both_wallets() -> None:
    assert _types(Post(SENT)) == [
        EventType.TRANSACTION_COMPLETED,
        EventType.WALLET_DEBITED,
        EventType.WALLET_CREDITED,
    ]


def test_the_ledgers_own_accounts_are_not_told_of() -> None:
    credit = transfer(settlement().id, ONE, 5)

    assert _types(Post(credit)) == [EventType.TRANSACTION_COMPLETED, EventType.WALLET_CREDITED]


def test_a_hold_moves_no_posted_balance() -> None:
    assert _types(Hold(SENT)) == [EventType.TRANSACTION_PENDING]


def test_a_void_tells_of_a_failure() -> None:
    assert _types(Hold(SENT), Void(FIRST)) == [EventType.TRANSACTION_FAILED]


def test_a_settlement_in_part_tells_of_each_wallet_once() -> None:
    assert _types(Hold(SENT), Settle(FIRST, 60)) == _types(Post(SENT))


def test_a_reversal_tells_last_of_what_it_reversed() -> None:
    assert _types(Post(SENT), Reverse(FIRST)) == [
        EventType.TRANSACTION_COMPLETED,
        EventType.WALLET_CREDITED,
        EventType.WALLET_DEBITED,
        EventType.TRANSACTION_REVERSED,
    ]


def test_a_held_reversal_tells_nothing_of_what_it_is_to_reverse() -> None:
    assert _types(Post(SENT), HOLD_BACK) == [EventType.TRANSACTION_PENDING]
    assert _types(Post(SENT), HOLD_BACK, Void(SECOND)) == [EventType.TRANSACTION_FAILED]


def test_the_end_of_a_held_reversal_is_told_as_a_reversal() -> None:
    assert _types(Post(SENT), HOLD_BACK, Settle(SECOND)) == _types(Post(SENT), Reverse(FIRST))


def test_a_payout_is_told_of_when_it_is_made_and_last_when_it_is_paid() -> None:
    assert _types(Hold(PAYOUT)) == [EventType.TRANSACTION_PENDING]
    assert _types(Hold(PAYOUT), Settle(FIRST)) == [
        EventType.TRANSACTION_COMPLETED,
        EventType.WALLET_DEBITED,
        EventType.PAYOUT_COMPLETED,
    ]


def test_a_payout_that_failed_is_told_of_last() -> None:
    assert _types(Hold(PAYOUT), Void(FIRST)) == [
        EventType.TRANSACTION_FAILED,
        EventType.PAYOUT_FAILED,
    ]


def test_a_payout_that_came_back_is_told_as_failed_after_its_reversal() -> None:
    assert _types(Hold(PAYOUT), Settle(FIRST), Reverse(FIRST)) == [
        EventType.TRANSACTION_COMPLETED,
        EventType.WALLET_CREDITED,
        EventType.TRANSACTION_REVERSED,
        EventType.PAYOUT_FAILED,
    ]


def test_the_end_of_a_payout_tells_the_payout_as_it_is_then() -> None:
    failure = Failure("account_closed", "The bank account is closed.")

    _, (*_, paid) = apply_all(BOOKS, Hold(PAYOUT), Settle(FIRST))
    _, (*_, failed) = apply_all(BOOKS, Hold(PAYOUT), Void(FIRST, failure))
    _, (*_, came_back) = apply_all(BOOKS, Hold(PAYOUT), Settle(FIRST), Reverse(FIRST))

    ended = [_told_last(applied) for applied in (paid, failed, came_back)]
    assert [each["id"] for each in ended] == [FIRST] * 3
    assert [each["status"] for each in ended] == ["completed", "failed", "reversed"]
    assert [each["walletId"] for each in ended] == [ONE] * 3
    assert ended[1]["failure"] == {
        "code": "account_closed",
        "message": "The bank account is closed.",
    }


def _told_last(applied: Applied) -> dict[str, object]:
    *_, (_, told) = facts_of(applied)
    return told


def _types(*commands: Command) -> list[EventType]:
    """Return what is told of the last of the commands."""
    _, applied = apply_all(BOOKS, *commands)
    return [type_ for type_, _ in facts_of(applied[-1])]


def _written(told: Told, ledger: Ledger = LEDGER) -> list[Event]:
    return write_events(ledger, told, START, CountingIds().minting(START), encode_json)


def _is_unbroken(events: Sequence[Event]) -> bool:
    """Follow the chain as an auditor would, from the bodies and hashes alone."""
    head = GENESIS
    for event in events:
        head = link(head, event.body)
        if head != event.hash:
            return False
    return True
