"""The command line knows its commands without importing them."""

import subprocess
import sys

import pytest

from payflow_bootstrap.cli import commands
from payflow_bootstrap.lazy import LazyCommand

LISTING = "import sys; from payflow_bootstrap.cli import commands; print(*sys.modules, sep='\\n')"
HEAVY = {"aiohttp", "alembic", "argon2", "falcon", "gunicorn", "psycopg", "sqlalchemy", "stripe"}

COMMANDS = [each for each in commands.commands.values() if isinstance(each, LazyCommand)]


def test_nothing_heavy_is_imported_before_a_command_is_chosen() -> None:
    listing = [sys.executable, "-c", LISTING]
    ran = subprocess.run(listing, capture_output=True, text=True, check=True)  # noqa: S603 - our own

    assert "payflow_bootstrap.cli" in ran.stdout.split()
    assert HEAVY.isdisjoint(ran.stdout.split())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_what_is_told_of_a_command_is_how_its_own_help_begins(command: LazyCommand) -> None:
    own = command.load()

    assert own.name == command.name
    assert " ".join((own.help or "").split()).startswith((command.short_help or "-").rstrip("."))


def test_there_are_no_other_commands() -> None:
    assert len(COMMANDS) == len(commands.commands) > 10
