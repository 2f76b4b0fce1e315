"""Each request about webhooks is carried out once for each idempotency key."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.errors import IdempotencyKeyReused
from payflow_domain.ledger.idempotency import RETENTION, Answer
from payflow_domain.ledger.ports import Page
from payflow_domain.webhooks.deliveries import Delivery
from payflow_domain.webhooks.endpoints import EndpointDisabled, NewEndpoint
from tests.builders.times import START
from tests.builders.webhooks import BROKEN, URL, PostOffice, asked

NEW = NewEndpoint(URL)
ALL = Page(100)

MAKE: dict[str, Callable[[PostOffice, str, str, bytes], object]] = {
    "create": lambda office, _, key, of: office.webhooks.create(office.actor, NEW, asked(key, of)),
    "disable": lambda office, endpoint, key, of: office.webhooks.disable(
        office.actor, endpoint, asked(key, of)
    ),
    "enable": lambda office, endpoint, key, of: office.webhooks.enable(
        office.actor, endpoint, asked(key, of)
    ),
    "rotate": lambda office, endpoint, key, of: office.webhooks.rotate_secret(
        office.actor, endpoint, timedelta(), asked(key, of)
    ),
    "test": lambda office, endpoint, key, of: office.sending.send_test(
        office.actor, endpoint, asked(key, of)
    ),
    "retry": lambda office, endpoint, key, of: office.sending.retry(
        office.actor, endpoint, _delivery_of(office, endpoint).id, asked(key, of)
    ),
    "recover": lambda office, endpoint, key, of: office.sending.recover(
        office.actor, endpoint, START, asked(key, of)
    ),
}
KEY, THIS, THAT = "key-1", bytes(32), bytes(31) + b"\1"


def _delivery_of(office: PostOffice, endpoint: str) -> Delivery:
    return office.deliveries(office.webhooks.get(office.actor, endpoint))[0]


@pytest.fixture
def endpoint_with_a_failure(office: PostOffice) -> str:
    endpoint = office.endpoint()
    office.create_wallets(1)
    office.worker().deliver(BROKEN)
    return endpoint.id


@pytest.mark.parametrize("name", MAKE)
def test_with_one_key_everything_is_done_once(
    office: PostOffice, endpoint_with_a_failure: str, name: str
) -> None:
    made = MAKE[name](office, endpoint_with_a_failure, KEY, THIS)
    before = _everything(office)
    # The key is a month's even in a ledger in which nothing has moved for long.
    office.clock.advance(RETENTION)

    again = MAKE[name](office, endpoint_with_a_failure, KEY, THIS)

    assert again == Replayed(Answer(200, repr(made).encode()))
    assert _everything(office) == before


@pytest.mark.parametrize("name", MAKE)
def test_a_key_is_for_one_request(
    office: PostOffice, endpoint_with_a_failure: str, name: str
) -> None:
    MAKE[name](office, endpoint_with_a_failure, KEY, THIS)
    before = _everything(office)

    with pytest.raises(IdempotencyKeyReused):
        MAKE[name](office, endpoint_with_a_failure, KEY, THAT)

    assert _everything(office) == before


@pytest.mark.parametrize("name", MAKE)
def test_in_a_ledger_at_rest_a_new_key_is_kept_as_long_as_any(
    office: PostOffice, endpoint_with_a_failure: str, name: str
) -> None:
    office.clock.advance(2 * RETENTION)

    MAKE[name](office, endpoint_with_a_failure, KEY, THIS)

    assert isinstance(MAKE[name](office, endpoint_with_a_failure, KEY, THIS), Replayed)


def test_what_was_refused_leaves_its_key_free(office: PostOffice) -> None:
    endpoint = office.endpoint()
    office.disable(endpoint)
    with pytest.raises(EndpointDisabled):
        office.sending.send_test(office.actor, endpoint.id, asked(KEY))
    office.enable(endpoint)

    assert isinstance(office.sending.send_test(office.actor, endpoint.id, asked(KEY)), Delivery)


def _everything(office: PostOffice) -> object:
    endpoints = office.webhooks.list(office.actor, ALL)
    return endpoints, [office.deliveries(endpoint) for endpoint in endpoints]
