"""A database in which two ledgers have a row in every table, for all tests that leave it so."""

from collections.abc import Iterator

import psycopg
import pytest

from payflow_adapters.postgres.server import EmbeddedServer
from tests.integration.conftest import new_database
from tests.integration.isolation.tenant_tables import MINE, OTHERS, Rows, fill


@pytest.fixture(scope="package")
def filled(postgres_server: EmbeddedServer, migrated: str) -> Iterator[str]:
    """The address of the database, as its owner."""
    with new_database(postgres_server, migrated) as name:
        with psycopg.connect(postgres_server.url(name, "postgres")) as superuser:
            fill(superuser, [MINE, OTHERS])
        yield postgres_server.url(name)


@pytest.fixture
def owner(filled: str) -> Iterator[Rows]:
    with psycopg.connect(filled) as connection:
        yield connection
        connection.rollback()
