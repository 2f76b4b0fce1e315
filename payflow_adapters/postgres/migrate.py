"""Bringing a database to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from payflow_adapters.postgres.address import check_address
from payflow_adapters.postgres.connection import sqlalchemy_url
from payflow_adapters.postgres.liveness import liveness

_LOCK = 0x7061_7966
"""The advisory lock that makes programs started together migrate one after the other."""


class UnknownSchema(Exception):
    """The database has a schema that is none of ours."""


def migrate(url: str) -> None:
    """Upgrade the database at ``url`` to the newest schema.

    The user must own the database and, the first time, be allowed to create a role. Safe to run
    from several machines at once. Raises ``AddressError`` and ``UnknownSchema``.
    """
    check_address(url)
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, connect_args=liveness(url))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        try:
            command.upgrade(alembic_config(connection), "head")
        except CommandError as error:
            if not isinstance(error.__cause__, ResolutionError):
                raise
            raise UnknownSchema(
                "The database has a schema that this PayFlow does not know: use the newer one "
                "that made it."
            ) from error


def is_migrated(connection: Connection) -> bool:
    """Tell whether the schema is the newest one."""
    scripts = ScriptDirectory.from_config(alembic_config(connection))
    present = MigrationContext.configure(connection).get_current_revision()
    return present == scripts.get_current_head()


def alembic_config(connection: Connection) -> Config:
    """Configure alembic to work on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
