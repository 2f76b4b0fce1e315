"""A PostgreSQL server for the whole run, and a database of its own for each test that asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer

# These tests may lose everything in a power cut. Everything else stays as it is in earnest.
TEST_SPEED = {"fsync": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    directory = tmp_path_factory.mktemp("postgres")
    with EmbeddedServer.start(directory, settings=TEST_SPEED) as server:
        yield server


@contextmanager
def new_database(server: EmbeddedServer, template: str | None = None) -> Iterator[str]:
    """Make a database, of ``template`` if there is one, and drop it in the end."""
    name = f"test_{uuid4().hex}"
    server.create_database(name, template=template)
    try:
        yield name
    finally:
        server.drop_database(name)


@pytest.fixture
def database_url(postgres_server: EmbeddedServer) -> Iterator[str]:
    """An empty database."""
    with new_database(postgres_server) as name:
        yield postgres_server.url(name)


@pytest.fixture(scope="session")
def migrated(postgres_server: EmbeddedServer) -> Iterator[str]:
    """The name of a template with the present schema; nobody connects to it."""
    with new_database(postgres_server) as name:
        migrate(postgres_server.url(name))
        yield name


@pytest.fixture
def migrated_url(postgres_server: EmbeddedServer, migrated: str) -> Iterator[str]:
    """A database with the present schema and nothing in it."""
    with new_database(postgres_server, migrated) as name:
        yield postgres_server.url(name)
