"""Events on their way from the journal to an endpoint, through real workers."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from threading import Event

import pytest
from standardwebhooks import Webhook

from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_bootstrap.containers import Core
from payflow_bootstrap.courier import LOOK_S
from payflow_domain.wallets.model import NewWallet
from payflow_domain.webhooks.deliveries import DeliveryStatus
from payflow_domain.webhooks.endpoints import DisabledReason, EndpointChange, EndpointStatus
from payflow_domain.webhooks.rooms import WINDOW
from tests.builders.processes import eventually, free_port
from tests.builders.subscriber import Subscriber, subscribing
from tests.builders.webhook_office import Office, office_on
from tests.builders.workers import working
from tests.integration.conftest import TEST_SPEED

AWAY_SECONDS = 5
AT_ONCE_SECONDS = 25
"""Long before a lease ends."""


@pytest.fixture
def office(emptied_url: str) -> Iterator[Office]:
    with office_on(emptied_url) as opened:
        yield opened


def test_an_event_is_signed_and_comes_as_it_is_in_the_journal(
    office: Office, tmp_path: Path
) -> None:
    with subscribing() as subscriber, working(office.environment, tmp_path / "worker.log"):
        endpoint = office.endpoint(subscriber.url)
        office.events(3)
        assert eventually(lambda: office.has_delivered(endpoint, 3))

    journal = office.core.store().events(office.actor.ledger_id, 0, 100)
    assert sorted(subscriber.bodies) == sorted(event.body for event in journal)
    for headers, body in zip(subscriber.headers, subscriber.bodies, strict=True):
        assert Webhook(endpoint.secret).verify(body, headers)["id"] == headers["webhook-id"]


def test_two_workers_share_the_work_and_each_event_comes_once_and_in_order(
    office: Office, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        subscribers = [stack.enter_context(subscribing()) for _ in range(3)]
        endpoints = [office.endpoint(one.url) for one in subscribers]
        for name in ("one.log", "two.log"):
            stack.enter_context(working(office.environment, tmp_path / name))
        office.events(150)

        assert eventually(lambda: all(office.has_delivered(one, 150) for one in endpoints))

        for subscriber, endpoint in zip(subscribers, endpoints, strict=True):
            assert sorted(subscriber.sequences) == list(range(1, 151))
            assert subscriber.overlapping == []
            began = [one.attempts[0].at for one in office.deliveries(endpoint)]
            assert began == sorted(began)


def test_an_endpoint_that_is_gone_is_disabled_and_the_others_hear_of_it(
    office: Office, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        gone = stack.enter_context(subscribing(lambda _: HTTPStatus.GONE))
        other = stack.enter_context(subscribing())
        stack.enter_context(working(office.environment, tmp_path / "worker.log"))
        endpoint, witness = office.endpoint(gone.url), office.endpoint(other.url)
        office.events(1)

        assert eventually(lambda: office.now(endpoint).status is EndpointStatus.DISABLED)
        assert eventually(lambda: office.has_delivered(witness, 2))
        office.events(1)
        assert eventually(lambda: len(office.deliveries(endpoint)) == 3)

    assert office.now(endpoint).disabled_reason is DisabledReason.GONE
    assert [one.status for one in office.deliveries(endpoint)] == [DeliveryStatus.SKIPPED] * 3
    assert gone.sequences == [1]
    told = [body for body in other.bodies if b"webhook_endpoint.disabled" in body]
    assert len(told) == 1
    assert endpoint.id.encode() in told[0]


def test_without_the_setting_nothing_is_sent_to_this_machine(
    office: Office, tmp_path: Path
) -> None:
    shut = {**office.environment, "PAYFLOW_WEBHOOK_LOOPBACK": "off"}
    with subscribing() as subscriber, working(shut, tmp_path / "worker.log"):
        endpoint = office.endpoint(subscriber.url)
        office.events(1)

        def has_been_tried() -> bool:
            return any(one.attempts_made for one in office.deliveries(endpoint))

        assert eventually(has_been_tried)

    (delivery,) = office.deliveries(endpoint)
    assert delivery.attempts[0].error == "address_refused"
    assert delivery.status is DeliveryStatus.PENDING
    assert subscriber.bodies == []


def test_what_is_under_way_when_a_worker_is_told_to_stop_is_kept(
    office: Office, tmp_path: Path
) -> None:
    def slowly(_: int) -> int:
        time.sleep(0.5)
        return HTTPStatus.OK

    with subscribing(slowly) as subscriber:
        endpoint = office.endpoint(subscriber.url)
        with working(office.environment, tmp_path / "worker.log") as worker:
            office.events(1)
            assert eventually(lambda: bool(subscriber._being_taken))

            assert worker.stop(signal.SIGTERM) == 0

        assert office.has_delivered(endpoint, 1)
        assert len(subscriber.bodies) == 1


def test_a_retry_that_is_asked_for_during_an_attempt_is_made_after_it(
    office: Office, tmp_path: Path
) -> None:
    began = Event()

    def slowly(_: int) -> int:
        began.set()
        time.sleep(2)
        return HTTPStatus.OK

    with subscribing(slowly) as subscriber, working(office.environment, tmp_path / "worker.log"):
        endpoint = office.endpoint(subscriber.url)
        office.events(1)
        assert began.wait(10)
        (delivery,) = office.deliveries(endpoint)
        office.retry(delivery)

        assert eventually(lambda: len(subscriber.bodies) == 2, seconds=10)
        assert eventually(lambda: office.has_delivered(endpoint, 1))

    assert subscriber.overlapping == []
    assert [one.number for one in office.deliveries(endpoint)[0].attempts] == [1, 2]


def test_what_is_held_for_an_endpoint_that_is_gone_is_not_sent(
    office: Office, tmp_path: Path
) -> None:
    def gone(_: int) -> int:
        time.sleep(0.2)
        return HTTPStatus.GONE

    with subscribing(gone) as subscriber:
        endpoint = office.endpoint(subscriber.url)
        office.events(3 * WINDOW)
        with working(office.environment, tmp_path / "worker.log"):
            assert eventually(lambda: office.now(endpoint).status is EndpointStatus.DISABLED)
            assert eventually(lambda: len(office.deliveries(endpoint)) == 3 * WINDOW + 1)
            assert len(subscriber.bodies) < 3 * WINDOW

    assert {one.status for one in office.deliveries(endpoint)} == {DeliveryStatus.SKIPPED}


def test_what_is_held_for_an_endpoint_goes_where_that_has_moved(
    office: Office, tmp_path: Path
) -> None:
    may_end = Event()

    def when_it_may(_: int) -> int:
        may_end.wait(10)
        return HTTPStatus.OK

    with subscribing(when_it_may) as old, subscribing() as new:
        endpoint = office.endpoint(old.url)
        office.events(2 * WINDOW)
        with working(office.environment, tmp_path / "worker.log"):
            assert eventually(lambda: len(old._being_taken) == WINDOW)
            change = EndpointChange(url=new.url)
            office.core.webhooks().change(office.actor, endpoint.id, change)
            time.sleep(2 * LOOK_S)
            may_end.set()

            assert eventually(lambda: office.has_delivered(endpoint, 2 * WINDOW))

    assert (len(old.bodies), len(new.bodies)) == (WINDOW, WINDOW)


def test_what_a_worker_has_not_begun_when_it_is_stopped_the_next_one_begins_at_once(
    office: Office, tmp_path: Path
) -> None:
    def slowly(_: int) -> int:
        time.sleep(0.3)
        return HTTPStatus.OK

    with subscribing(slowly) as subscriber:
        endpoint = office.endpoint(subscriber.url)
        office.events(3 * WINDOW)
        with working(office.environment, tmp_path / "one.log") as worker:
            assert eventually(lambda: bool(subscriber._being_taken))
            assert worker.stop(signal.SIGTERM) == 0
        assert len(subscriber.bodies) < 3 * WINDOW

        with working(office.environment, tmp_path / "two.log"):
            assert eventually(lambda: office.has_delivered(endpoint, 3 * WINDOW), AT_ONCE_SECONDS)

    began = [one.attempts[0].at for one in office.deliveries(endpoint)]
    assert began == sorted(began)


def test_a_database_that_is_away_stops_nothing_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr("payflow_adapters.postgres.server._free_port", lambda: port)
    directory = tmp_path / "postgres"

    def told(subscriber: Subscriber, count: int) -> Callable[[], bool]:
        return lambda: set(subscriber.sequences) >= set(range(1, count + 1))

    with subscribing() as subscriber, ExitStack() as stack:
        first = stack.enter_context(EmbeddedServer.start(directory, settings=TEST_SPEED))
        first.create_database("payflow")
        url = first.url("payflow")
        migrate(url)
        office = stack.enter_context(office_on(url, PAYFLOW_WEBHOOK_ATTEMPT_SECONDS="2"))
        worker = stack.enter_context(working(office.environment, tmp_path / "worker.log"))
        office.endpoint(subscriber.url)
        office.events(2)
        assert eventually(told(subscriber, 2))
        office.core.database().close()

        first.stop()
        time.sleep(AWAY_SECONDS)

        assert not worker.has_ended(), worker.output
        assert "courier_waits" in worker.output
        stack.enter_context(EmbeddedServer.start(directory, settings=TEST_SPEED))
        again = Core(database_url=url)
        again.wallets().create(office.actor, NewWallet("One more", "EUR"))
        again.database().close()
        assert eventually(told(subscriber, 3)), worker.output
        assert worker.stop(signal.SIGTERM) == 0
        assert "Traceback" not in worker.output
