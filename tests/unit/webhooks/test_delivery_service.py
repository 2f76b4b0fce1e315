"""What partners see of deliveries, and what they have sent at once."""

import json
from collections.abc import Callable

import pytest

from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ports import Page
from payflow_domain.webhooks.deliveries import Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import (
    TEST_EVENT,
    DeliveryNotFound,
    Endpoint,
    EndpointDisabled,
)
from payflow_domain.webhooks.ports import DeliveryFilter
from tests.builders.times import START, delivery_id
from tests.builders.webhooks import PostOffice, asked, done

NO_DELIVERY = delivery_id(10**9)
ALL = Page(100)

Call = Callable[[PostOffice, Endpoint, str], object]
SENDING: dict[str, Call] = {
    "test": lambda office, to, _: office.sending.send_test(office.actor, to.id, asked()),
    "retry": lambda office, to, id_: office.sending.retry(office.actor, to.id, id_, asked()),
    "recover": lambda office, to, _: office.sending.recover(office.actor, to.id, START, asked()),
}
OF_ONE: dict[str, Call] = {
    "get": lambda office, to, id_: office.sending.get(office.actor, to.id, id_),
    "retry": SENDING["retry"],
}


def test_a_test_event_is_sent_whatever_the_endpoint_hears_of(office: PostOffice) -> None:
    endpoint = office.endpoint(EventType.PAYOUT_FAILED)

    test = done(office.sending.send_test(office.actor, endpoint.id, asked()))

    (errand,) = office.worker().take()
    assert errand.delivery.id == test.id
    assert (test.sequence, test.event_type, test.event_id[:4]) == (0, TEST_EVENT, "evt_")
    assert json.loads(errand.delivery.body or b"") == {
        "id": test.event_id,
        "event": TEST_EVENT,
        "sequence": 0,
        "environment": "sandbox",
        "createdAt": "2026-01-31T12:00:00.123456Z",
        "data": {"webhookEndpointId": endpoint.id},
    }
    assert office.journal() == []


@pytest.mark.parametrize("name", SENDING)
def test_nothing_is_sent_to_a_disabled_endpoint(office: PostOffice, name: str) -> None:
    endpoint = office.endpoint()
    office.create_wallets(1)
    office.worker().take()
    (delivery,) = office.deliveries(endpoint)
    office.disable(endpoint)

    with pytest.raises(EndpointDisabled):
        SENDING[name](office, endpoint, delivery.id)

    assert office.worker().take() == []


@pytest.mark.parametrize("name", OF_ONE)
@pytest.mark.parametrize("whose", ["nobody's", "no id", "of another endpoint"])
def test_a_delivery_that_is_not_there_is_not_found(
    office: PostOffice, name: str, whose: str
) -> None:
    endpoint, other = office.endpoint(), office.endpoint()
    office.create_wallets(1)
    office.worker().take()
    (delivery,) = office.deliveries(other)
    sought = {"nobody's": NO_DELIVERY, "no id": "dlv_1\0"}.get(whose, delivery.id)

    with pytest.raises(DeliveryNotFound) as refusal:
        OF_ONE[name](office, endpoint, sought)

    assert refusal.value.subject == sought


def test_deliveries_are_shown_newest_first_and_one_by_one(office: PostOffice) -> None:
    endpoint = office.endpoint()
    office.happen(EventType.WALLET_CREATED, EventType.WALLET_UPDATED)
    office.worker().deliver()
    one, two = office.deliveries(endpoint)

    def listed(which: DeliveryFilter, page: Page = ALL) -> list[Delivery]:
        return list(office.sending.list(office.actor, endpoint.id, which, page))

    assert listed(DeliveryFilter()) == [two, one]
    assert listed(DeliveryFilter(), Page(1, after=two.id)) == [one]
    assert listed(DeliveryFilter(DeliveryStatus.FAILED)) == []
    assert listed(DeliveryFilter(event_type=EventType.WALLET_UPDATED)) == [two]
    assert office.sending.get(office.actor, endpoint.id, one.id) == one
