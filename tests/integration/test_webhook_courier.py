"""A courier that lacks what it takes to send."""

import time
from collections.abc import Iterator

import pytest

from payflow_bootstrap.courier import CourierThread, make_courier
from payflow_domain.webhooks.deliveries import DeliveryStatus
from tests.builders.descriptors import no_descriptor_left
from tests.builders.processes import eventually
from tests.builders.subscriber import subscribing
from tests.builders.webhook_office import Office, office_on

CLOSED_AFTER_S = 2.0
"""By then it has closed its connections to endpoints."""


@pytest.fixture
def office(emptied_url: str) -> Iterator[Office]:
    with office_on(emptied_url) as opened:
        yield opened


def test_without_a_descriptor_a_delivery_waits_and_that_is_no_attempt(
    office: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    courier = CourierThread(
        make_courier(office.core, 1_024), office.environment["PAYFLOW_DATABASE_URL"]
    )
    with subscribing() as subscriber:
        endpoint = office.endpoint(subscriber.url)
        courier.start()
        office.events(1)
        assert eventually(lambda: office.has_delivered(endpoint, 1))
        time.sleep(CLOSED_AFTER_S)

        with no_descriptor_left():
            office.events(3)
            assert eventually(lambda: len(office.deliveries(endpoint)) == 4)
            time.sleep(CLOSED_AFTER_S)
            waiting = office.deliveries(endpoint)[1:]

        assert eventually(lambda: office.has_delivered(endpoint, 4), seconds=10)
        courier.stop()

    assert [(one.status, one.attempts_made) for one in waiting] == [(DeliveryStatus.PENDING, 0)] * 3
    assert [one.attempts_made for one in office.deliveries(endpoint)] == [1] * 4
    assert capfd.readouterr().out.count("webhooks_short_of_descriptors") == 1
