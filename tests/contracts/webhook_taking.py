"""What the unit of work promises about deliveries that are planned and taken."""

import pytest
from attrs import evolve

from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ports import Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Post
from payflow_domain.webhooks.deliveries import Delivery
from payflow_domain.webhooks.endpoints import TEST_EVENT, Endpoint
from tests.builders.ledger import FundedLedger
from tests.builders.times import START, TICK, delivery_id
from tests.contracts.stores import WebhookStore
from tests.contracts.webhook_suite import (
    DELIVERED,
    FAILED,
    LATER,
    SECOND,
    SKIPPED,
    UNTIL,
    WebhookSuite,
    conclude,
    deliveries_of,
    find,
    give_back,
    keep,
    new_delivery,
    new_endpoint,
    over,
    plan,
    success,
    take,
    under_way,
)


def due(endpoint: Endpoint, *seconds: int) -> list[Delivery]:
    """Return deliveries that are due so many seconds after the start."""
    return [
        new_delivery(endpoint, number, next_attempt_at=START + after * SECOND)
        for number, after in enumerate(seconds, 1)
    ]


def without_bodies(taken: list[Delivery]) -> list[Delivery]:
    return [evolve(delivery, body=None) for delivery in taken]


def put_off(*deliveries: Delivery) -> list[Delivery]:
    return [evolve(delivery, next_attempt_at=UNTIL) for delivery in deliveries]


