"""What the commands for operators share: whose settings they take, and how they fail."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from payflow_adapters.postgres.address import told
from payflow_bootstrap.commands.dev_json import DATA_DIR, read_dev_json
from payflow_bootstrap.containers import Core, make_core
from payflow_bootstrap.development import development_environment
from payflow_bootstrap.settings import Settings, read_settings
from payflow_domain.errors import PayFlowError

_ADDRESS = "PAYFLOW_DATABASE_URL"

Command = TypeVar("Command", bound=Callable[..., Any])


class NotDone(click.ClickException):
    """It could not be done; the message says why."""

    exit_code = 2


def takes_data_dir(command: Command) -> Command:
    """Give a command the option that ``settings_of`` takes."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help=f"Take the settings of the payflow dev that runs there, and not those of the "
        f"environment.  [default, without {_ADDRESS}: {DATA_DIR}]",
    )(command)


@contextmanager
def operating(data_dir: Path | None) -> Iterator[Core]:
    """Lend the use cases; what they refuse, or cannot do just now, is ``NotDone``."""
    core = make_core(settings_of(data_dir))
    try:
        yield core
    except PayFlowError as error:
        raise NotDone(_why(error)) from None
    finally:
        core.database().close()


def _why(error: PayFlowError) -> str:
    """Say why it was not done; of a database, what it said itself."""
    cause = error.__cause__
    if isinstance(cause, DBAPIError):
        cause = cause.orig
    if isinstance(cause, psycopg.Error):
        return told(cause)
    return f"{error.code}: {error.detail}"


def settings_of(data_dir: Path | None) -> Settings:
    """Read the settings of the environment, or of the ``payflow dev`` in ``data_dir``.

    Without ``data_dir`` and without the address of a database it is the one in ``DATA_DIR``.
    Raises ``SettingsError`` and ``DevelopmentError``.
    """
    if data_dir is None and _ADDRESS in os.environ:
        return read_settings(os.environ)
    found = (data_dir or DATA_DIR).resolve()
    url, base_url = read_dev_json(found, "databaseUrl"), read_dev_json(found, "baseUrl")
    return read_settings(development_environment(url, urlsplit(base_url).port or 0, found))
