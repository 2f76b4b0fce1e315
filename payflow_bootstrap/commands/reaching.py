"""What the commands that ask the API share: how they reach it, and how they fail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from payflow_bootstrap.commands.dev_json import DATA_DIR, read_dev_json
from payflow_bootstrap.demo.client import Client

Command = TypeVar("Command", bound=Callable[..., Any])


class ApiFault(click.ClickException):
    """The API cannot be asked, or does not do what it is asked for; the message says why."""

    exit_code = 2


def reaches_api(command: Command) -> Command:
    """Give a command the options that ``client_of`` takes."""
    for option in (
        click.option(
            "--data-dir",
            type=click.Path(path_type=Path, file_okay=False),
            default=DATA_DIR,
            show_default=True,
            help="Take what is not given from dev.json there.",
        ),
        click.option(
            "--api-key", envvar="PAYFLOW_API_KEY", help="A sandbox key with all permissions."
        ),
        click.option("--base-url", help="Where the API is, such as http://127.0.0.1:3000."),
    ):
        command = option(command)
    return command


def client_of(base_url: str | None, api_key: str | None, data_dir: Path) -> Client:
    """Return a client of the API; raises ``DevelopmentError``."""
    return Client(
        base_url or read_dev_json(data_dir, "baseUrl"),
        api_key or read_dev_json(data_dir, "apiKey"),
    )
