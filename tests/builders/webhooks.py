"""The whole of PayFlow's webhooks in memory: a partner, workers, and a clock to set."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from attrs import Factory, define, frozen

from payflow_adapters.encoding import encode_json
from payflow_adapters.memory import MemoryStore
from payflow_adapters.secret_source import SystemSecrets
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ids import KeyId, PartnerId
from payflow_domain.ledger.batch import Replayed, record
from payflow_domain.ledger.idempotency import Answer, Claim, IdempotencyKey, Once
from payflow_domain.ledger.journal import Event, EventType, Fact, event_id
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.ledger.service import Ledgers, load_ledger
from payflow_domain.webhooks.deliveries import Delivery, DeliveryKey, Outcome
from payflow_domain.webhooks.delivery_service import Deliveries
from payflow_domain.webhooks.desk import EndpointDesk
from payflow_domain.webhooks.dispatch import Dispatcher
from payflow_domain.webhooks.endpoints import Endpoint, EndpointChange, NewEndpoint
from payflow_domain.webhooks.ports import DeliveryFilter
from payflow_domain.webhooks.rooms import HELD_MAX
from payflow_domain.webhooks.service import Webhooks
from payflow_domain.webhooks.taking import Errand, Errands
from tests.builders.ledger import PARTNER_ID, ledgers_over
from tests.builders.times import TICK, CountingIds, SettableClock

Done = TypeVar("Done")

URL = "https://example.com/hook"
OK, GONE, BROKEN = 204, 410, 500
LATENCY_MS = 7
NO_LUCK = 0.5
"""With this, delays are as they were planned."""


def asked(key: str | None = None, fingerprint: bytes = bytes(32)) -> Once[Any] | None:
    """Ask under an idempotency key or none, to be answered with what was done."""
    if key is None:
        return None
    claim = Claim(IdempotencyKey(key), fingerprint)
    return Once(claim, lambda done: Answer(200, repr(done).encode()))


def done(result: Done | Replayed) -> Done:
    """Return what was done now."""
    assert not isinstance(result, Replayed)
    return result


@define
class PostOffice:
    """A partner's endpoints, and what sends to them; ``actor`` may do everything."""

    clock: SettableClock
    store: MemoryStore
    ids: CountingIds
    ledgers: Ledgers
    webhooks: Webhooks
    sending: Deliveries
    dispatcher: Dispatcher
    actor: Actor

    def endpoint(self, *events: EventType, url: str = URL, actor: Actor | None = None) -> Endpoint:
        """Make an endpoint that hears of these events, or of all."""
        new = NewEndpoint(url, frozenset(events))
        return done(self.webhooks.create(actor or self.actor, new, asked()))

    def other_actor(self, environment: Environment = Environment.LIVE) -> Actor:
        """Open the ledger of another partner."""
        partner_id = PartnerId("ptr_00000000000000000000000002")
        ledger = self.ledgers.open_ledger(partner_id, environment, None)
        return Actor(KeyId("key_2"), partner_id, ledger.id, environment, ALL_PERMISSIONS)

    def happen(self, *types: EventType, actor: Actor | None = None) -> list[str]:
        """Have events of these types happen in one commit; return their ids."""
        ledger_id = (actor or self.actor).ledger_id
        with self.store.begin() as uow:
            books = load_ledger(uow, ledger_id, Wanted())
            at = books.ledger.next_moment(self.clock.now())
            facts: list[Fact] = [(type_, {"told": type_.value}) for type_ in types]
            changes = record(books.ledger, facts, at, self.ids.minting(at), encode_json)
            uow.write([changes])
        return [event_id(event) for event in changes.events]

    def create_wallets(self, count: int) -> list[str]:
        """Have that many events happen."""
        return self.happen(*[EventType.WALLET_CREATED] * count)

    def disable(self, endpoint: Endpoint) -> None:
        self.webhooks.disable(self.actor, endpoint.id, asked())

    def enable(self, endpoint: Endpoint) -> None:
        self.webhooks.enable(self.actor, endpoint.id, asked())

    def recover(self, endpoint: Endpoint, ago: timedelta = timedelta(days=1)) -> int:
        since = self.clock.now() - ago
        return done(self.sending.recover(self.actor, endpoint.id, since, asked()))

    def retry(self, delivery: Delivery) -> Delivery:
        ids = delivery.endpoint_id, delivery.id
        return done(self.sending.retry(self.actor, *ids, asked()))

    def change(self, endpoint: Endpoint, change: EndpointChange) -> Endpoint:
        return self.webhooks.change(self.actor, endpoint.id, change)

    def look(self, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint as it stands."""
        return self.webhooks.get(self.actor, endpoint.id)

    def deliveries(self, endpoint: Endpoint) -> list[Delivery]:
        """Return all deliveries of an endpoint, oldest first."""
        return self.store.deliveries(*endpoint.key, DeliveryFilter(), Page(10_000))[::-1]

    def journal(self) -> list[Event]:
        return self.store.events(self.actor.ledger_id, 0, 10_000)

    def worker(self, name: str = "anna") -> "Worker":
        return Worker(self, name)


@define
class Worker:
    """Does what a courier does, but for the sending: a test says what comes of each attempt."""

    office: PostOffice
    name: str
    held_max: int = HELD_MAX
    under_way: dict[DeliveryKey, Errand] = Factory(dict)
    last: Errands = Factory(Errands)

    def take(self) -> list[Errand]:
        """Begin what is to be attempted now."""
        counts = Counter(key[:2] for key in self.under_way)
        room = self.held_max - len(self.under_way)
        self.last = self.office.dispatcher.take(self.name, None, counts, room)
        begun = [one for one in self.last.errands if one.delivery.key not in self.under_way]
        self.under_way |= {errand.delivery.key: errand for errand in begun}
        return begun

    def conclude(
        self,
        errands: Collection[Errand],
        status: int | None = OK,
        retry_after_s: int | None = None,
    ) -> Sequence[Endpoint]:
        """End attempts, all with the same outcome; return the endpoints disabled for it."""
        return self.conclude_each([(errand, status) for errand in errands], retry_after_s)

    def conclude_each(
        self, ended: Sequence[tuple[Errand, int | None]], retry_after_s: int | None = None
    ) -> Sequence[Endpoint]:
        """End attempts, each with its status, or with none where nothing was answered."""
        now = self.office.clock.now()
        for errand, _ in ended:
            del self.under_way[errand.delivery.key]
        dispatcher = self.office.dispatcher
        to_disable = dispatcher.conclude(
            [(errand, _outcome(now, status, retry_after_s)) for errand, status in ended]
        )
        disabled = [dispatcher.disable(*one) for one in to_disable]
        return [endpoint for endpoint in disabled if endpoint is not None]

    def deliver(self, status: int | None = OK) -> list[str]:
        """Attempt all that is due, also what only then comes next; return the ids of the events."""
        sent: list[str] = []
        while errands := self.take():
            sent += events_of(errands)
            self.conclude(errands, status)
            self.office.clock.advance(TICK)  # no delivery is attempted twice at one moment
        return sent


def _outcome(at: datetime, status: int | None, retry_after_s: int | None) -> Outcome:
    error = "timeout" if status is None else None
    return Outcome(at, LATENCY_MS, status, error, b"thanks", retry_after_s)


def events_of(errands: Collection[Errand]) -> list[str]:
    return [errand.delivery.event_id for errand in errands]


@frozen
class Luck:
    """Draws what a test says."""

    drawn: float = NO_LUCK

    def __call__(self) -> float:
        return self.drawn


def open_post_office(
    environment: Environment = Environment.SANDBOX, luck: Callable[[], float] | None = None
) -> PostOffice:
    clock, ids = SettableClock(), CountingIds()
    store = MemoryStore(clock)
    ledgers = ledgers_over(store.begin, store, clock)
    ledger = ledgers.open_ledger(PARTNER_ID, environment, None)
    desk = EndpointDesk(store.begin, store, clock)
    webhooks = Webhooks(desk, AddressGuard(), ids, SystemSecrets())
    sending = Deliveries(desk, ids, encode_json)
    dispatcher = Dispatcher(store.begin, clock, ids, encode_json, luck or Luck())
    actor = Actor(KeyId("key_1"), PARTNER_ID, ledger.id, environment, ALL_PERMISSIONS)
    return PostOffice(clock, store, ids, ledgers, webhooks, sending, dispatcher, actor)
