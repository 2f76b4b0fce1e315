"""What a newer version wrote holds up nothing of what this one can send."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import LiteralString, cast

import psycopg
import pytest

from payflow_adapters.postgres.server import EmbeddedServer
from payflow_domain.ledger.journal import EventType
from payflow_domain.webhooks.taking import Errands
from tests.builders.processes import eventually
from tests.builders.subscriber import subscribing
from tests.builders.webhook_office import Office, office_on
from tests.builders.workers import working

PAINTED = cast("EventType", "wallet.painted")
"""A type of event that this version does not know."""

URL = "https://example.com/events"

Statement = LiteralString
UNREADABLE: Sequence[tuple[Statement, str]] = [
    ("UPDATE webhook_endpoints SET status = 'paused' WHERE ledger_id = %s", "'paused'"),
    ("UPDATE webhook_endpoints SET disabled_reason = 'old' WHERE ledger_id = %s", "'old'"),
    ("UPDATE journal_blocks SET types = types || ' x' WHERE ledger_id = %s", "types, "),
]
TOLD_MORE: Statement = """
    UPDATE webhook_deliveries SET attempts = '[{"number": 1, "at": "2026-11-26T00:00:00+00:00",
      "latency_ms": 1, "status": 500, "error": null, "answer": "", "colour": "red"}]'
    WHERE ledger_id = %s
"""
UNTOLD: Statement = """
    UPDATE webhook_deliveries SET attempts = '[{}]' WHERE ledger_id = %s AND sequence = 1
"""


@pytest.fixture
def office(emptied_url: str) -> Iterator[Office]:
    with office_on(emptied_url) as opened:
        yield opened


Write = Callable[[Statement], None]
"""Writes into the partner's rows what no trigger would let pass."""


@pytest.fixture
def write(office: Office, postgres_server: EmbeddedServer) -> Write:
    url = office.environment["PAYFLOW_DATABASE_URL"]
    superuser = postgres_server.url(url.rsplit("/", 1)[1], "postgres")

    def execute(statement: Statement) -> None:
        with psycopg.connect(superuser) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement, [office.actor.ledger_id])

    return execute


def take(office: Office, worker: str = "anna") -> Errands:
    return office.core.dispatcher().take(worker, None, {})


def sequences(taken: Errands) -> list[int]:
    return [errand.delivery.sequence for errand in taken.errands]


def test_an_event_of_an_unknown_type_is_sent_to_those_that_hear_of_all(office: Office) -> None:
    all_, some = office.endpoint(URL), office.endpoint(URL, EventType.WALLET_CREATED)
    office.event_of(PAINTED)
    office.events(1)

    errands = take(office).errands

    told = [(one.endpoint.id, one.delivery.event_type) for one in errands]
    assert told == [
        (all_.id, PAINTED),
        (all_.id, EventType.WALLET_CREATED),
        (some.id, EventType.WALLET_CREATED),
    ]
    journal = office.core.store().events(office.actor.ledger_id, 0, 1)
    assert errands[0].delivery.body == journal[0].body


def test_an_endpoint_may_hear_of_an_unknown_type(office: Office) -> None:
    office.endpoint(URL, PAINTED)
    office.event_of(PAINTED)
    office.events(1)

    assert sequences(take(office)) == [1]


@pytest.mark.parametrize(("statement", "told"), UNREADABLE)
def test_what_cannot_be_read_holds_up_its_own_ledger_only(
    office: Office, write: Write, statement: Statement, told: str
) -> None:
    other = office.of_another_partner()
    for each in (office, other):
        each.endpoint(URL)
        each.events(1)
    write(statement)

    taken = take(office)

    assert [errand.endpoint.ledger_id for errand in taken.errands] == [other.actor.ledger_id]
    (why,) = taken.unreadable.values()
    assert list(taken.unreadable) == [office.actor.ledger_id]
    assert told in why
    # It is set aside: a newer version may have it when the lease has ended.
    assert take(office) == take(office, "ben") == Errands([])


def test_what_more_is_told_of_attempts_is_passed_over(office: Office, write: Write) -> None:
    endpoint = office.endpoint(URL)
    office.events(1)
    take(office)
    write(TOLD_MORE)

    (delivery,) = office.deliveries(endpoint)

    assert [one.status for one in delivery.attempts] == [500]


def test_a_delivery_that_cannot_be_read_holds_up_no_other(office: Office, write: Write) -> None:
    endpoint = office.endpoint(URL)
    office.events(2)
    office.core.dispatcher().release("anna", take(office).errands)
    write(UNTOLD)

    taken = take(office)

    assert sequences(taken) == [2]
    assert list(taken.unreadable) == [endpoint.ledger_id]
    assert not take(office).errands


def test_a_worker_says_what_it_cannot_read_and_goes_on(
    office: Office, write: Write, tmp_path: Path
) -> None:
    with subscribing() as subscriber:
        office.endpoint(subscriber.url)
        office.events(1)
        write(UNREADABLE[0][0])
        other = office.of_another_partner()
        endpoint = other.endpoint(subscriber.url)
        other.event_of(PAINTED)

        with working(office.environment, tmp_path / "worker.log") as worker:
            assert eventually(lambda: other.has_delivered(endpoint, 1))
            assert eventually(lambda: "webhooks_unreadable" in worker.output)

    assert worker.output.count("webhooks_unreadable") == 1
    assert f'"ledger_id": {office.actor.ledger_id}' in worker.output
