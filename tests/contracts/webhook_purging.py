"""What the unit of work promises about deliveries that are forgotten."""

import pytest

from payflow_domain.ids import DeliveryId
from payflow_domain.ledger.ports import Wanted
from payflow_domain.webhooks.endpoints import Endpoint
from tests.builders.ledger import FundedLedger
from tests.builders.times import START
from tests.contracts.stores import WebhookStore
from tests.contracts.webhook_suite import (
    DELIVERED,
    FAILED,
    PENDING,
    SKIPPED,
    WebhookSuite,
    deliveries_of,
    find,
    forget,
    keep,
    new_delivery,
    new_endpoint,
    over,
    plan,
)

LAST = DeliveryId("dlv_zzzzzzzzzzzzzzzzzzzzzzzzzz")


class DeliveryPurging(WebhookSuite):
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
        assert store.endpoint(*stranger.key)
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
