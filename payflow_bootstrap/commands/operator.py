"""``payflow operator``: who our staff are."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table

from payflow_bootstrap.commands.operating import operating, takes_data_dir
from payflow_domain.access.audit import COMMAND_LINE
from payflow_domain.access.operators import Operator, Role
from payflow_domain.ledger.published import publish_time

WIDTH = 140

Command = TypeVar("Command", bound=Callable[..., Any])


def _takes_password(command: Command) -> Command:
    return click.option(
        "--password-stdin",
        "from_stdin",
        is_flag=True,
        help="Take the password from the first line of standard input, and ask nobody.",
    )(command)


@click.group()
def operator() -> None:
    """Say who our staff are. All that is done here is in the audit log."""


@operator.command()
@click.option("--username", required=True, help="3 to 64 of a-z, 0-9, dot, hyphen, underscore.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@_takes_password
@takes_data_dir
def create(username: str, role: str, data_dir: Path | None, *, from_stdin: bool) -> None:
    """Take in an operator, whose password has 12 to 128 characters."""
    password = _read_password(from_stdin=from_stdin)
    with operating(data_dir) as core:
        made = core.operators().create(COMMAND_LINE, username, Role(role), password)
    click.echo(f"{made.username} ({made.role.value}) can log in now.")


@operator.command("list")
@takes_data_dir
def list_operators(data_dir: Path | None) -> None:
    """List all operators, also those who are disabled."""
    with operating(data_dir) as core:
        found = core.operators().list()
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(_table(found) if found else "There are none.")


@operator.command()
@click.argument("username")
@takes_data_dir
def disable(username: str, data_dir: Path | None) -> None:
    """Let an operator in no more, and end all sessions. That is for good."""
    with operating(data_dir) as core:
        core.operators().disable(COMMAND_LINE, username)
    click.echo(f"{username} is disabled, and has no session any more.")


@operator.command("reset-password")
@click.argument("username")
@_takes_password
@takes_data_dir
def reset_password(username: str, data_dir: Path | None, *, from_stdin: bool) -> None:
    """Give an operator another password, and end all sessions."""
    password = _read_password(from_stdin=from_stdin)
    with operating(data_dir) as core:
        core.operators().reset_password(COMMAND_LINE, username, password)
    click.echo(f"{username} has another password, and no session any more.")


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _table(found: Sequence[Operator]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Username", "Role", "Id", "Since", "Disabled"):
        table.add_column(heading, overflow="fold")
    for each in found:
        disabled = "" if each.disabled_at is None else publish_time(each.disabled_at)
        since = publish_time(each.created_at)
        table.add_row(each.username, each.role.value, each.id, since, disabled)
    return table
