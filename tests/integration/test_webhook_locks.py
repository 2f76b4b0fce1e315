"""Whoever writes of one endpoint at the same time waits for the other, but never in a circle."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

import psycopg
import pytest
from attrs import evolve, frozen

from payflow_adapters.postgres.connection import connect
from payflow_adapters.postgres.store import PostgresStore
from payflow_domain.ledger.ports import Wanted
from payflow_domain.webhooks.deliveries import Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import DisabledReason, Endpoint, disable
from payflow_domain.webhooks.ports import DispatchUnitOfWork
from tests.builders.ledger import ledgers_over
from tests.builders.times import START, SettableClock
from tests.contracts.webhook_suite import (
    SECOND,
    conclude,
    deliveries_of,
    failure,
    keep,
    lease,
    new_delivery,
    new_endpoint,
    open_ledger,
    plan,
    success,
    take,
)

TIMEOUT_S = 20
_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@frozen
class Scene:
    """An endpoint with three deliveries under way."""

    url: str
    store: PostgresStore
    endpoint: Endpoint
    deliveries: list[Delivery]
    threads: ThreadPoolExecutor

    def start(self, call: Callable[[], object], waiting: int = 1) -> Future[object]:
        """Begin something, and return when it is one of so many that wait."""
        future = self.threads.submit(call)
        deadline = monotonic() + TIMEOUT_S
        with psycopg.connect(self.url, autocommit=True) as connection:
            while connection.execute(_WAITING).fetchone() != (waiting,):
                assert monotonic() < deadline
                assert not future.done()
                sleep(0.01)
        return future

    def begin_disabling(self, uow: DispatchUnitOfWork) -> None:
        uow.load({self.endpoint.ledger_id: Wanted()})
        uow.replace_endpoint(disable(self.endpoint, DisabledReason.REQUESTED, START))
        uow.endpoint(*self.endpoint.key)  # by now the database has done it

    def skip(self) -> None:
        with self.store.begin() as uow:
            self.begin_disabling(uow)
            uow.skip_pending(*self.endpoint.key, 100)

    def statuses(self) -> list[DeliveryStatus]:
        return [delivery.status for delivery in deliveries_of(self.store, self.endpoint)]


@pytest.fixture
def scene(migrated_url: str) -> Iterator[Scene]:
    database, clock = connect(migrated_url, writers=3), SettableClock()
    store = PostgresStore(database, clock)
    endpoint = new_endpoint(open_ledger(ledgers_over(store.begin, store, clock)))
    keep(store, endpoint)
    plan(store, *[new_delivery(endpoint, number) for number in (1, 2, 3, 4)])
    deliveries = take(store, endpoint, room=3)
    with ThreadPoolExecutor(2) as threads:
        yield Scene(migrated_url, store, endpoint, deliveries, threads)
    database.close()


def test_an_endpoint_that_fails_is_disabled_while_failures_are_kept(scene: Scene) -> None:
    failed = [failure(delivery) for delivery in scene.deliveries]

    def keep_failures() -> None:
        with scene.store.begin() as uow:
            uow.conclude(failed, (), {scene.endpoint.key: START})

    with scene.store.begin() as disabling:
        scene.begin_disabling(disabling)
        keeping = scene.start(keep_failures)
        disabling.skip_pending(*scene.endpoint.key, 100)
    keeping.result(TIMEOUT_S)

    assert scene.statuses() == [DeliveryStatus.SKIPPED] * 4


def test_deliveries_are_skipped_while_they_are_concluded_in_whatever_order(scene: Scene) -> None:
    one, two, three = scene.deliveries

    with scene.store.begin() as retrying:
        retrying.load({})
        retrying.retry_delivery(*two.key, START + SECOND)
        skipping = scene.start(scene.skip)
        concluding = scene.start(
            lambda: conclude(scene.store, success(three), success(one)), waiting=2
        )
    skipping.result(TIMEOUT_S)
    concluding.result(TIMEOUT_S)

    delivered, skipped = DeliveryStatus.DELIVERED, DeliveryStatus.SKIPPED
    assert scene.statuses() == [delivered, skipped, delivered, skipped]


def test_no_worker_waits_for_a_delivery_that_is_being_concluded(scene: Scene) -> None:
    one, _, _ = scene.deliveries
    with scene.store.begin() as retrying:
        retrying.load({})
        retrying.retry_delivery(*one.key, START)

    with scene.store.begin() as concluding:
        concluding.conclude([evolve(success(one), put_off_to=START)], (), {})
        concluding.endpoint(*scene.endpoint.key)  # by now the database has done it
        leased = lease(scene.store)
        taken = take(scene.store, scene.endpoint)

    assert [each.endpoint.id for each in leased] == [scene.endpoint.id]
    assert [delivery.sequence for delivery in taken] == [4]


def test_no_worker_waits_for_a_ledger_that_is_being_written(scene: Scene) -> None:
    key = scene.endpoint.key

    def work() -> None:
        with scene.store.begin() as uow:
            assert uow.take_endpoints("anna", START, START + SECOND, None, 1)
            uow.plan({key: 5}, [new_delivery(scene.endpoint, 5)])

    with scene.store.begin() as writing:
        writing.load({scene.endpoint.ledger_id: Wanted()})
        scene.threads.submit(work).result(TIMEOUT_S)
