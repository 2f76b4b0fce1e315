"""One PostgreSQL and one API server for the whole run; a database or a partner for each test."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer
from tests.builders.api_server import ApiServer, Partner, running_api
from tests.integration.scene import Scene, set_scene

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


@pytest.fixture(scope="session")
def api(
    postgres_server: EmbeddedServer, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """The API as ``payflow serve`` runs it. Tests share it, each with partners of its own."""
    log = tmp_path_factory.mktemp("api") / "api.log"
    with (
        new_database(postgres_server, migrated) as name,
        running_api(postgres_server.url(name), log) as server,
    ):
        yield server
    assert "Traceback" not in log.read_text()


@pytest.fixture
def partner(api: ApiServer) -> Partner:
    """A partner that nobody else has, with an empty sandbox."""
    return api.new_partner()


@pytest.fixture(scope="session")
def scene(api: ApiServer) -> Scene:
    """Books for all tests that leave them as they were."""
    return set_scene(api)
