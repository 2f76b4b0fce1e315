"""How what a partner asks of its webhooks is done: under the lock of its ledger, and once."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from attrs import evolve, frozen

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.clock import Clock
from payflow_domain.ids import WEBHOOK_ENDPOINT, EndpointId, is_id
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Once, SpentKey, replay
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Changes, Wanted
from payflow_domain.ledger.service import load_ledger
from payflow_domain.webhooks.endpoints import (
    Endpoint,
    EndpointDisabled,
    EndpointNotFound,
    EndpointStatus,
)
from payflow_domain.webhooks.ports import BeginEndpoints, EndpointReader, EndpointUnitOfWork

Done = TypeVar("Done")

Effect = Callable[[EndpointUnitOfWork, Ledger, datetime], Done]
"""Does something in a locked ledger at a moment, and returns what was done."""


@frozen
class EndpointDesk:
    """Finds endpoints, and does something to them or for them."""

    begin: BeginEndpoints
    reader: EndpointReader
    clock: Clock

    def get(self, actor: Actor, endpoint_id: str) -> Endpoint:
        """Return one endpoint; raises ``EndpointNotFound``."""
        actor.require(Permission.WEBHOOKS_READ)
        endpoint = self.reader.endpoint(actor.ledger_id, _endpoint_id(endpoint_id))
        if endpoint is None:
            raise _not_found(endpoint_id)
        return endpoint

    def do_once(
        self, actor: Actor, effect: Effect[Done], once: Once[Done] | None
    ) -> Done | Replayed:
        """Have an effect once for each idempotency key.

        Returns what was done, or the answer that was given before where the key is spent.
        """
        actor.require(Permission.WEBHOOKS_WRITE)
        wanted = Wanted(keys={once.claim.key} if once else set())
        with self.begin() as uow:
            books = load_ledger(uow, actor.ledger_id, wanted)
            if once is not None and once.claim.key in books.spent:
                return Replayed(replay(books.spent[once.claim.key], once.claim))
            now = self.clock.now()
            done = effect(uow, books.ledger, now)
            if once is not None:
                # A key counts as spent when its ledger last moved.
                ledger = evolve(books.ledger, last_at=books.ledger.next_moment(now))
                uow.write([Changes(ledger, spent=[SpentKey(once.claim, once.render(done))])])
        return done


def find_endpoint(uow: EndpointUnitOfWork, actor: Actor, endpoint_id: str) -> Endpoint:
    """Return an endpoint of the locked ledger; raises ``EndpointNotFound``."""
    endpoint = uow.endpoint(actor.ledger_id, _endpoint_id(endpoint_id))
    if endpoint is None:
        raise _not_found(endpoint_id)
    return endpoint


def find_enabled(uow: EndpointUnitOfWork, actor: Actor, endpoint_id: str) -> Endpoint:
    """Return one that events are sent to; raises also ``EndpointDisabled``."""
    endpoint = find_endpoint(uow, actor, endpoint_id)
    if endpoint.status is not EndpointStatus.ENABLED:
        detail = "The endpoint is disabled; enable it first."
        raise EndpointDisabled(detail, subject=endpoint_id)
    return endpoint


def _endpoint_id(text: str) -> EndpointId:
    if not is_id(text, WEBHOOK_ENDPOINT):
        raise _not_found(text)
    return EndpointId(text)


def _not_found(endpoint_id: str) -> EndpointNotFound:
    detail = "There is no such webhook endpoint; check its id."
    return EndpointNotFound(detail, subject=endpoint_id)
