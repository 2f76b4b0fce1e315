"""What the suites on webhooks have in common."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve

from payflow_domain.ids import DeliveryId, LedgerId, PartnerId
from payflow_domain.ledger.journal import EventType, event_id
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.webhooks.deliveries import Attempt, Concluded, Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint, EndpointStatus
from payflow_domain.webhooks.ports import DeliveryFilter, Taken
from tests.builders.ledger import FundedLedger, ledgers_over, open_funded_ledger
from tests.builders.times import START, SettableClock, delivery_id, endpoint_id
from tests.contracts.stores import WebhookStore

SECOND = timedelta(seconds=1)
UNTIL = START + 30 * SECOND
"""When leases end, and to when what is taken is put off."""

LATER = START + SECOND
ALL = Page(100)
ANY = DeliveryFilter()
PENDING, DELIVERED = DeliveryStatus.PENDING, DeliveryStatus.DELIVERED
FAILED, SKIPPED = DeliveryStatus.FAILED, DeliveryStatus.SKIPPED


def new_endpoint(ledger: FundedLedger, number: int = 1, **changes: Any) -> Endpoint:  # noqa: ANN401 - as evolve takes them
    """Return an enabled endpoint in the sandbox, for which nothing is planned yet."""
    plain = Endpoint(
        ledger_id=ledger.id,
        environment=Environment.SANDBOX,
        id=endpoint_id(number),
        url=f"https://example.com/{number}",
        events=frozenset(),
        description=None,
        status=EndpointStatus.ENABLED,
        secret=f"whsec_{number}",
        created_at=START,
        planned_through=0,
    )
    return evolve(plain, **changes)


def new_delivery(endpoint: Endpoint, number: int = 1, **changes: Any) -> Delivery:  # noqa: ANN401 - as evolve takes them
    """Return a delivery of the event of that number, which is due."""
    plain = Delivery(
        ledger_id=endpoint.ledger_id,
        endpoint_id=endpoint.id,
        id=delivery_id(number),
        sequence=number,
        event_id=f"evt_{number}",
        event_type=EventType.WALLET_CREDITED,
        status=PENDING,
        created_at=START,
        next_attempt_at=START,
    )
    return evolve(plain, **changes)


def over(status: DeliveryStatus) -> dict[str, Any]:
    """Return what is so of a delivery that waits for nothing."""
    return {"status": status, "next_attempt_at": None}


def new_attempt(number: int = 1, **changes: Any) -> Attempt:  # noqa: ANN401 - as evolve takes them
    plain = Attempt(number, START, latency_ms=5, status=500, error=None, answer="oh\nno \\ ü")
    return evolve(plain, **changes)


def failure(delivery: Delivery, again_at: datetime | None = UNTIL + SECOND) -> Concluded:
    """Return what is kept of a failed attempt of a delivery that was put off to ``UNTIL``."""
    return Concluded(
        key=delivery.key,
        put_off_to=UNTIL,
        status=FAILED if again_at is None else PENDING,
        next_attempt_at=again_at,
        tries=delivery.tries + 1,
        attempt=new_attempt(delivery.attempts_made + 1),
    )


def success(delivery: Delivery) -> Concluded:
    """Return what is kept of an attempt that the endpoint took."""
    attempt = new_attempt(delivery.attempts_made + 1, status=204, answer="")
    return evolve(failure(delivery, None), status=DELIVERED, attempt=attempt)


def keep(store: WebhookStore, *endpoints: Endpoint) -> None:
    with store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted() for endpoint in endpoints})
        for endpoint in endpoints:
            uow.add_endpoint(endpoint)


def plan(store: WebhookStore, *deliveries: Delivery) -> None:
    """Keep deliveries of events, the last one being the last event that is planned."""
    through = {one.key[:2]: one.sequence for one in deliveries}
    with store.begin() as uow:
        uow.plan(through, deliveries)


def lease(
    store: WebhookStore,
    worker: str = "anna",
    now: datetime = START,
    of: Sequence[LedgerId] | None = None,
    limit: int = 100,
) -> list[Taken]:
    """Lease endpoints for thirty seconds."""
    with store.begin() as uow:
        return uow.take_endpoints(worker, now, now + 30 * SECOND, of, limit)


def take(
    store: WebhookStore, *endpoints: Endpoint, room: int = 100, now: datetime = START
) -> list[Delivery]:
    """Take what is due, until ``UNTIL``."""
    with store.begin() as uow:
        return uow.take_deliveries({one.key: room for one in endpoints}, now, UNTIL)


def conclude(store: WebhookStore, *concluded: Concluded) -> None:
    with store.begin() as uow:
        uow.conclude(concluded, healthy=(), failing={})


def under_way(store: WebhookStore, endpoint: Endpoint) -> Delivery:
    """Plan a delivery and take it."""
    plan(store, new_delivery(endpoint))
    (taken,) = take(store, endpoint)
    return evolve(taken, body=None)


def give_back(store: WebhookStore, *deliveries: Delivery) -> None:
    """Give back what was taken, a second after the start."""
    with store.begin() as uow:
        uow.give_back(deliveries, LATER)


def skip(store: WebhookStore, endpoint: Endpoint) -> None:
    with store.begin() as uow:
        uow.load({endpoint.ledger_id: Wanted()})
        uow.skip_pending(*endpoint.key, 100)


def retry(store: WebhookStore, delivery: Delivery) -> Delivery | None:
    """Ask for a retry a second after the start."""
    with store.begin() as uow:
        uow.load({delivery.ledger_id: Wanted()})
        return uow.retry_delivery(*delivery.key, LATER)


def find(store: WebhookStore, delivery: Delivery) -> Delivery | None:
    return store.delivery(*delivery.key)


def forget(store: WebhookStore, before: DeliveryId, limit: int = 100) -> int:
    with store.begin() as uow:
        return uow.purge_deliveries(before, limit)


def deliveries_of(store: WebhookStore, endpoint: Endpoint) -> list[Delivery]:
    """Return all deliveries of an endpoint, oldest first."""
    return store.deliveries(*endpoint.key, ANY, ALL)[::-1]


class WebhookSuite:
    """The fixtures of every suite on the ports of webhooks."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> WebhookStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def ledgers(self, store: WebhookStore, clock: SettableClock) -> Ledgers:
        return ledgers_over(store.begin, store, clock)

    @pytest.fixture
    def ledger(self, ledgers: Ledgers) -> FundedLedger:
        """A ledger of a partner that nobody else has, with four events in its journal."""
        return open_ledger(ledgers)

    @pytest.fixture
    def other(self, ledgers: Ledgers) -> FundedLedger:
        """A live ledger of another partner, with four events too."""
        return open_ledger(ledgers, Environment.LIVE)

    @pytest.fixture
    def endpoint(self, store: WebhookStore, ledger: FundedLedger) -> Endpoint:
        """An endpoint that is in the store, with nothing planned."""
        endpoint = new_endpoint(ledger)
        keep(store, endpoint)
        return endpoint


def open_ledger(ledgers: Ledgers, environment: Environment = Environment.SANDBOX) -> FundedLedger:
    partner_id = PartnerId(f"ptr_{uuid4().hex[:26]}")
    return open_funded_ledger(ledgers, partner_id=partner_id, environment=environment)


def event_ids(store: WebhookStore, ledger: FundedLedger) -> list[str]:
    return [event_id(event) for event in store.events(ledger.id, 0, 100)]
