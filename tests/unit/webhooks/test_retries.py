"""What failed is attempted again: by the schedule, or because the partner asks for it."""

from datetime import timedelta
from itertools import pairwise

import pytest

from payflow_domain.ledger.ledgers import Environment
from payflow_domain.webhooks.deliveries import Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint
from tests.builders.times import START, TICK
from tests.builders.webhooks import BROKEN, Luck, PostOffice, Worker, events_of, open_post_office

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
_HOUR = 3_600
DELAYS_S = {
    Environment.LIVE: [
        5, 300, 1_800, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR
    ],
    Environment.SANDBOX: [5, 30, 300],
}  # fmt: skip


def fail_to_the_end(office: PostOffice, worker: Worker, endpoint: Endpoint) -> Delivery:
    """Attempt the one delivery whenever it is due, in vain; return it."""
    while True:
        (delivery,) = office.deliveries(endpoint)
        if delivery.status is DeliveryStatus.FAILED:
            return delivery
        assert delivery.next_attempt_at
        office.clock.at = max(office.clock.at, delivery.next_attempt_at)
        worker.conclude(worker.take(), BROKEN)


@pytest.fixture
def worker(office: PostOffice) -> Worker:
    return office.worker()


@pytest.fixture
def endpoint(office: PostOffice) -> Endpoint:
    """An endpoint that one event is for."""
    endpoint = office.endpoint()
    office.create_wallets(1)
    return endpoint


@pytest.fixture
def failed(office: PostOffice, endpoint: Endpoint, worker: Worker) -> Delivery:
    """A delivery that has failed for good."""
    worker.take()
    worker.conclude(list(worker.under_way.values()), BROKEN)
    return fail_to_the_end(office, worker, endpoint)


@pytest.mark.parametrize("environment", Environment)
def test_a_delivery_is_attempted_by_the_schedule_and_then_given_up(
    environment: Environment,
) -> None:
    office = open_post_office(environment)
    endpoint = office.endpoint()
    office.create_wallets(1)
    worker = office.worker()
    worker.conclude(worker.take(), BROKEN)

    delivery = fail_to_the_end(office, worker, endpoint)

    waits = [(b.at - a.at).total_seconds() for a, b in pairwise(delivery.attempts)]
    assert waits == DELAYS_S[environment]
    assert delivery.attempts_made == len(waits) + 1
    assert delivery.next_attempt_at is None
    assert worker.take() == []


@pytest.mark.parametrize(("drawn", "after_s"), [(0.0, 4), (0.75, 5.5)])
def test_retries_are_spread_by_luck(drawn: float, after_s: float) -> None:
    office = open_post_office(luck=Luck(drawn))
    endpoint = office.endpoint()
    office.create_wallets(1)
    worker = office.worker()

    worker.conclude(worker.take(), BROKEN)

    (delivery,) = office.deliveries(endpoint)
    assert delivery.next_attempt_at == START + after_s * SECOND


def test_nothing_is_attempted_before_its_time(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    worker.conclude(worker.take(), BROKEN)

    office.clock.advance(5 * SECOND - TICK)
    assert worker.take() == []
    office.clock.advance(TICK)

    assert events_of(worker.take()) == [office.deliveries(endpoint)[0].event_id]


@pytest.mark.parametrize(("retry_after_s", "after_s"), [(1, 5), (8, 8), (3_600, 10)])
def test_an_endpoint_may_ask_for_more_time(
    office: PostOffice, endpoint: Endpoint, worker: Worker, retry_after_s: int, after_s: int
) -> None:
    worker.conclude(worker.take(), 429, retry_after_s)

    (delivery,) = office.deliveries(endpoint)
    assert delivery.next_attempt_at == START + after_s * SECOND


def test_one_that_fails_does_not_hold_up_the_others(office: PostOffice, worker: Worker) -> None:
    endpoint = office.endpoint()
    happened = office.create_wallets(3)
    one, two, three = worker.take()

    worker.conclude([two], BROKEN)
    worker.conclude([one, three])
    (later,) = office.create_wallets(1)
    assert worker.deliver() == [later]
    office.clock.advance(5 * SECOND)

    assert worker.deliver() == [happened[1]]
    assert {one.status for one in office.deliveries(endpoint)} == {DeliveryStatus.DELIVERED}


def test_a_retry_is_attempted_at_once_on_a_new_schedule(
    office: PostOffice, endpoint: Endpoint, worker: Worker, failed: Delivery
) -> None:
    retried = office.retry(failed)
    assert (retried.status, retried.tries) == (DeliveryStatus.PENDING, 0)
    assert retried.next_attempt_at == office.clock.now()

    again = fail_to_the_end(office, worker, endpoint)

    assert again.attempts_made == 2 * failed.attempts_made
    assert [one.number for one in again.attempts] == list(range(1, again.attempts_made + 1))


def test_what_has_arrived_is_sent_again_if_the_partner_asks(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    (event,) = worker.deliver()

    office.retry(office.deliveries(endpoint)[0])

    assert worker.deliver() == [event]
    assert office.deliveries(endpoint)[0].attempts_made == 2


def test_a_second_retry_is_not_swallowed(
    office: PostOffice, endpoint: Endpoint, worker: Worker, failed: Delivery
) -> None:
    for _ in range(2):
        office.clock.advance(TICK)
        office.retry(failed)
        assert worker.deliver() == [failed.event_id]

    assert office.deliveries(endpoint)[0].attempts_made == failed.attempts_made + 2


@pytest.mark.parametrize("status", [204, BROKEN, None])
@pytest.mark.parametrize("looks_meanwhile", [True, False])
def test_nor_is_one_that_is_asked_for_while_an_attempt_is_under_way(
    office: PostOffice,
    endpoint: Endpoint,
    worker: Worker,
    failed: Delivery,
    status: int | None,
    *,
    looks_meanwhile: bool,
) -> None:
    office.retry(failed)
    under_way = worker.take()
    office.clock.advance(SECOND)

    office.retry(failed)
    if looks_meanwhile:
        assert worker.take() == []  # never two attempts of one delivery at once
    worker.conclude(under_way, status)
    (waiting,) = office.deliveries(endpoint)
    office.clock.advance(office.dispatcher.lease)

    assert (waiting.status, waiting.tries) == (DeliveryStatus.PENDING, 0)
    assert worker.deliver() == [failed.event_id]


def test_what_failed_is_recovered_from_a_time_on(
    office: PostOffice, endpoint: Endpoint, worker: Worker, failed: Delivery
) -> None:
    office.clock.advance(DAY)
    later = office.create_wallets(2)
    worker.conclude(worker.take(), BROKEN)
    for _ in range(3):
        office.clock.advance(timedelta(hours=1))
        worker.conclude(worker.take(), BROKEN)
    statuses = {delivery.status for delivery in office.deliveries(endpoint)}
    assert statuses == {DeliveryStatus.FAILED}

    assert office.recover(endpoint, ago=DAY) == 2
    assert worker.deliver() == later
    assert office.recover(endpoint, ago=3 * DAY) == 1
    assert worker.deliver() == [failed.event_id]
