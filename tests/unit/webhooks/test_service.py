"""The use cases of webhooks, over a store in memory."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor, MissingPermission, Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.errors import LedgerNotFound
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.texts import InvalidText
from payflow_domain.webhooks.endpoints import (
    ENDPOINTS_MAX,
    OVERLAP_MAX,
    DisabledReason,
    EndpointChange,
    EndpointNotFound,
    EndpointStatus,
    InvalidOverlap,
    NewEndpoint,
    RotationUnderWay,
    TooManyEndpoints,
    UnsafeUrl,
)
from payflow_domain.webhooks.ports import DeliveryFilter
from tests.builders.times import START, TICK, delivery_id, endpoint_id
from tests.builders.webhooks import BROKEN, URL, PostOffice, asked, done

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ABSENT = endpoint_id(10**9)
NO_DELIVERY = delivery_id(10**9)
NEW = NewEndpoint(URL)
ALL = Page(100)

Call = Callable[[PostOffice, Actor, str, str], object]
READS: dict[str, Call] = {
    "get": lambda office, actor, endpoint, _: office.webhooks.get(actor, endpoint),
    "delivery": lambda office, actor, *ids: office.sending.get(actor, *ids),
    "deliveries": lambda office, actor, endpoint, _: office.sending.list(
        actor, endpoint, DeliveryFilter(), ALL
    ),
}
WRITES: dict[str, Call] = {
    "change": lambda office, actor, endpoint, _: office.webhooks.change(
        actor, endpoint, EndpointChange(description="Mine")
    ),
    "remove": lambda office, actor, endpoint, _: office.webhooks.remove(actor, endpoint),
    "disable": lambda office, actor, endpoint, _: office.webhooks.disable(actor, endpoint, asked()),
    "enable": lambda office, actor, endpoint, _: office.webhooks.enable(actor, endpoint, asked()),
    "rotate": lambda office, actor, endpoint, _: office.webhooks.rotate_secret(
        actor, endpoint, HOUR, asked()
    ),
    "test": lambda office, actor, endpoint, _: office.sending.send_test(actor, endpoint, asked()),
    "retry": lambda office, actor, *ids: office.sending.retry(actor, *ids, asked()),
    "recover": lambda office, actor, endpoint, _: office.sending.recover(
        actor, endpoint, START, asked()
    ),
}
OTHER_CALLS: dict[str, tuple[Permission, Call]] = {
    "create": (
        Permission.WEBHOOKS_WRITE,
        lambda office, actor, *_: office.webhooks.create(actor, NEW, asked()),
    ),
    "list": (Permission.WEBHOOKS_READ, lambda office, actor, *_: office.webhooks.list(actor, ALL)),
    "change to something unsafe": (
        Permission.WEBHOOKS_WRITE,
        lambda office, actor, endpoint, _: office.webhooks.change(
            actor, endpoint, EndpointChange("http://localhost")
        ),
    ),
    "rotate for too long": (
        Permission.WEBHOOKS_WRITE,
        lambda office, actor, endpoint, _: office.webhooks.rotate_secret(
            actor, endpoint, OVERLAP_MAX + TICK, asked()
        ),
    ),
}
OF_ENDPOINTS = READS | WRITES
EVERY_CALL = (
    {name: (Permission.WEBHOOKS_READ, call) for name, call in READS.items()}
    | {name: (Permission.WEBHOOKS_WRITE, call) for name, call in WRITES.items()}
    | OTHER_CALLS
)


@pytest.mark.parametrize("name", EVERY_CALL)
def test_everything_takes_its_permission(office: PostOffice, name: str) -> None:
    permission, call = EVERY_CALL[name]
    endpoint = office.endpoint()
    actor = evolve(office.actor, permissions=ALL_PERMISSIONS - {permission})

    with pytest.raises(MissingPermission) as refusal:
        call(office, actor, endpoint.id, NO_DELIVERY)

    assert refusal.value.subject == permission.value
    assert office.look(endpoint) == endpoint


@pytest.mark.parametrize("name", OF_ENDPOINTS)
@pytest.mark.parametrize("whose", ["nobody's", "no id", "another's", "a removed"])
def test_an_endpoint_that_is_not_there_is_not_found(
    office: PostOffice, name: str, whose: str
) -> None:
    endpoint, actor = office.endpoint(), office.actor
    sought = {"nobody's": ABSENT, "no id": "whk_1\0"}.get(whose, endpoint.id)
    if whose == "another's":
        actor = office.other_actor()
    if whose == "a removed":
        office.webhooks.remove(actor, endpoint.id)

    with pytest.raises(EndpointNotFound) as refusal:
        OF_ENDPOINTS[name](office, actor, sought, NO_DELIVERY)

    assert refusal.value.subject == sought


@pytest.mark.parametrize("name", ["create", "disable", "retry"])
def test_nothing_is_done_in_a_ledger_that_is_not_there(office: PostOffice, name: str) -> None:
    nobody = evolve(office.actor, ledger_id=LedgerId(99))

    with pytest.raises(LedgerNotFound):
        EVERY_CALL[name][1](office, nobody, ABSENT, NO_DELIVERY)


@pytest.mark.parametrize("environment", Environment)
def test_a_new_endpoint_is_enabled_and_hears_of_what_comes(
    office: PostOffice, environment: Environment
) -> None:
    actor = office.other_actor(environment)
    office.happen(EventType.WALLET_CREATED, EventType.WALLET_CREATED, actor=actor)
    new = NewEndpoint(URL, frozenset({EventType.WALLET_CREATED}), "Ours")

    made = done(office.webhooks.create(actor, new, asked()))

    assert office.webhooks.get(actor, made.id) == made
    assert (made.url, made.events, made.description) == (URL, new.events, "Ours")
    assert (made.status, made.environment) == (EndpointStatus.ENABLED, environment)
    assert (made.created_at, made.planned_through) == (START, 2)
    assert made.secret.startswith("whsec_")
    assert office.worker().take() == []


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (NewEndpoint("http://example.com"), UnsafeUrl),
        (NewEndpoint("https://127.0.0.1"), UnsafeUrl),
        (NewEndpoint(URL, description=""), InvalidText),
        (NewEndpoint(URL, description="x" * 501), InvalidText),
    ],
)
def test_an_endpoint_that_cannot_be_is_neither_made_nor_made_of_another(
    office: PostOffice, new: NewEndpoint, error: type[PayFlowError]
) -> None:
    endpoint = office.endpoint()

    with pytest.raises(error):
        office.webhooks.create(office.actor, new, asked())
    with pytest.raises(error):
        office.change(endpoint, EndpointChange(new.url, description=new.description))

    assert office.webhooks.list(office.actor, ALL) == [endpoint]


def test_there_are_only_so_many_endpoints(office: PostOffice) -> None:
    made = [office.endpoint() for _ in range(ENDPOINTS_MAX)]

    with pytest.raises(TooManyEndpoints):
        office.endpoint()

    office.endpoint(actor=office.other_actor())
    office.webhooks.remove(office.actor, made[0].id)
    office.endpoint()


def test_endpoints_are_listed_newest_first(office: PostOffice) -> None:
    one, two, three = (office.endpoint() for _ in range(3))
    office.endpoint(actor=office.other_actor())

    assert office.webhooks.list(office.actor, Page(2)) == [three, two]
    assert office.webhooks.list(office.actor, Page(2, after=two.id)) == [one]


def test_what_is_changed_holds_from_the_next_event_on(office: PostOffice) -> None:
    endpoint = office.endpoint(EventType.WALLET_CREATED)
    change = EndpointChange("https://example.org", frozenset({EventType.WALLET_UPDATED}), "Mine")

    changed = office.change(endpoint, change)

    assert office.look(endpoint) == changed
    assert (changed.url, changed.description) == ("https://example.org", "Mine")
    _, second = office.happen(EventType.WALLET_CREATED, EventType.WALLET_UPDATED)
    (errand,) = office.worker().take()
    assert (errand.endpoint.url, errand.delivery.event_id) == ("https://example.org", second)


def test_a_removed_endpoint_takes_its_deliveries_along(office: PostOffice) -> None:
    endpoint, other = office.endpoint(), office.endpoint()
    office.create_wallets(3)
    office.worker().deliver(BROKEN)

    office.webhooks.remove(office.actor, endpoint.id)

    assert office.webhooks.list(office.actor, ALL) == [office.look(other)]
    assert office.dispatcher.purge() == 3
    assert office.deliveries(endpoint) == []
    assert len(office.deliveries(other)) == 3


def test_an_endpoint_is_disabled_and_enabled(office: PostOffice) -> None:
    endpoint = office.endpoint()
    office.clock.advance(HOUR)

    disabled = done(office.webhooks.disable(office.actor, endpoint.id, asked()))
    enabled = done(office.webhooks.enable(office.actor, endpoint.id, asked()))

    assert disabled.status is EndpointStatus.DISABLED
    assert disabled.disabled_reason is DisabledReason.REQUESTED
    assert disabled.disabled_at == START + HOUR
    assert enabled == office.look(endpoint) == endpoint


def test_a_secret_is_rotated(office: PostOffice) -> None:
    endpoint = office.endpoint()

    rotated = done(office.webhooks.rotate_secret(office.actor, endpoint.id, HOUR, asked()))

    assert office.look(endpoint) == rotated
    assert rotated.secret != endpoint.secret
    assert list(rotated.secrets_at(START)) == [rotated.secret, endpoint.secret]
    with pytest.raises(RotationUnderWay):
        office.webhooks.rotate_secret(office.actor, endpoint.id, HOUR, asked())
    assert office.look(endpoint) == rotated


@pytest.mark.parametrize("overlap", [-TICK, OVERLAP_MAX + TICK])
def test_secrets_do_not_overlap_for_longer_than_a_week(
    office: PostOffice, overlap: timedelta
) -> None:
    endpoint = office.endpoint()

    with pytest.raises(InvalidOverlap):
        office.webhooks.rotate_secret(office.actor, endpoint.id, overlap, asked())

    office.webhooks.rotate_secret(office.actor, endpoint.id, OVERLAP_MAX, asked())
