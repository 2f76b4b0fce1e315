"""What the unit of work promises about deliveries that are skipped, retried and recovered."""

import pytest
from attrs import evolve

from payflow_domain.ledger.ports import Wanted
from payflow_domain.webhooks.deliveries import DeliveryStatus
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
    new_delivery,
    new_endpoint,
    over,
    plan,
    retry,
    skip,
    success,
    under_way,
)


def recover(store: WebhookStore, endpoint: Endpoint, after: int, limit: int = 100) -> int:
    """Recover what is of events since so many seconds after the start, a second after it."""
    with store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted()})
        return uow.recover(*endpoint.key, START + after * SECOND, LATER, limit)


class DeliveryRecovering(WebhookSuite):
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

    def test_no_more_is_skipped_than_is_said_and_what_is_due_first_comes_first(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        later, soon = new_delivery(endpoint, 1, next_attempt_at=UNTIL), new_delivery(endpoint, 2)
        plan(store, later, soon)

        with store.begin() as uow:
            uow.load({endpoint.ledger_id: Wanted()})
            first = uow.skip_pending(*endpoint.key, 1)
        statuses = [one.status for one in deliveries_of(store, endpoint)]
        with store.begin() as uow:
            rest = uow.skip_pending(*endpoint.key, 2)

        assert (first, statuses, rest) == (1, [PENDING, SKIPPED], 1)

    def test_no_more_is_recovered_than_is_said_and_the_oldest_first(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        plan(store, *[new_delivery(endpoint, number, **over(FAILED)) for number in (1, 2, 3)])

        recovered = recover(store, endpoint, after=0, limit=2)

        statuses = [one.status for one in deliveries_of(store, endpoint)]
        assert (recovered, statuses) == (2, [PENDING, PENDING, FAILED])
        assert recover(store, endpoint, after=0, limit=2) == 1

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
