"""What the unit of work promises about what came of attempts."""

from datetime import datetime

import pytest
from attrs import evolve

from payflow_domain.webhooks.deliveries import ATTEMPTS_KEPT_MAX, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint
from tests.builders.ledger import FundedLedger
from tests.builders.times import START
from tests.contracts.stores import WebhookStore
from tests.contracts.webhook_suite import (
    DELIVERED,
    FAILED,
    LATER,
    PENDING,
    SECOND,
    SKIPPED,
    UNTIL,
    WebhookSuite,
    conclude,
    deliveries_of,
    failure,
    find,
    keep,
    new_attempt,
    new_delivery,
    new_endpoint,
    over,
    plan,
    retry,
    skip,
    success,
    take,
    under_way,
)


class DeliveryConcluding(WebhookSuite):
    def test_an_event_that_was_taken_is_delivered(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        delivery = under_way(store, endpoint)

        conclude(store, success(delivery))

        assert find(store, delivery) == evolve(
            delivery,
            **over(DELIVERED),
            tries=1,
            attempts_made=1,
            attempts=(new_attempt(1, status=204, answer=""),),
        )

    @pytest.mark.parametrize("again_at", [LATER, None], ids=["to be retried", "for good"])
    def test_a_failure_is_kept(
        self, store: WebhookStore, endpoint: Endpoint, again_at: datetime | None
    ) -> None:
        delivery = under_way(store, endpoint)
        attempt = new_attempt(1, status=None, error="timeout", answer="")

        conclude(store, evolve(failure(delivery, again_at), attempt=attempt))

        assert find(store, delivery) == evolve(
            delivery,
            status=PENDING if again_at else FAILED,
            next_attempt_at=again_at,
            tries=1,
            attempts_made=1,
            attempts=(attempt,),
        )

    def test_many_attempts_are_concluded_at_once(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)
        plan(store, *[new_delivery(one, n) for one in (endpoint, neighbour) for n in (1, 2, 3)])
        one, two, three = take(store, endpoint)
        (four, *_) = take(store, neighbour)

        conclude(store, success(two), failure(one), success(four), failure(three, None))

        statuses = [[d.status for d in deliveries_of(store, of)] for of in (endpoint, neighbour)]
        assert statuses == [[PENDING, DELIVERED, FAILED], [DELIVERED, PENDING, PENDING]]

    def test_what_is_gone_meanwhile_is_passed_over(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        absent = new_delivery(new_endpoint(ledger, 2), 5)
        delivery = under_way(store, endpoint)

        with store.begin() as uow:
            since = uow.conclude(
                [failure(absent), success(delivery)], [endpoint.key], {absent.key[:2]: START}
            )

        assert since == {}
        assert find(store, absent) is None
        assert deliveries_of(store, endpoint)[0].status is DELIVERED

    @pytest.mark.parametrize("status", [DELIVERED, PENDING, FAILED])
    def test_a_retry_asked_for_meanwhile_is_not_swallowed(
        self, store: WebhookStore, endpoint: Endpoint, status: DeliveryStatus
    ) -> None:
        delivery = under_way(store, endpoint)
        retry(store, delivery)
        ends = {
            DELIVERED: success(delivery),
            PENDING: failure(delivery),
            FAILED: failure(delivery, None),
        }

        conclude(store, ends[status])

        assert find(store, delivery) == evolve(
            delivery,
            next_attempt_at=LATER,
            attempts_made=1,
            attempts=(ends[status].attempt,),
        )

    def test_what_was_skipped_meanwhile_and_has_arrived_is_delivered(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        delivery = under_way(store, endpoint)
        skip(store, endpoint)

        conclude(store, success(delivery))

        found = find(store, delivery)
        assert found
        assert (found.status, found.next_attempt_at) == (DELIVERED, None)
        assert found.attempts_made == 1

    @pytest.mark.parametrize("again_at", [LATER, None], ids=["to be retried", "for good"])
    def test_what_was_skipped_meanwhile_and_has_not_arrived_stays_skipped(
        self, store: WebhookStore, endpoint: Endpoint, again_at: datetime | None
    ) -> None:
        delivery = under_way(store, endpoint)
        skip(store, endpoint)

        conclude(store, failure(delivery, again_at))

        found = find(store, delivery)
        assert found
        assert (found.status, found.next_attempt_at) == (SKIPPED, None)
        assert found.attempts_made == 1

    def test_what_has_arrived_stays_delivered_whatever_comes_late(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        delivery = under_way(store, endpoint)
        conclude(store, success(delivery))

        conclude(store, evolve(failure(delivery), attempt=new_attempt(at=LATER)))

        found = find(store, delivery)
        assert found
        assert (found.status, found.next_attempt_at) == (DELIVERED, None)
        assert found.attempts_made == 2

    @pytest.mark.parametrize("again_at", [LATER, UNTIL, None])
    def test_an_attempt_is_kept_once_however_often_it_is_told(
        self, store: WebhookStore, endpoint: Endpoint, again_at: datetime | None
    ) -> None:
        delivery = under_way(store, endpoint)
        conclude(store, failure(delivery, again_at))
        kept = find(store, delivery)

        conclude(store, failure(delivery, again_at))

        assert find(store, delivery) == kept
        assert kept
        assert kept.attempts_made == 1

    def test_attempts_are_numbered_as_they_are_kept(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        delivery = under_way(store, endpoint)

        for seconds in range(3):  # workers who did not know of one another
            at = START + seconds * SECOND
            conclude(store, evolve(failure(delivery), attempt=new_attempt(1, at=at)))

        found = find(store, delivery)
        assert found
        assert [attempt.number for attempt in found.attempts] == [1, 2, 3]
        assert found.attempts_made == 3

    def test_the_last_attempts_are_kept(self, store: WebhookStore, endpoint: Endpoint) -> None:
        delivery = under_way(store, endpoint)
        made = ATTEMPTS_KEPT_MAX + 2

        with store.begin() as uow:
            for number in range(made):
                now = evolve(delivery, tries=number, attempts_made=number)
                attempt = new_attempt(number + 1, at=START + number * SECOND)
                uow.conclude([evolve(failure(now, UNTIL), attempt=attempt)], (), {})

        found = find(store, delivery)
        assert found
        assert (found.attempts_made, found.tries) == (made, made)
        assert [attempt.number for attempt in found.attempts] == list(range(3, made + 1))

    def test_a_row_of_failures_begins_goes_on_and_ends(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)

        with store.begin() as uow:
            begun = uow.conclude([], [], {endpoint.key: START})
            going_on = uow.conclude([], [neighbour.key], {endpoint.key: LATER})
        failing = store.endpoint(*endpoint.key)
        with store.begin() as uow:
            ended = uow.conclude([], [endpoint.key], {neighbour.key: LATER})

        assert begun == going_on == {endpoint.key: START}
        assert failing == evolve(endpoint, failing_since=START)
        assert ended == {neighbour.key: LATER}
        assert store.endpoint(*endpoint.key) == endpoint
        assert store.endpoint(*neighbour.key) == evolve(neighbour, failing_since=LATER)
