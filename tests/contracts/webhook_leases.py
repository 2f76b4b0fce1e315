"""What the unit of work promises to workers that share the endpoints among them."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.ids import LedgerId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Wanted
from payflow_domain.webhooks.endpoints import Endpoint, EndpointStatus
from payflow_domain.webhooks.ports import Taken
from tests.builders.ledger import FundedLedger
from tests.builders.times import START, TICK, endpoint_id
from tests.contracts.stores import WebhookStore
from tests.contracts.webhook_suite import (
    SECOND,
    SKIPPED,
    UNTIL,
    WebhookSuite,
    keep,
    lease,
    new_delivery,
    new_endpoint,
    over,
    plan,
    skip,
)

EVENTS = 4
"""How many events are in the journal."""


def ids_of(taken: list[Taken]) -> list[str]:
    return [one.endpoint.id for one in taken]


class EndpointLeases(WebhookSuite):
    @pytest.mark.parametrize("status", EndpointStatus)
    def test_an_endpoint_that_is_behind_its_journal_is_leased(
        self, store: WebhookStore, ledger: FundedLedger, status: EndpointStatus
    ) -> None:
        endpoint = new_endpoint(ledger, planned_through=3, status=status)
        keep(store, endpoint)

        assert lease(store) == [Taken(endpoint, EVENTS, is_due=False)]

    def test_an_endpoint_with_nothing_to_do_is_not(
        self, store: WebhookStore, ledger: FundedLedger
    ) -> None:
        idle = new_endpoint(ledger, 1, planned_through=EVENTS)
        done = new_endpoint(ledger, 2)
        keep(store, idle, done)
        plan(store, new_delivery(done, EVENTS, **over(SKIPPED)))

        assert lease(store) == []

    def test_an_endpoint_is_leased_when_a_delivery_is_due(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        plan(store, new_delivery(endpoint, EVENTS, next_attempt_at=START + SECOND))

        early, due = (lease(store, now=START + SECOND - early) for early in (TICK, 0 * TICK))

        assert early == []
        assert due == [Taken(evolve(endpoint, planned_through=EVENTS), EVENTS, is_due=True)]

    def test_so_is_one_that_is_disabled_while_anything_waits(
        self, store: WebhookStore, ledger: FundedLedger
    ) -> None:
        endpoint = new_endpoint(ledger, status=EndpointStatus.DISABLED)
        keep(store, endpoint)
        plan(store, new_delivery(endpoint, EVENTS, next_attempt_at=UNTIL))

        (taken,) = lease(store)
        skip(store, endpoint)

        assert taken.is_due
        assert lease(store) == []

    def test_endpoints_are_read_as_they_are_now(
        self, store: WebhookStore, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        one, two = new_endpoint(ledger, 1), new_endpoint(ledger, 2)
        stranger = new_endpoint(other, environment=Environment.LIVE)
        keep(store, one, two, stranger)
        moved = evolve(one, url="https://example.com/moved")
        with store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            uow.replace_endpoint(moved)
            uow.remove_endpoint(*two.key, START)

        with store.begin() as uow:
            found = uow.endpoints([one.key, two.key, stranger.key, (ledger.id, endpoint_id(9))])

        assert sorted(found, key=lambda each: each.ledger_id) == [moved, stranger]

    def test_no_two_workers_have_one_endpoint(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        assert ids_of(lease(store, "anna")) == [endpoint.id]

        assert lease(store, "ben") == []
        assert lease(store, "ben", UNTIL) == []

    def test_a_lease_that_has_ended_is_another_workers(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        lease(store, "anna")

        assert ids_of(lease(store, "ben", UNTIL + TICK)) == [endpoint.id]
        assert lease(store, "anna", UNTIL + TICK) == []

    def test_a_worker_renews_its_own_lease(self, store: WebhookStore, endpoint: Endpoint) -> None:
        lease(store, "anna")

        assert ids_of(lease(store, "anna", START + 20 * SECOND)) == [endpoint.id]

        assert lease(store, "ben", UNTIL + 20 * SECOND) == []
        assert ids_of(lease(store, "ben", UNTIL + 20 * SECOND + TICK)) == [endpoint.id]

    def test_those_taken_longest_ago_come_first_and_before_them_those_never_taken(
        self, store: WebhookStore, ledger: FundedLedger
    ) -> None:
        one, two, three = (new_endpoint(ledger, number) for number in (1, 2, 3))
        keep(store, one)
        lease(store, now=START - SECOND)
        keep(store, two)
        lease(store, now=START - 2 * SECOND, limit=1)
        keep(store, three)

        assert ids_of(lease(store)) == [three.id, two.id, one.id]

    def test_nobody_is_forgotten_where_there_are_more_than_the_limit(
        self, store: WebhookStore, ledger: FundedLedger
    ) -> None:
        endpoints = [new_endpoint(ledger, number) for number in (1, 2, 3)]
        keep(store, *endpoints)

        rounds = [lease(store, now=START + n * SECOND, limit=2) for n in range(3)]

        assert [len(taken) for taken in rounds] == [2, 2, 2]
        assert set(ids_of(rounds[0] + rounds[1])) == {one.id for one in endpoints}
        assert set(ids_of(rounds[1] + rounds[2])) == {one.id for one in endpoints}

    def test_only_those_of_the_ledgers_asked_for_are_leased(
        self, store: WebhookStore, endpoint: Endpoint, other: FundedLedger
    ) -> None:
        there = new_endpoint(other, 2)
        keep(store, there)

        assert lease(store, of=[]) == []
        assert lease(store, of=[LedgerId(10**9)]) == []
        assert ids_of(lease(store, of=[other.id])) == [there.id]
        assert ids_of(lease(store, of=[endpoint.ledger_id])) == [endpoint.id]
        assert set(ids_of(lease(store))) == {endpoint.id, there.id}

    def test_a_worker_that_leaves_gives_back_its_own_leases(
        self, store: WebhookStore, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        keep(store, new_endpoint(ledger, 1), new_endpoint(other, 2))
        (mine,), (bens,) = lease(store, "anna", of=[ledger.id]), lease(store, "ben")

        with store.begin() as uow:
            uow.release_endpoints("anna")

        assert lease(store, "carl") == [mine]
        assert lease(store, "ben") == [bens]

    def test_one_that_is_set_aside_is_anybodys_after_the_lease(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        lease(store, "anna")

        with store.begin() as uow:
            uow.set_aside([endpoint.key])

        assert [lease(store, worker) for worker in ("anna", "ben")] == [[], []]
        assert ids_of(lease(store, "ben", UNTIL + TICK)) == [endpoint.id]

    def test_a_lease_is_none_of_what_is_read_of_an_endpoint(
        self, store: WebhookStore, endpoint: Endpoint
    ) -> None:
        (taken,) = lease(store)

        assert taken.is_behind
        assert taken.endpoint == endpoint == store.endpoint(*endpoint.key)
        assert lease(store, "ben", START + timedelta(days=1))[0].endpoint == endpoint
