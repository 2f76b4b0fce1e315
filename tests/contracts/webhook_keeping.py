"""What the unit of work and the reader promise about endpoints."""

from typing import Any

import pytest
from attrs import evolve

from payflow_domain.ids import EndpointId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.webhooks.endpoints import DisabledReason, Endpoint, EndpointStatus
from tests.builders.ledger import FundedLedger
from tests.builders.times import START, TICK
from tests.contracts.stores import WebhookStore
from tests.contracts.webhook_suite import (
    ALL,
    SECOND,
    UNTIL,
    WebhookSuite,
    keep,
    lease,
    new_delivery,
    new_endpoint,
    plan,
)

WHOLE: dict[str, Any] = {
    "events": frozenset({EventType.WALLET_CREATED, EventType.PAYOUT_FAILED}),
    "description": 'Ours, "mine"\nand ü',
    "status": EndpointStatus.DISABLED,
    "previous_secret": "whsec_before",
    "previous_secret_until": START + SECOND,
    "disabled_reason": DisabledReason.GONE,
    "disabled_at": START - SECOND,
    "failing_since": START - 2 * SECOND,
    "planned_through": 3,
}


def replace(store: WebhookStore, *endpoints: Endpoint) -> None:
    with store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted() for endpoint in endpoints})
        for endpoint in endpoints:
            uow.replace_endpoint(endpoint)


def remove(store: WebhookStore, endpoint: Endpoint) -> None:
    with store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted()})
        uow.remove_endpoint(endpoint.ledger_id, endpoint.id, START)


class EndpointKeeping(WebhookSuite):
    @pytest.mark.parametrize("members", [{}, WHOLE], ids=["plain", "whole"])
    def test_an_endpoint_is_read_as_it_was_added(
        self, store: WebhookStore, ledger: FundedLedger, members: dict[str, Any]
    ) -> None:
        endpoint = new_endpoint(ledger, **members)
        keep(store, endpoint)

        with store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            assert uow.endpoint(*endpoint.key) == endpoint
        assert store.endpoint(*endpoint.key) == endpoint
        assert store.endpoints(ledger.id, ALL) == [endpoint]

    def test_an_endpoint_is_of_the_environment_of_its_ledger(
        self, store: WebhookStore, other: FundedLedger
    ) -> None:
        endpoint = new_endpoint(other, environment=Environment.LIVE)
        keep(store, endpoint)

        assert store.endpoint(*endpoint.key) == endpoint
        assert lease(store)[0].endpoint == endpoint

    def test_nothing_of_another_ledger_is_seen(
        self, store: WebhookStore, endpoint: Endpoint, other: FundedLedger
    ) -> None:
        with store.begin() as uow:
            uow.load({other.id: Wanted()})
            assert uow.endpoint(other.id, endpoint.id) is None
            assert uow.count_endpoints(other.id) == 0
        assert store.endpoint(other.id, endpoint.id) is None
        assert store.endpoints(other.id, ALL) == []

    def test_an_id_is_never_given_twice(self, store: WebhookStore, endpoint: Endpoint) -> None:
        with pytest.raises(CommitFailed):
            keep(store, evolve(endpoint, url="https://example.com/again"))

        assert store.endpoint(*endpoint.key) == endpoint

    def test_endpoints_are_counted(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        keep(store, new_endpoint(ledger, 2), new_endpoint(ledger, 3), new_endpoint(other))
        remove(store, endpoint)

        with store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            assert uow.count_endpoints(ledger.id) == 2

    def test_what_was_changed_is_kept(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        neighbour = new_endpoint(ledger, 2)
        keep(store, neighbour)
        changed = new_endpoint(ledger, **WHOLE, url="https://example.com/new", secret="whsec_new")

        replace(store, changed)

        # How far it is planned and how long it fails is the workers' business.
        kept = evolve(changed, planned_through=0, failing_since=None)
        assert store.endpoint(*endpoint.key) == kept
        assert store.endpoint(*neighbour.key) == neighbour

    def test_a_change_does_not_touch_how_long_it_has_failed(
        self, store: WebhookStore, ledger: FundedLedger
    ) -> None:
        endpoint = new_endpoint(ledger, failing_since=START)
        keep(store, endpoint)

        replace(store, evolve(endpoint, failing_since=START + SECOND))

        assert store.endpoint(*endpoint.key) == endpoint

    def test_a_change_may_end_a_row_of_failures(
        self, store: WebhookStore, ledger: FundedLedger
    ) -> None:
        endpoint = new_endpoint(ledger, failing_since=START)
        keep(store, endpoint)

        replace(store, evolve(endpoint, failing_since=None))

        assert store.endpoint(*endpoint.key) == evolve(endpoint, failing_since=None)

    def test_an_endpoint_that_is_not_there_is_not_changed(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        remove(store, endpoint)

        for absent in (endpoint, new_endpoint(ledger, 2)):
            with pytest.raises(CommitFailed):
                replace(store, absent)

    def test_endpoints_are_listed_newest_first_page_by_page(
        self, store: WebhookStore, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        one, two, three = (new_endpoint(ledger, number) for number in (1, 2, 3))
        keep(store, two, one, three, new_endpoint(other, 4))

        assert store.endpoints(ledger.id, Page(2)) == [three, two]
        assert store.endpoints(ledger.id, Page(2, after=two.id)) == [one]
        assert store.endpoints(ledger.id, Page(2, after=one.id)) == []

    def test_a_removed_endpoint_is_nowhere(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        plan(store, new_delivery(endpoint))

        remove(store, endpoint)

        with store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            assert uow.endpoint(*endpoint.key) is None
        assert store.endpoint(*endpoint.key) is None
        assert store.endpoints(ledger.id, ALL) == []
        assert lease(store, now=START + SECOND) == []

    @pytest.mark.parametrize("is_removed", [True, False])
    def test_what_is_not_there_is_not_removed(
        self, store: WebhookStore, endpoint: Endpoint, *, is_removed: bool
    ) -> None:
        absent = endpoint if is_removed else evolve(endpoint, id=EndpointId("whk_2"))
        if is_removed:
            remove(store, endpoint)

        with pytest.raises(CommitFailed):
            remove(store, absent)

    def test_nothing_is_kept_of_a_unit_of_work_that_fails(
        self, store: WebhookStore, endpoint: Endpoint, ledger: FundedLedger
    ) -> None:
        def change_and_fail() -> None:
            with store.begin() as uow:
                uow.load({ledger.id: Wanted()})
                uow.add_endpoint(new_endpoint(ledger, 2))
                uow.replace_endpoint(evolve(endpoint, url="https://example.com/new"))
                uow.take_endpoints("anna", START, UNTIL, None, 9)
                uow.add_endpoint(endpoint)

        with pytest.raises(CommitFailed):
            change_and_fail()

        assert store.endpoints(ledger.id, ALL) == [endpoint]
        assert [one.endpoint for one in lease(store, "ben", START + TICK)] == [endpoint]
