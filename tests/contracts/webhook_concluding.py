"""What the unit of work promises about what came of attempts."""

from datetime import datetime

import pytest
from attrs import evolve

from payflow_domain.ids import DeliveryId
from payflow_domain.ledger.ports import Wanted
from payflow_domain.webhooks.deliveries import ATTEMPTS_KEPT_MAX, Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint
from tests.builders.ledger import FundedLedger
from tests.builders.times import START
from tests.contracts.stores import WebhookStore
from tests.contracts.webhook_suite import (
    DELIVERED,
    FAILED,
    PENDING,
    SECOND,
    SKIPPED,
    UNTIL,
    WebhookSuite,
    conclude,
    deliveries_of,
    failure,
    find,
    forget,
    keep,
    new_attempt,
    new_delivery,
    new_endpoint,
    over,
    plan,
    success,
    take,
)

LATER = START + SECOND
LAST = DeliveryId("dlv_zzzzzzzzzzzzzzzzzzzzzzzzzz")


def under_way(store: WebhookStore, endpoint: Endpoint) -> Delivery:
    """Plan a delivery and take it."""
    plan(store, new_delivery(endpoint))
    (taken,) = take(store, endpoint)
    return evolve(taken, body=None)


def skip(store: WebhookStore, endpoint: Endpoint) -> None:
    with store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted()})
        uow.skip_pending(*endpoint.key)


def retry(store: WebhookStore, delivery: Delivery) -> Delivery | None:
    """Ask for a retry a second after the start."""
    with store.begin() as uow:
        uow.load({delivery.ledger_id: Wanted()})
        return uow.retry_delivery(*delivery.key, LATER)


def recover(store: WebhookStore, endpoint: Endpoint, after: int) -> int:
    """Recover what is of events since so many seconds after the start, a second after it."""
    with store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted()})
        return uow.recover(*endpoint.key, START + after * SECOND, LATER)


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

        conclude(store, failure(delivery))

        found = find(store, delivery)
        assert found
        assert (found.status, found.next_attempt_at) == (DELIVERED, None)

    def test_attempts_are_numbered_as_they_are_kept(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        delivery = under_way(store, endpoint)

        for _ in range(3):  # workers who did not know of one another
            conclude(store, failure(delivery))

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
                uow.conclude([failure(now, UNTIL)], (), {})

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

    def test_what_is_pending_is_skipped_and_nothing_else(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)
        soon = new_delivery(endpoint, 2, next_attempt_at=LATER)
        ended = [
            new_delivery(endpoint, 3, **over(FAILED)),
            new_delivery(endpoint, 4, **over(DELIVERED)),
        ]
        plan(store, new_delivery(endpoint), soon, *ended, new_delivery(neighbour))

        skip(store, endpoint)

        skipped = [evolve(one, **over(SKIPPED)) for one in (new_delivery(endpoint), soon)]
        assert deliveries_of(store, endpoint) == [*skipped, *ended]
        assert deliveries_of(store, neighbour) == [new_delivery(neighbour)]

    @pytest.mark.parametrize("status", DeliveryStatus)
    def test_a_retry_makes_any_delivery_due_with_no_tries(
        self, store: WebhookStore, endpoint: Endpoint, status: DeliveryStatus
    ) -> None:
        delivery, other = under_way(store, endpoint), new_delivery(endpoint, 2, **over(FAILED))
        plan(store, other)
        ends = {
            DELIVERED: success(delivery),
            PENDING: failure(delivery),
            SKIPPED: failure(delivery),
            FAILED: failure(delivery, None),
        }
        conclude(store, ends[status])
        if status is SKIPPED:
            skip(store, endpoint)

        retried = retry(store, delivery)

        expected = evolve(
            delivery, next_attempt_at=LATER, attempts_made=1, attempts=(ends[status].attempt,)
        )
        assert retried == find(store, delivery) == expected
        assert find(store, other) == other

    def test_a_delivery_of_another_endpoint_or_ledger_is_not_retried(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        delivery = new_delivery(endpoint, **over(FAILED))
        neighbour, stranger = new_endpoint(ledger, 2), new_endpoint(other, 1)
        keep(store, neighbour, stranger)
        plan(store, delivery)

        for of in (neighbour, stranger):
            assert retry(store, evolve(delivery, ledger_id=of.ledger_id, endpoint_id=of.id)) is None

        assert find(store, delivery) == delivery

    def test_what_failed_or_was_skipped_is_recovered_from_a_time_on(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)
        statuses = (FAILED, SKIPPED, FAILED, SKIPPED, DELIVERED)
        made = [
            new_delivery(endpoint, number, **over(status), created_at=START + number * SECOND)
            for number, status in enumerate(statuses, 1)
        ]
        waiting = new_delivery(endpoint, 6, created_at=START + 6 * SECOND)
        elsewhere = new_delivery(neighbour, 7, **over(FAILED), created_at=START + 7 * SECOND)
        plan(store, *made, waiting, elsewhere)

        assert recover(store, endpoint, after=2) == 3

        due = [evolve(one, status=PENDING, next_attempt_at=LATER) for one in made[1:4]]
        assert deliveries_of(store, endpoint) == [made[0], *due, made[4], waiting]
        assert deliveries_of(store, neighbour) == [elsewhere]
        assert recover(store, endpoint, after=2) == 0

    def test_what_is_recovered_has_all_its_tries_again(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        delivery = under_way(store, endpoint)
        conclude(store, failure(delivery, None))

        recover(store, endpoint, after=0)

        found = find(store, delivery)
        assert found
        assert (found.tries, found.attempts_made) == (0, 1)

    def test_deliveries_of_a_removed_endpoint_are_purged_bit_by_bit(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)
        ours = [new_delivery(endpoint, n, **over(SKIPPED) if n % 2 else {}) for n in range(1, 6)]
        plan(store, *ours, new_delivery(neighbour))
        with store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            uow.remove_endpoint(*endpoint.key, START)

        purged = [forget(store, DeliveryId("dlv_0"), limit=2) for _ in range(4)]

        assert purged == [2, 2, 1, 0]
        assert [find(store, one) for one in ours] == [None] * 5
        assert deliveries_of(store, neighbour) == [new_delivery(neighbour)]

    def test_what_is_old_and_not_pending_is_purged(
        self, store: WebhookStore, endpoint: Endpoint, other: FundedLedger
    ) -> None:
        stranger = new_endpoint(other)
        keep(store, stranger)
        statuses = (DELIVERED, PENDING, FAILED, SKIPPED)
        made = [
            new_delivery(endpoint, n, **({} if status is PENDING else over(status)))
            for n, status in enumerate(statuses, 1)
        ]
        theirs = new_delivery(stranger, 2, **over(DELIVERED))
        plan(store, *made, theirs)

        assert forget(store, made[3].id) == 3

        assert deliveries_of(store, endpoint) == [made[1], made[3]]
        assert deliveries_of(store, stranger) == []
        assert store.endpoint(*endpoint.key)
        assert forget(store, made[3].id) == 0

    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    def test_no_more_is_purged_than_the_limit(
        self, store: WebhookStore, endpoint: Endpoint, other: FundedLedger, limit: int
    ) -> None:
        stranger = new_endpoint(other)
        keep(store, stranger)
        plan(
            store,
            *[new_delivery(one, n, **over(FAILED)) for one in (endpoint, stranger) for n in (1, 2)],
        )

        assert forget(store, LAST, limit) == limit

        rest = deliveries_of(store, endpoint) + deliveries_of(store, stranger)
        assert len(rest) == 4 - limit
