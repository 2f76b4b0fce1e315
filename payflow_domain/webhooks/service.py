"""The use cases of webhook endpoints, for partners."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import frozen

from payflow_domain.access.keys import SecretSource
from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.ids import WEBHOOK_ENDPOINT, EndpointId, IdSource
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Once
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.ledger.service import load_ledger
from payflow_domain.texts import DESCRIPTION_LENGTH_MAX, check_text
from payflow_domain.webhooks.deliveries import SKIPPED_AT_A_TIME
from payflow_domain.webhooks.desk import EndpointDesk, find_endpoint
from payflow_domain.webhooks.endpoints import (
    ENDPOINTS_MAX,
    OVERLAP_MAX,
    DisabledReason,
    Endpoint,
    EndpointChange,
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
from payflow_domain.webhooks.ports import CheckUrl, EndpointUnitOfWork


@frozen
class Webhooks:
    """Keeps a partner's endpoints.

    What changes something returns what was done, or the answer that was given before where the
    idempotency key is spent.
    """

    desk: EndpointDesk
    guard: CheckUrl
    ids: IdSource
    secrets: SecretSource

    def create(
        self, actor: Actor, new: NewEndpoint, once: Once[Endpoint] | None
    ) -> Endpoint | Replayed:
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

        return self.desk.do_once(actor, effect, once)

    def get(self, actor: Actor, endpoint_id: str) -> Endpoint:
        """Return one endpoint; raises ``EndpointNotFound``."""
        return self.desk.get(actor, endpoint_id)

    def list(self, actor: Actor, page: Page) -> Sequence[Endpoint]:
        """Return endpoints, newest first."""
        actor.require(Permission.WEBHOOKS_READ)
        return self.desk.reader.endpoints(actor.ledger_id, page)

    def change(self, actor: Actor, endpoint_id: str, change: EndpointChange) -> Endpoint:
        """Change where an endpoint is, what it hears of, or what is said of it.

        Raises ``EndpointNotFound``, ``UnsafeUrl``, ``InvalidText``.
        """
        actor.require(Permission.WEBHOOKS_WRITE)
        if change.url is not None:
            self.guard.check_url(change.url)
        _check_description(change.description)
        with self.desk.begin() as uow:
            load_ledger(uow, actor.ledger_id, Wanted())
            endpoint = apply_change(find_endpoint(uow, actor, endpoint_id), change)
            uow.replace_endpoint(endpoint)
        return endpoint

    def remove(self, actor: Actor, endpoint_id: str) -> None:
        """Remove an endpoint and all of its deliveries; raises ``EndpointNotFound``."""
        actor.require(Permission.WEBHOOKS_WRITE)
        with self.desk.begin() as uow:
            load_ledger(uow, actor.ledger_id, Wanted())
            endpoint = find_endpoint(uow, actor, endpoint_id)
            uow.remove_endpoint(actor.ledger_id, endpoint.id, self.desk.clock.now())

    def disable(
        self, actor: Actor, endpoint_id: str, once: Once[Endpoint] | None
    ) -> Endpoint | Replayed:
        """Send nothing to it until it is enabled; what happens meanwhile is skipped.

        Raises ``EndpointNotFound``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, at: datetime) -> Endpoint:
            endpoint = disable(find_endpoint(uow, actor, endpoint_id), DisabledReason.REQUESTED, at)
            uow.replace_endpoint(endpoint)
            # A worker skips the rest: the ledger is not to be locked for as long as that takes.
            uow.skip_pending(actor.ledger_id, endpoint.id, SKIPPED_AT_A_TIME)
            return endpoint

        return self.desk.do_once(actor, effect, once)

    def enable(
        self, actor: Actor, endpoint_id: str, once: Once[Endpoint] | None
    ) -> Endpoint | Replayed:
        """Send events to it again; those that were skipped stay so until they are recovered.

        Raises ``EndpointNotFound``.
        """

        def effect(uow: EndpointUnitOfWork, _: Ledger, __: datetime) -> Endpoint:
            endpoint = enable(find_endpoint(uow, actor, endpoint_id))
            uow.replace_endpoint(endpoint)
            return endpoint

        return self.desk.do_once(actor, effect, once)

    def rotate_secret(
        self, actor: Actor, endpoint_id: str, overlap: timedelta, once: Once[Endpoint] | None
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
            endpoint = rotate(find_endpoint(uow, actor, endpoint_id), secret, at, overlap)
            uow.replace_endpoint(endpoint)
            return endpoint

        return self.desk.do_once(actor, effect, once)


def _check_description(description: str | Unchanged | None) -> None:
    if isinstance(description, str):
        check_text(description, DESCRIPTION_LENGTH_MAX)
