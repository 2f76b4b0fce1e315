"""What is sent, in which order, and how much of it at a time."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ports import Wanted
from payflow_domain.webhooks.deliveries import Attempt, DeliveryStatus, Outcome
from payflow_domain.webhooks.dispatch import (
    ENDPOINTS_AT_A_TIME,
    RETENTION,
)
from payflow_domain.webhooks.endpoints import EndpointChange
from payflow_domain.webhooks.rooms import WINDOW, WINDOW_FAILING, WINDOWS_HELD
from payflow_domain.webhooks.taking import Errands
from tests.builders.times import START, TICK, endpoint_id
from tests.builders.webhooks import BROKEN, LATENCY_MS, OK, PostOffice, asked, events_of

CREATED, UPDATED = EventType.WALLET_CREATED, EventType.WALLET_UPDATED
HELD, HELD_FAILING = WINDOWS_HELD * WINDOW, WINDOWS_HELD * WINDOW_FAILING


def test_every_event_is_sent_once_in_the_order_of_the_journal(office: PostOffice) -> None:
    office.endpoint()
    happened = [id_ for count in (1, 150, 3) for id_ in office.create_wallets(count)]
    worker = office.worker()

    sent = worker.deliver()

    assert sent == happened
    assert worker.take() == []
    later = office.create_wallets(2)
    assert worker.deliver() == later


def test_every_endpoint_is_told(office: PostOffice) -> None:
    one, two = office.endpoint(), office.endpoint()
    happened = office.create_wallets(3)

    errands = office.worker().take()

    for endpoint in (one, two):
        of_it = [errand for errand in errands if errand.endpoint.id == endpoint.id]
        assert events_of(of_it) == happened


def test_partners_hear_of_their_own_ledgers_only(office: PostOffice) -> None:
    other = office.other_actor()
    mine, theirs = office.endpoint(), office.endpoint(actor=other)
    happened, elsewhere = office.create_wallets(2), office.happen(CREATED, actor=other)

    errands = office.worker().take()

    told = {(errand.endpoint.id, errand.delivery.event_id) for errand in errands}
    assert told == {(mine.id, id_) for id_ in happened} | {(theirs.id, id_) for id_ in elsewhere}


def test_a_worker_may_look_into_some_ledgers_only(office: PostOffice) -> None:
    other = office.other_actor()
    office.endpoint()
    theirs = office.endpoint(actor=other)
    office.create_wallets(1)
    office.happen(CREATED, actor=other)

    taken = office.dispatcher.take("anna", {other.ledger_id}, {})

    assert [errand.endpoint.id for errand in taken.errands] == [theirs.id]


def test_an_endpoint_is_told_of_what_it_wants_to_hear(office: PostOffice) -> None:
    endpoint = office.endpoint(UPDATED)
    happened = office.happen(CREATED, UPDATED, CREATED, UPDATED)

    assert office.worker().deliver() == [happened[1], happened[3]]

    assert [one.sequence for one in office.deliveries(endpoint)] == [2, 4]
    assert office.look(endpoint).planned_through == 4


def test_a_long_row_of_other_events_is_passed_over(office: PostOffice) -> None:
    endpoint = office.endpoint(UPDATED)
    office.create_wallets(1_100)
    (wanted,) = office.happen(UPDATED)
    worker = office.worker()

    looks = [worker.take() for _ in range(3)]

    assert [events_of(look) for look in looks] == [[], [], [wanted]]
    assert worker.last.behind == {}
    assert office.look(endpoint).planned_through == 1_101


def test_whoever_is_behind_is_told_of(office: PostOffice) -> None:
    endpoint = office.endpoint(UPDATED)
    office.create_wallets(501)
    worker = office.worker()

    assert worker.take() == []

    assert list(worker.last.behind) == [endpoint.key]


def test_what_is_sent_is_the_event_as_the_journal_has_it(office: PostOffice) -> None:
    endpoint = office.endpoint()
    office.create_wallets(2)

    errands = office.worker().take()

    assert [errand.delivery.body for errand in errands] == [one.body for one in office.journal()]
    assert [errand.delivery.event_type for errand in errands] == [CREATED, CREATED]
    assert [errand.delivery.created_at for errand in errands] == [
        event.at for event in office.journal()
    ]
    assert {errand.endpoint.secret for errand in errands} == {endpoint.secret}


def test_what_came_of_an_attempt_is_kept(office: PostOffice) -> None:
    endpoint = office.endpoint()
    office.create_wallets(1)
    worker = office.worker()

    worker.conclude(worker.take())

    (delivery,) = office.deliveries(endpoint)
    assert delivery.status is DeliveryStatus.DELIVERED
    assert delivery.next_attempt_at is None
    assert delivery.attempts == (Attempt(1, START, LATENCY_MS, OK, None, "thanks"),)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("grün".encode(), "grün"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        (b"a\0b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_what_is_no_text_in_an_answer_is_replaced(
    office: PostOffice, answer: bytes, kept: str
) -> None:
    endpoint = office.endpoint()
    office.create_wallets(1)
    (errand,) = office.worker().take()

    office.dispatcher.conclude([(errand, Outcome(START, 1, OK, answer=answer))])

    assert [one.answer for one in office.deliveries(endpoint)[0].attempts] == [kept]


def test_a_worker_holds_only_so_many_deliveries_of_an_endpoint(office: PostOffice) -> None:
    endpoint = office.endpoint()
    happened = office.create_wallets(300)
    worker = office.worker()

    first = worker.take()
    assert events_of(first) == happened[:HELD]
    assert worker.last.behind == {endpoint.key: HELD - WINDOW}
    assert worker.take() == []
    worker.conclude(first[:5])

    assert events_of(worker.take()) == happened[HELD : HELD + 5]


def test_of_one_that_fails_fewer_until_something_arrives(office: PostOffice) -> None:
    endpoint = office.endpoint()
    happened = office.create_wallets(300)
    worker = office.worker()
    first = worker.take()
    worker.conclude(first[:1], BROKEN)

    worker.conclude(first[1:-HELD_FAILING], None)
    assert worker.take() == []
    worker.conclude(first[-HELD_FAILING:], BROKEN)
    office.clock.advance(TICK)
    few = worker.take()
    assert events_of(few) == happened[HELD : HELD + HELD_FAILING]
    assert worker.last.behind == {endpoint.key: HELD_FAILING - WINDOW_FAILING}

    worker.conclude(few)
    assert events_of(worker.take()) == happened[HELD + HELD_FAILING :]


def test_a_worker_is_told_what_became_of_endpoints_it_holds_deliveries_for(
    office: PostOffice,
) -> None:
    moved, disabled, removed = (office.endpoint() for _ in range(3))
    office.create_wallets(1)
    worker = office.worker()
    worker.take()

    now = office.change(moved, EndpointChange(url="https://example.org"))
    office.disable(disabled)
    office.webhooks.remove(office.actor, removed.id)
    worker.take()

    assert worker.last.held == {
        moved.key: evolve(now, planned_through=1),
        disabled.key: None,
        removed.key: None,
    }


def test_there_may_be_more_endpoints_than_are_taken_at_a_time(office: PostOffice) -> None:
    endpoint = office.endpoint()
    with office.store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted()})
        for number in range(ENDPOINTS_AT_A_TIME):
            uow.add_endpoint(evolve(endpoint, id=endpoint_id(number)))
    office.create_wallets(1)

    takes = [office.dispatcher.take("anna", None, {}) for _ in range(2)]

    assert [len(taken.errands) for taken in takes] == [ENDPOINTS_AT_A_TIME, 1]
    assert [taken.is_cut_short for taken in takes] == [True, False]


def test_a_journal_that_cannot_be_read_holds_up_its_own_endpoints_only(office: PostOffice) -> None:
    other = office.other_actor()
    endpoint, elsewhere = office.endpoint(), office.endpoint(actor=other)
    happened, there = office.create_wallets(3), office.happen(CREATED, actor=other)
    for sequence in (2, 3):
        del office.store._tables.events[endpoint.ledger_id, sequence]
    worker = office.worker()

    first, behind = worker.take(), worker.last.behind
    second, stuck = worker.take(), worker.last.behind

    assert {errand.endpoint.id for errand in first} == {endpoint.id, elsewhere.id}
    assert sorted(events_of(first)) == sorted([happened[0], *there])
    assert list(behind) == [endpoint.key]
    assert (second, stuck) == ([], {})
    assert office.worker("ben").take() == worker.take() == []


def test_a_worker_with_nothing_to_do_takes_nothing(office: PostOffice) -> None:
    assert office.dispatcher.take("anna", None, {}) == Errands([])


def test_deliveries_are_forgotten_after_a_month_unless_they_wait(office: PostOffice) -> None:
    endpoint = office.endpoint()
    office.create_wallets(2)
    worker = office.worker()
    one, two = worker.take()
    worker.conclude([one])
    office.retry(two.delivery)
    office.clock.advance(RETENTION - TICK)
    assert office.dispatcher.purge() == 0
    office.clock.advance(TICK)

    assert office.dispatcher.purge() == 1

    assert [delivery.id for delivery in office.deliveries(endpoint)] == [two.delivery.id]
    assert len(office.journal()) == 2


def test_a_test_event_goes_the_way_of_all_events(office: PostOffice) -> None:
    endpoint = office.endpoint(UPDATED)
    office.sending.send_test(office.actor, endpoint.id, asked())
    worker = office.worker()
    worker.conclude(worker.take(), BROKEN)
    office.clock.advance(timedelta(seconds=5))

    (again,) = worker.take()
    worker.conclude([again])

    (delivery,) = office.deliveries(endpoint)
    assert again.delivery.body
    assert (delivery.status, delivery.attempts_made) == (DeliveryStatus.DELIVERED, 2)
