"""A command that has no database of ours says so in a line, with status 2."""

import subprocess
from collections.abc import Mapping

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from payflow_adapters.postgres.migrate import UnknownSchema, migrate
from payflow_adapters.postgres.server import EmbeddedServer
from tests.builders.api_server import SESSION_SECRET
from tests.builders.processes import environment, payflow
from tests.integration.conftest import new_database

SECONDS_MAX = 90
WRONG = "not-the-password"

TOLD: Mapping[str, str] = {
    "malformed": "postgresql://user:password@host:port/database",
    "wrong password": "password authentication failed",
    "no such database": 'database "nothing" does not exist',
    "not migrated": "payflow migrate",
}
COMMANDS = {
    "migrate": ("migrate",),
    "operator": ("operator", "list"),
    "notices": ("notices", "list"),
    "serve": ("serve",),
    "verify": ("verify",),
    "worker": ("worker",),
}


NEWER = "UPDATE alembic_version SET version_num = '9999'"


@pytest.fixture(scope="module")
def urls(postgres_server: EmbeddedServer) -> dict[str, str]:
    good = postgres_server.url("postgres")
    password = str(conninfo_to_dict(good)["password"])
    return {
        "malformed": good.replace("postgresql://", "mysql://"),
        "wrong password": good.replace(password, WRONG),
        "no such database": postgres_server.url("nothing"),
        "not migrated": good,
    }


# What is malformed has unit tests.
CASES = [
    *((command, "wrong password") for command in COMMANDS),
    *((command, "not migrated") for command in COMMANDS if command != "migrate"),
    ("migrate", "malformed"),
    ("verify", "malformed"),
    ("worker", "malformed"),
    ("serve", "no such database"),
]


@pytest.mark.parametrize(("command", "wrong"), CASES)
def test_it_is_one_line_without_the_password(
    urls: dict[str, str], command: str, wrong: str
) -> None:
    settings = {"PAYFLOW_DATABASE_URL": urls[wrong], "SESSION_SECRET": SESSION_SECRET}

    ran = subprocess.run(  # noqa: S603  # our own command
        payflow(*COMMANDS[command]),
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )

    assert ran.returncode == 2, ran.stderr
    assert TOLD[wrong] in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert str(conninfo_to_dict(urls["not migrated"])["password"]) not in ran.stderr
    assert WRONG not in ran.stderr


def test_a_schema_of_a_newer_version_is_left_alone(
    postgres_server: EmbeddedServer, migrated: str
) -> None:
    with new_database(postgres_server, migrated) as name:
        url = postgres_server.url(name)
        with psycopg.connect(url) as connection:
            connection.execute(NEWER)

        with pytest.raises(UnknownSchema, match="the newer one that made it"):
            migrate(url)
