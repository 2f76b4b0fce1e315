"""The use cases of webhooks, for partners."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from attrs import evolve, frozen

from payflow_domain.access.keys import SecretSource
from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.clock import Clock
from payflow_domain.ids import (
    DELIVERY,
    EVENT,
    WEBHOOK_ENDPOINT,
    DeliveryId,
    EndpointId,
    IdSource,
    is_id,
)
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Answer, Claim, SpentKey, replay
from payflow_domain.ledger.journal import Encode
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Changes, Page, Wanted
from payflow_domain.ledger.published import publish_time
from payflow_domain.ledger.service import load_ledger
from payflow_domain.texts import DESCRIPTION_LENGTH_MAX, check_text
from payflow_domain.webhooks.deliveries import (
    RECOVERED_AT_A_TIME,
    SKIPPED_AT_A_TIME,
    Delivery,
    DeliveryStatus,
)
from payflow_domain.webhooks.endpoints import (
    ENDPOINTS_MAX,
    OVERLAP_MAX,
    TEST_EVENT,
    DeliveryNotFound,
    DisabledReason,
    Endpoint,
    EndpointChange,
    EndpointDisabled,
    EndpointNotFound,
    EndpointStatus,
    InvalidOverlap,
    NewEndpoint,
    TooManyEndpoints,
    Unchanged,
    apply_change,
    disable,
    enable,
    make_signing_secret,
    rotate,
)
from payflow_domain.webhooks.ports import (
    BeginEndpoints,
    CheckUrl,
    DeliveryFilter,
    EndpointReader,
    EndpointUnitOfWork,
)

Done = TypeVar("Done")


@frozen
class Asked(Generic[Done]):
    """How a request is answered, and the idempotency key it came with."""

    render: Callable[[Done], Answer]
    claim: Claim | None = None


@frozen
class Webhooks:
    """Keeps a partner's endpoints, and shows what became of deliveries.

    What changes something returns what was done, or the answer that was given before where the
    idempotency key is spent.
    """

    begin: BeginEndpoints
    reader: EndpointReader
    guard: CheckUrl
    clock: Clock
    ids: IdSource
    secrets: SecretSource
    encode: Encode

    def create(self, actor: Actor, new: NewEndpoint, asked: Asked[Endpoint]) -> Endpoint | Replayed:
        """Make an endpoint that hears of every event from now on.

        Raises ``UnsafeUrl``, ``InvalidText``, ``TooManyEndpoints``, ``IdempotencyKeyReused``.
        """
        actor.require(Permission.WEBHOOKS_WRITE)
        self.guard.check_url(new.url)
        _check_description(new.description)

        def effect(uow: EndpointUnitOfWork, ledger: Ledger, at: datetime) -> Endpoint:
            if uow.count_endpoints(ledger.id) >= ENDPOINTS_MAX:
                detail = f"There are {ENDPOINTS_MAX} endpoints; delete one first."
                raise TooManyEndpoints(detail)
            endpoint = Endpoint(
                ledger_id=ledger.id,
                environment=ledger.environment,
                id=EndpointId(self.ids.minting(at)(WEBHOOK_ENDPOINT)),
                url=new.url,
                events=new.events,
                description=new.description,
                status=EndpointStatus.ENABLED,
                secret=make_signing_secret(self.secrets),
                created_at=at,
                planned_through=ledger.sequence,
            )
            uow.add_endpoint(endpoint)
            return endpoint

        return self._do(actor, effect, asked)

    def get(self, actor: Actor, endpoint_id: str) -> Endpoint:
        """Return one endpoint; raises ``EndpointNotFound``."""
        actor.require(Permission.WEBHOOKS_READ)
        endpoint = self.reader.endpoint(actor.ledger_id, _endpoint_id(endpoint_id))
        if endpoint is None:
            raise _endpoint_not_found(endpoint_id)
        return endpoint

    def list(self, actor: Actor, page: Page) -> Sequence[Endpoint]:
        """Return endpoints, newest first."""
        actor.require(Permission.WEBHOOKS_READ)
        return self.reader.endpoints(actor.ledger_id, page)

    def change(self, actor: Actor, endpoint_id: str, change: EndpointChange) -> Endpoint:
        """Change where an endpoint is, what it hears of, or what is said of it.

        Raises ``EndpointNotFound``, ``UnsafeUrl``, ``InvalidText``.
        """
        actor.require(Permission.WEBHOOKS_WRITE)
        if change.url is not None:
            self.guard.check_url(change.url)
        _check_description(change.description)
        with self.begin() as uow:
            load_ledger(uow, actor.ledger_id, Wanted())
            endpoint = apply_change(_find(uow, actor, endpoint_id), change)
            uow.replace_endpoint(endpoint)
        return endpoint

    def remove(self, actor: Actor, endpoint_id: str) -> None:
        """Remove an endpoint and all of its deliveries; raises ``EndpointNotFound``."""
        actor.require(Permission.WEBHOOKS_WRITE)
        with self.begin() as uow:
            load_ledger(uow, actor.ledger_id, Wanted())
            endpoint = _find(uow, actor, endpoint_id)
            uow.remove_endpoint(actor.ledger_id, endpoint.id, self.clock.now())

    def disable(
        self, actor: Actor, endpoint_id: str, asked: Asked[Endpoint]
    ) -> Endpoint | Replayed:
        """Send nothing to it until it is enabled; what happens meanwhile is skipped.

        Raises ``EndpointNotFound``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, at: datetime) -> Endpoint:
            endpoint = disable(_find(uow, actor, endpoint_id), DisabledReason.REQUESTED, at)
            uow.replace_endpoint(endpoint)
            # A worker skips the rest: the ledger is not to be locked for as long as that takes.
            uow.skip_pending(actor.ledger_id, endpoint.id, SKIPPED_AT_A_TIME)
            return endpoint

        return self._do(actor, effect, asked)

    def enable(self, actor: Actor, endpoint_id: str, asked: Asked[Endpoint]) -> Endpoint | Replayed:
        """Send events to it again; those that were skipped stay so until they are recovered.

        Raises ``EndpointNotFound``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, __: datetime) -> Endpoint:
            endpoint = enable(_find(uow, actor, endpoint_id))
            uow.replace_endpoint(endpoint)
            return endpoint

        return self._do(actor, effect, asked)

    def rotate_secret(
        self, actor: Actor, endpoint_id: str, overlap: timedelta, asked: Asked[Endpoint]
    ) -> Endpoint | Replayed:
        """Make a new secret; the old one signs as well for ``overlap``.

        Raises ``EndpointNotFound``, ``InvalidOverlap``, ``RotationUnderWay``.
        """
        actor.require(Permission.WEBHOOKS_WRITE)
        if not timedelta(0) <= overlap <= OVERLAP_MAX:
            detail = f"Both secrets sign for 0 to {OVERLAP_MAX.days * 86_400} seconds."
            raise InvalidOverlap(detail)

        def effect(uow: EndpointUnitOfWork, _: Ledger, at: datetime) -> Endpoint:
            secret = make_signing_secret(self.secrets)
            endpoint = rotate(_find(uow, actor, endpoint_id), secret, at, overlap)
            uow.replace_endpoint(endpoint)
            return endpoint

        return self._do(actor, effect, asked)

    def send_test(
        self, actor: Actor, endpoint_id: str, asked: Asked[Delivery]
    ) -> Delivery | Replayed:
        """Have a test event sent, whatever the endpoint hears of otherwise.

        Raises ``EndpointNotFound``, ``EndpointDisabled``.
        """

        def effect(uow: EndpointUnitOfWork, ledger: Ledger, at: datetime) -> Delivery:
            delivery = self._test_delivery(_find_enabled(uow, actor, endpoint_id), ledger, at)
            uow.add_delivery(delivery)
            return delivery

        return self._do(actor, effect, asked)

    def delivery(self, actor: Actor, endpoint_id: str, delivery_id: str) -> Delivery:
        """Return one delivery; raises ``EndpointNotFound``, ``DeliveryNotFound``."""
        endpoint = self.get(actor, endpoint_id)
        found = None
        if is_id(delivery_id, DELIVERY):
            found = self.reader.delivery(actor.ledger_id, endpoint.id, DeliveryId(delivery_id))
        if found is None:
            raise _delivery_not_found(delivery_id)
        return found

    def deliveries(
        self, actor: Actor, endpoint_id: str, which: DeliveryFilter, page: Page
    ) -> Sequence[Delivery]:
        """Return deliveries, newest first; raises ``EndpointNotFound``."""
        endpoint = self.get(actor, endpoint_id)
        return self.reader.deliveries(actor.ledger_id, endpoint.id, which, page)

    def retry(
        self, actor: Actor, endpoint_id: str, delivery_id: str, asked: Asked[Delivery]
    ) -> Delivery | Replayed:
        """Have a delivery attempted at once, whatever became of it, on a new schedule.

        Raises ``EndpointNotFound``, ``EndpointDisabled``, ``DeliveryNotFound``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, at: datetime) -> Delivery:
            endpoint = _find_enabled(uow, actor, endpoint_id)
            sought = DeliveryId(delivery_id)
            delivery = (
                uow.retry_delivery(actor.ledger_id, endpoint.id, sought, at)
                if is_id(delivery_id, DELIVERY)
                else None
            )
            if delivery is None:
                raise _delivery_not_found(delivery_id)
            return delivery

        return self._do(actor, effect, asked)

    def recover(
        self, actor: Actor, endpoint_id: str, since: datetime, asked: Asked[int]
    ) -> int | Replayed:
        """Have attempted again what failed or was skipped, of events since ``since``.

        Returns how many deliveries they are; if they are ``RECOVERED_AT_A_TIME``, the oldest
        ones, there may be more. Raises ``EndpointNotFound``, ``EndpointDisabled``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, at: datetime) -> int:
            endpoint = _find_enabled(uow, actor, endpoint_id)
            return uow.recover(actor.ledger_id, endpoint.id, since, at, RECOVERED_AT_A_TIME)

        return self._do(actor, effect, asked)

    def _do(
        self,
        actor: Actor,
        effect: Callable[[EndpointUnitOfWork, Ledger, datetime], Done],
        asked: Asked[Done],
    ) -> Done | Replayed:
        """Have an effect once for each idempotency key."""
        actor.require(Permission.WEBHOOKS_WRITE)
        claim = asked.claim
        wanted = Wanted(keys={claim.key} if claim else set())
        with self.begin() as uow:
            books = load_ledger(uow, actor.ledger_id, wanted)
            if claim is not None and claim.key in books.spent:
                return Replayed(replay(books.spent[claim.key], claim))
            now = self.clock.now()
            done = effect(uow, books.ledger, now)
            if claim is not None:
                # A key counts as spent when its ledger last moved.
                ledger = evolve(books.ledger, last_at=books.ledger.next_moment(now))
                uow.write([Changes(ledger, spent=[SpentKey(claim, asked.render(done))])])
        return done

    def _test_delivery(self, endpoint: Endpoint, ledger: Ledger, at: datetime) -> Delivery:
        mint = self.ids.minting(at)
        event_id = mint(EVENT)
        body = {
            "id": event_id,
            "event": TEST_EVENT,
            "sequence": 0,
            "environment": ledger.environment,
            "createdAt": publish_time(at),
            "data": {"webhookEndpointId": endpoint.id},
        }
        return Delivery(
            ledger_id=ledger.id,
            endpoint_id=endpoint.id,
            id=DeliveryId(mint(DELIVERY)),
            sequence=0,
            event_id=event_id,
            event_type=TEST_EVENT,
            status=DeliveryStatus.PENDING,
            created_at=at,
            next_attempt_at=at,
            body=self.encode(body),
        )


def _find(uow: EndpointUnitOfWork, actor: Actor, endpoint_id: str) -> Endpoint:
    endpoint = uow.endpoint(actor.ledger_id, _endpoint_id(endpoint_id))
    if endpoint is None:
        raise _endpoint_not_found(endpoint_id)
    return endpoint


def _find_enabled(uow: EndpointUnitOfWork, actor: Actor, endpoint_id: str) -> Endpoint:
    endpoint = _find(uow, actor, endpoint_id)
    if endpoint.status is not EndpointStatus.ENABLED:
        detail = "The endpoint is disabled; enable it first."
        raise EndpointDisabled(detail, subject=endpoint_id)
    return endpoint


def _endpoint_id(text: str) -> EndpointId:
    if not is_id(text, WEBHOOK_ENDPOINT):
        raise _endpoint_not_found(text)
    return EndpointId(text)


def _check_description(description: str | Unchanged | None) -> None:
    if isinstance(description, str):
        check_text(description, DESCRIPTION_LENGTH_MAX)


def _endpoint_not_found(endpoint_id: str) -> EndpointNotFound:
    detail = "There is no such webhook endpoint; check its id."
    return EndpointNotFound(detail, subject=endpoint_id)


def _delivery_not_found(delivery_id: str) -> DeliveryNotFound:
    detail = "There is no such delivery; check its id."
    return DeliveryNotFound(detail, subject=delivery_id)
