"""What the reader promises about deliveries."""

import pytest
from attrs import evolve

from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.webhooks.deliveries import Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint
from payflow_domain.webhooks.ports import DeliveryFilter
from tests.builders.ledger import FundedLedger
from tests.builders.times import delivery_id
from tests.contracts.stores import WebhookStore
from tests.contracts.webhook_suite import (
    ALL,
    ANY,
    DELIVERED,
    FAILED,
    PENDING,
    WebhookSuite,
    keep,
    new_delivery,
    new_endpoint,
    over,
    plan,
)

CREATED, CREDITED = EventType.WALLET_CREATED, EventType.WALLET_CREDITED


class DeliveryReading(WebhookSuite):
    @pytest.fixture
    def kept(self, store: WebhookStore, endpoint: Endpoint) -> list[Delivery]:
        """Four deliveries, oldest first."""
        kept = [
            new_delivery(endpoint, 1, event_type=CREATED),
            new_delivery(endpoint, 2, **over(DELIVERED)),
            new_delivery(endpoint, 3, **over(DELIVERED), event_type=CREATED),
            new_delivery(endpoint, 4),
        ]
        plan(store, *kept)
        return kept

    def test_deliveries_are_listed_newest_first_page_by_page(
        self, store: WebhookStore, endpoint: Endpoint, kept: list[Delivery]
    ) -> None:
        one, two, three, four = kept

        pages = [
            store.deliveries(*endpoint.key, ANY, Page(3, after))
            for after in (None, two.id, one.id, delivery_id(4))
        ]

        assert pages == [[four, three, two], [one], [], [three, two, one]]

    @pytest.mark.parametrize(
        ("status", "event_type", "numbers"),
        [
            (DELIVERED, None, [3, 2]),
            (PENDING, None, [4, 1]),
            (FAILED, None, []),
            (None, CREATED, [3, 1]),
            (None, "no.such", []),
            (None, "it's 100%(s) :no such", []),
            (DELIVERED, CREATED, [3]),
            (PENDING, CREDITED, [4]),
        ],
    )
    @pytest.mark.usefixtures("kept")
    def test_deliveries_are_filtered(
        self,
        store: WebhookStore,
        endpoint: Endpoint,
        status: DeliveryStatus | None,
        event_type: str | None,
        numbers: list[int],
    ) -> None:
        which = DeliveryFilter(status, event_type)

        found = store.deliveries(*endpoint.key, which, ALL)

        assert [delivery.sequence for delivery in found] == numbers

    def test_a_page_of_a_filtered_list_is_full_if_it_can_be(
        self, store: WebhookStore, endpoint: Endpoint, kept: list[Delivery]
    ) -> None:
        found = store.deliveries(*endpoint.key, DeliveryFilter(event_type=CREATED), Page(2))

        assert found == [kept[2], kept[0]]

    def test_nothing_of_another_endpoint_or_ledger_is_seen(
        self,
        store: WebhookStore,
        ledger: FundedLedger,
        other: FundedLedger,
        kept: list[Delivery],
    ) -> None:
        neighbour, stranger = new_endpoint(ledger, 2), new_endpoint(other, 1)
        keep(store, neighbour, stranger)

        for endpoint in (neighbour, stranger):
            assert store.deliveries(*endpoint.key, ANY, ALL) == []
            assert store.delivery(*endpoint.key, kept[0].id) is None

    def test_bodies_are_not_read(self, store: WebhookStore, endpoint: Endpoint) -> None:
        test = new_delivery(endpoint, 0, body=b"{}")
        with store.begin() as uow:
            uow.load({endpoint.ledger_id: Wanted()})
            uow.add_delivery(test)

        bare = evolve(test, body=None)
        assert store.delivery(*test.key) == bare
        assert store.deliveries(*endpoint.key, ANY, ALL) == [bare]
