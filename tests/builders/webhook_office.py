"""A partner's webhooks on a real database, for tests that run real workers."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import evolve, frozen

from payflow_bootstrap.containers import Core
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ledger.batch import record
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.ledger.service import load_ledger
from payflow_domain.wallets.model import NewWallet
from payflow_domain.webhooks.deliveries import Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint, NewEndpoint
from payflow_domain.webhooks.ports import DeliveryFilter
from tests.builders.api_server import SESSION_SECRET
from tests.builders.processes import free_port


@frozen
class Office:
    """A partner with a sandbox on a database, without HTTP in between."""

    core: Core
    actor: Actor
    environment: dict[str, str]

    def endpoint(self, url: str, *events: str) -> Endpoint:
        new = NewEndpoint(url, frozenset(events))
        made = self.core.webhooks().create(self.actor, new, None)
        assert isinstance(made, Endpoint)
        return made

    def events(self, count: int) -> None:
        """Make so many, one to a commit."""
        for number in range(count):
            self.core.wallets().create(self.actor, NewWallet(f"Wallet {number}", "EUR"))

    def event_of(self, type_: EventType) -> None:
        """Make an event of a type, also of one that this version does not know."""
        with self.core.store().begin() as uow:
            ledger = load_ledger(uow, self.actor.ledger_id, Wanted()).ledger
            at = ledger.next_moment(self.core.clock().now())
            mint = self.core.ids().minting(at)
            uow.write([record(ledger, [(type_, {})], at, mint, self.core.encode())])

    def deliveries(self, endpoint: Endpoint) -> list[Delivery]:
        """Return all deliveries, in the order of the journal."""
        found: list[Delivery] = []
        after = None
        while True:
            page = Page(101, after)
            more = self.core.store().deliveries(
                endpoint.ledger_id, endpoint.id, DeliveryFilter(), page
            )
            if not more:
                return sorted(found, key=lambda one: one.sequence)
            found += more
            after = more[-1].id

    def has_delivered(self, endpoint: Endpoint, count: int) -> bool:
        deliveries = self.deliveries(endpoint)
        delivered = [one for one in deliveries if one.status is DeliveryStatus.DELIVERED]
        return len(delivered) == count

    def send_test(self, endpoint: Endpoint) -> None:
        self.core.deliveries().send_test(self.actor, endpoint.id, None)

    def retry(self, delivery: Delivery) -> None:
        deliveries = self.core.deliveries()
        deliveries.retry(self.actor, delivery.endpoint_id, delivery.id, None)

    def of_another_partner(self) -> "Office":
        return evolve(self, actor=_new_actor(self.core))

    def now(self, endpoint: Endpoint) -> Endpoint:
        return self.core.webhooks().get(self.actor, endpoint.id)


@contextmanager
def office_on(url: str, **settings: str) -> Iterator[Office]:
    core = Core(database_url=url, loopback_open=True)
    try:
        actor = _new_actor(core)
        environment = {
            "PAYFLOW_DATABASE_URL": url,
            "PAYFLOW_PORT": str(free_port()),
            "PAYFLOW_WEBHOOK_LOOPBACK": "on",
            "PAYFLOW_LOG_LEVEL": "warning",
            "SESSION_SECRET": SESSION_SECRET,
            **settings,
        }
        yield Office(core, actor, environment)
    finally:
        core.database().close()


def _new_actor(core: Core) -> Actor:
    _, ledger = core.partners().approve("RoSaBank")
    key, _ = core.access().issue_key(ledger, "A key", ALL_PERMISSIONS)
    return key.actor
