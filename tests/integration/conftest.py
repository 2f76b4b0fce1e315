"""One PostgreSQL and one API server for the whole run; a database or a partner for each test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

from payflow_adapters.postgres.connection import Database, connect
from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer
from tests.builders.api_server import ApiServer, Partner, running_api
from tests.integration.scene import Scene, set_scene

# These tests may lose everything in a power cut. Everything else stays as it is in earnest.
TEST_SPEED = {"fsync": "off", "full_page_writes": "off"}

# Making a database costs more than most tests do in it. No triggers, so that all can be deleted.
_EMPTY = """
    SET session_replication_role = replica;
    DO $$ DECLARE
      found record;
    BEGIN
      FOR found IN SELECT oid::regclass AS name, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
          AND relname <> 'alembic_version'
      LOOP
        IF found.relkind = 'r' THEN
          EXECUTE format('DELETE FROM %s', found.name);
        ELSE
          PERFORM setval(found.name, 1, false);
        END IF;
      END LOOP;
    END $$
"""


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
def reused_url(postgres_server: EmbeddedServer, migrated: str) -> Iterator[str]:
    """A database for many tests, one after the other; what it holds is left over."""
    with new_database(postgres_server, migrated) as name:
        yield postgres_server.url(name)


@pytest.fixture(scope="session")
def empty(postgres_server: EmbeddedServer, reused_url: str) -> Iterator[Callable[[], None]]:
    """What empties that database."""
    superuser = postgres_server.url(reused_url.rsplit("/", 1)[1], "postgres")
    options = "-c lock_timeout=15s"
    with psycopg.connect(superuser, autocommit=True, options=options) as connection:

        def empty_all() -> None:
            connection.execute(_EMPTY)

        yield empty_all


@pytest.fixture
def emptied_url(reused_url: str, empty: Callable[[], None]) -> str:
    """A database with the present schema and nothing in it, for tests that leave the schema."""
    empty()
    return reused_url


@pytest.fixture(scope="session")
def reused_database(reused_url: str) -> Iterator[Database]:
    database = connect(reused_url)
    yield database
    database.close()


@pytest.fixture
def emptied(reused_database: Database, empty: Callable[[], None]) -> Database:
    """The same, with connections to it that are kept as well."""
    empty()
    return reused_database


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
