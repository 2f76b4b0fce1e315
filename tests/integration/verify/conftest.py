"""One copy of the books for all tests that leave it as it was, and one to write in."""

from collections.abc import Iterator

import pytest

from payflow_adapters.postgres.connection import connect
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_adapters.postgres.store import PostgresStore
from payflow_domain.ledger.service import Ledgers
from tests.builders.ledger import ledgers_over
from tests.builders.times import SettableClock
from tests.integration.conftest import new_database
from tests.integration.verify.books import Books
from tests.integration.verify.keeping import Made, keep_books

SUPERUSER = "postgres"  # only a superuser can switch the triggers off


@pytest.fixture(scope="package")
def template(postgres_server: EmbeddedServer, migrated: str) -> Iterator[tuple[str, Made]]:
    with new_database(postgres_server, migrated) as name:
        database = connect(postgres_server.url(name))
        clock = SettableClock()
        store = PostgresStore(database, clock)
        made = keep_books(ledgers_over(store.begin, store, clock), store)
        database.close()
        yield name, made


@pytest.fixture(scope="package")
def books(postgres_server: EmbeddedServer, template: tuple[str, Made]) -> Books:
    name, made = template
    return Books(postgres_server.url(name), postgres_server.url(name, SUPERUSER), made)


@pytest.fixture
def ledgers_in_use(
    postgres_server: EmbeddedServer, template: tuple[str, Made]
) -> Iterator[tuple[str, Ledgers]]:
    """The address of a copy of the books, and the use cases that write in it."""
    with new_database(postgres_server, template[0]) as name:
        url = postgres_server.url(name)
        database = connect(url)
        store = PostgresStore(database, SettableClock())
        yield url, ledgers_over(store.begin, store, SettableClock())
        database.close()
