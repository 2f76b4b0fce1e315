"""A ledger's time, its floor, and the idempotency keys that it keeps."""

from datetime import datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.ids import LedgerId, PartnerId
from payflow_domain.ledger.errors import IdempotencyInFlight, IdempotencyKeyReused
from payflow_domain.ledger.idempotency import (
    RETENTION,
    Answer,
    Claim,
    IdempotencyKey,
    SpentKey,
    replay,
)
from payflow_domain.ledger.ledgers import Environment, Ledger
from tests.builders.times import START, TICK

LEDGER = Ledger(LedgerId(1), PartnerId("ptr_1"), Environment.SANDBOX, None, last_at=START)
CLAIM = Claim(IdempotencyKey("key-1"), bytes(32))
OTHER = Claim(IdempotencyKey("key-1"), b"\x01" * 32)
ANSWER = Answer(201, b'{"id":"txn_1"}')


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=365)))
def test_a_commit_has_the_time_of_the_clock(later: timedelta) -> None:
    assert LEDGER.next_moment(START + later) == START + later


@given(st.timedeltas(timedelta(0), timedelta(days=365)))
def test_time_goes_on_where_the_clock_stands_still_or_goes_back(earlier: timedelta) -> None:
    assert LEDGER.next_moment(START - earlier) == START + TICK


@given(st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))))  # noqa: DTZ001
def test_no_two_commits_share_a_moment(clock: list[datetime]) -> None:
    ledger, moments = LEDGER, [LEDGER.last_at]
    for now in clock:
        ledger = evolve(ledger, last_at=ledger.next_moment(now.replace(tzinfo=START.tzinfo)))
        moments.append(ledger.last_at)

    assert moments == sorted(set(moments))


@pytest.mark.parametrize(("limit", "floor"), [(None, None), (0, 0), (500, -500)])
def test_the_settlement_account_may_owe_up_to_the_limit(
    limit: int | None, floor: int | None
) -> None:
    assert evolve(LEDGER, settlement_limit=limit).settlement_floor == floor


def test_the_same_request_gets_the_same_answer_again() -> None:
    assert replay(SpentKey(CLAIM, ANSWER), CLAIM) is ANSWER


@pytest.mark.parametrize("answer", [ANSWER, None])
def test_another_request_with_the_same_key_is_refused(answer: Answer | None) -> None:
    with pytest.raises(IdempotencyKeyReused) as refusal:
        replay(SpentKey(CLAIM, answer), OTHER)

    assert refusal.value.subject == "key-1"
    assert refusal.value.code == "idempotency_key_reused"


@pytest.mark.parametrize("spent", [None, SpentKey(CLAIM, None)])
def test_a_request_that_is_still_running_is_not_answered_twice(spent: SpentKey | None) -> None:
    with pytest.raises(IdempotencyInFlight) as refusal:
        replay(spent, CLAIM)

    assert refusal.value.subject == "key-1"
    assert refusal.value.code == "idempotency_in_flight"


def test_spent_keys_are_kept_for_thirty_days() -> None:
    assert timedelta(days=30) == RETENTION
