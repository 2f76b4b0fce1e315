"""A courier in trouble: it lacks what it takes to send, or one partner's books are broken."""

import time
from collections.abc import Iterator
from http import HTTPStatus

import psycopg
import pytest

from payflow_adapters.postgres.server import EmbeddedServer
from payflow_bootstrap.courier import CourierThread, make_courier
from payflow_domain.webhooks.deliveries import DeliveryStatus
from payflow_domain.webhooks.endpoints import EndpointStatus
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


@pytest.fixture
def courier(office: Office) -> Iterator[CourierThread]:
    url = office.environment["PAYFLOW_DATABASE_URL"]
    thread = CourierThread(make_courier(office.core, 1_024), url)
    thread.start()
    yield thread
    thread.stop()


def forget_last_event(office: Office, server: EmbeddedServer) -> None:
    """Have the next event of a ledger be one that there is already: it cannot be written."""
    name = office.environment["PAYFLOW_DATABASE_URL"].rsplit("/", 1)[1]
    with psycopg.connect(server.url(name, "postgres")) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE ledgers SET sequence = sequence - 1 WHERE id = %s", [office.actor.ledger_id]
        )


@pytest.mark.usefixtures("courier")
def test_without_a_descriptor_a_delivery_waits_and_that_is_no_attempt(
    office: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    with subscribing() as subscriber:
        endpoint = office.endpoint(subscriber.url)
        office.events(1)
        assert eventually(lambda: office.has_delivered(endpoint, 1))
        time.sleep(CLOSED_AFTER_S)

        with no_descriptor_left():
            office.events(3)
            assert eventually(lambda: len(office.deliveries(endpoint)) == 4)
            time.sleep(CLOSED_AFTER_S)
            waiting = office.deliveries(endpoint)[1:]

        assert eventually(lambda: office.has_delivered(endpoint, 4), seconds=10)

    assert [(one.status, one.attempts_made) for one in waiting] == [(DeliveryStatus.PENDING, 0)] * 3
    assert [one.attempts_made for one in office.deliveries(endpoint)] == [1] * 4
    assert capfd.readouterr().out.count("webhooks_short_of_descriptors") == 1


@pytest.mark.usefixtures("courier")
def test_an_endpoint_that_cannot_be_disabled_holds_up_no_other(
    office: Office, postgres_server: EmbeddedServer, capfd: pytest.CaptureFixture[str]
) -> None:
    other = office.of_another_partner()
    with subscribing(lambda _: HTTPStatus.GONE) as gone, subscribing() as subscriber:
        office.events(2)
        endpoint, elsewhere = office.endpoint(gone.url), other.endpoint(subscriber.url)
        forget_last_event(office, postgres_server)
        office.send_test(endpoint)
        assert eventually(lambda: bool(office.deliveries(endpoint)[0].attempts_made))

        other.events(3)

        assert eventually(lambda: other.has_delivered(elsewhere, 3))

    assert office.now(endpoint).status is EndpointStatus.ENABLED
    assert "courier_waits" in capfd.readouterr().out