class DeliveryTaking(WebhookSuite):
    def test_what_is_planned_is_kept(self, store: WebhookStore, endpoint: Endpoint) -> None:
        first = new_delivery(endpoint, 1, created_at=START - SECOND)
        second = new_delivery(endpoint, 3, **over(SKIPPED), event_type="payout.failed")

        with store.begin() as uow:
            uow.plan({endpoint.key: 4}, [first, second])

        assert deliveries_of(store, endpoint) == [first, second]
        assert store.endpoint(*endpoint.key) == evolve(endpoint, planned_through=4)

    def test_an_endpoint_may_be_planned_on_without_a_delivery(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)

        with store.begin() as uow:
            uow.plan({endpoint.key: 2}, [])

        assert store.endpoint(*endpoint.key) == evolve(endpoint, planned_through=2)
        assert store.endpoint(*neighbour.key) == neighbour

    @pytest.mark.parametrize("through", [1, 2])
    def test_nothing_is_planned_twice(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger, through: int
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)
        plan(store, new_delivery(endpoint, 2))
        again = [new_delivery(endpoint, 3), new_delivery(neighbour, 4)]

        with pytest.raises(CommitFailed), store.begin() as uow:
            uow.plan({endpoint.key: through, neighbour.key: 4}, again)

        assert deliveries_of(store, endpoint) == [new_delivery(endpoint, 2)]
        assert deliveries_of(store, neighbour) == []
        assert store.endpoint(*neighbour.key) == neighbour

    def test_nothing_is_planned_for_an_endpoint_that_is_not_there(
        self, store: WebhookStore, ledger: FundedLedger
    ) -> None:
        with pytest.raises(CommitFailed):
            plan(store, new_delivery(new_endpoint(ledger)))

    def test_an_id_is_never_given_twice(self, store: WebhookStore, endpoint: Endpoint) -> None:
        plan(store, new_delivery(endpoint, 1))

        with pytest.raises(CommitFailed):
            plan(store, new_delivery(endpoint, 2, id=delivery_id(1)))

    def test_what_is_due_is_put_off_and_returned_longest_due_first(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        one, two, three = due(endpoint, -1, -3, -2)
        plan(store, one, two, three)

        assert without_bodies(take(store, endpoint)) == put_off(two, three, one)
        assert deliveries_of(store, endpoint) == put_off(one, two, three)

    def test_what_is_due_at_the_same_time_comes_as_it_was_made(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        one, two, three = due(endpoint, 0, 0, 0)
        plan(store, two, three, one)

        assert without_bodies(take(store, endpoint)) == put_off(one, two, three)

    def test_what_is_not_due_is_left_alone(self, store: WebhookStore, endpoint: Endpoint) -> None:
        now, soon = (
            new_delivery(endpoint, n + 1, next_attempt_at=START + n * TICK) for n in (0, 1)
        )
        rest = [
            new_delivery(endpoint, number, **over(status))
            for number, status in enumerate((DELIVERED, FAILED, SKIPPED), 3)
        ]
        plan(store, now, soon, *rest)

        assert without_bodies(take(store, endpoint)) == put_off(now)
        assert deliveries_of(store, endpoint) == [*put_off(now), soon, *rest]

    @pytest.mark.parametrize("room", [1, 2, 3, 100])
    def test_no_more_is_taken_than_there_is_room_for(
        self, store: WebhookStore, endpoint: Endpoint, room: int
    ) -> None:
        one, two, three = due(endpoint, -1, -3, -2)
        plan(store, one, two, three)

        taken = take(store, endpoint, room=room)

        assert without_bodies(taken) == put_off(two, three, one)[:room]

    def test_each_endpoint_has_room_of_its_own(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        second, absent, there = (
            new_endpoint(ledger, 2),
            new_endpoint(ledger, 3),
            new_endpoint(other),
        )
        keep(store, second, absent, there)
        ours = [due(one, -3, -2, -1) for one in (endpoint, second, absent, there)]
        plan(store, *[delivery for many in ours for delivery in many])

        with store.begin() as uow:
            rooms = {endpoint.key: 2, second.key: 1, there.key: 3}
            taken = uow.take_deliveries(rooms, START, UNTIL)

        ids = sorted(delivery.key for delivery in taken)
        expected = [one.key for one in (*ours[0][:2], ours[1][0], *ours[3])]
        assert ids == sorted(expected)

    def test_nothing_is_taken_where_there_is_no_room(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        plan(store, *due(endpoint, 0))

        assert take(store) == []
        assert deliveries_of(store, endpoint) == due(endpoint, 0)

    def test_nothing_is_given_out_twice_before_its_time_comes_again(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        plan(store, *due(endpoint, -3, -2, -1))

        taken = [take(store, endpoint, room=2) for _ in range(3)]
        again = take(store, endpoint, now=UNTIL)

        assert [[one.sequence for one in some] for some in taken] == [[1, 2], [3], []]
        assert [one.sequence for one in again] == [1, 2, 3]

    def test_what_is_given_back_is_due_in_the_order_it_was_made(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        plan(store, *due(endpoint, 0, 1, 2))
        taken = take(store, endpoint, now=LATER + SECOND)

        give_back(store, *taken[::-1])

        assert take(store, endpoint, now=LATER) == taken

    def test_what_was_changed_meanwhile_is_not_given_back(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        retried, skipped = under_way(store, endpoint), new_delivery(endpoint, 2)
        conclude(store, success(retried))
        kept = find(store, retried)

        give_back(store, retried, evolve(skipped, next_attempt_at=UNTIL))

        assert find(store, retried) == kept
        assert find(store, skipped) is None

    def test_the_body_is_that_of_the_event_in_the_journal(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        elsewhere = new_endpoint(other)
        keep(store, elsewhere)
        plan(store, *due(endpoint, 0, 0, 0, 0), new_delivery(elsewhere, 4))

        taken = take(store, endpoint, elsewhere)

        bodies = {(one.ledger_id, one.sequence): one.body for one in taken}
        assert bodies == {
            (endpoint.ledger_id, event.sequence): event.body
            for event in store.events(ledger.id, 0, 4)
        } | {(other.id, 4): store.events(other.id, 3, 1)[0].body}

    @pytest.mark.parametrize("sequence", [5, 6, 64, 65, 66, 184])
    def test_so_is_that_of_one_among_many_events_of_one_commit(
        self,
        store: WebhookStore,
        endpoint: Endpoint,
        ledgers: Ledgers,
        ledger: FundedLedger,
        sequence: int,
    ) -> None:
        ledgers.execute([Request(ledger.id, ((Post(ledger.transfer(1)),),) * 60)])
        plan(store, new_delivery(endpoint, sequence))

        (taken,) = take(store, endpoint)

        (event,) = store.events(ledger.id, sequence - 1, 1)
        assert event.sequence == sequence
        assert taken.body == event.body

    def test_a_test_event_is_in_no_journal_and_brings_its_body(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        test = new_delivery(
            endpoint, 0, id=delivery_id(9), event_type=TEST_EVENT, body='{"a":"ü\\n"}'.encode()
        )
        with store.begin() as uow:
            uow.load({endpoint.ledger_id: Wanted()})
            uow.add_delivery(test)

        assert find(store, test) == evolve(test, body=None)
        assert take(store, endpoint) == put_off(test)

    def test_events_are_read_as_they_are_in_the_journal(
        self, store: WebhookStore, ledgers: Ledgers, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        ledgers.execute([Request(ledger.id, ((Post(ledger.transfer(1)),),) * 60)])
        wanted = [
            (ledger.id, 0, 3),
            (ledger.id, 3, 1),
            (ledger.id, 4, 100),
            (ledger.id, 50, 120),
            (ledger.id, 183, 10),
            (ledger.id, 184, 10),
            (other.id, 1, 500),
        ]

        with store.begin() as uow:
            found, nothing = uow.events(wanted), uow.events([])

        assert found == [store.events(*each) for each in wanted]
        assert [len(events) for events in found] == [3, 1, 100, 120, 1, 0, 3]
        assert nothing == []
