"""What the commands that ask the API share: how they reach it, and how they fail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from payflow_bootstrap.commands.dev_json import DATA_DIR, read_dev_json
from payflow_bootstrap.demo.client import Client

Command = TypeVar("Command", bound=Callable[..., Any])

_LIVE_KEY = "sk_live_"


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
    """Return a client of the API; raises ``DevelopmentError`` and ``ApiFault``."""
    return Client(
        _checked_url(base_url or read_dev_json(data_dir, "baseUrl")),
        _checked_key(api_key or read_dev_json(data_dir, "apiKey")),
    )


def sandbox_client_of(base_url: str | None, api_key: str | None, data_dir: Path) -> Client:
    """Return a client that moves no real money; raises ``DevelopmentError`` and ``ApiFault``."""
    client = client_of(base_url, api_key, data_dir)
    if client.api_key.startswith(_LIVE_KEY):
        raise ApiFault("Use a sandbox key: this would move real money.")
    return client


def _checked_url(url: str) -> str:
    try:
        split = urlsplit(url)
        is_good = split.scheme in {"http", "https"} and split.hostname and split.port != 0
    except ValueError:
        is_good = False
    if not is_good or not _is_plain(url):
        raise ApiFault(
            f"{url!r} is no address such as http://127.0.0.1:3000, as `payflow dev` has."
        )
    return url


def _checked_key(key: str) -> str:
    if not _is_plain(key):
        raise ApiFault("An API key has no spaces and nothing that is not ASCII; see --api-key.")
    return key


def _is_plain(text: str) -> bool:
    """Tell whether a text can be part of a request's head."""
    return text.isascii() and text.isprintable() and " " not in text
