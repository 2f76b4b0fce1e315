"""The ``payflow`` command."""

import os
import sys
from pathlib import Path

import click
from sqlalchemy.exc import ArgumentError, OperationalError

from payflow_adapters.postgres.migrate import migrate as migrate_database
from payflow_adapters.postgres.server import EmbeddedServerError
from payflow_bootstrap.commands.bench import bench
from payflow_bootstrap.commands.demo import demo
from payflow_bootstrap.commands.dev_json import DATA_DIR
from payflow_bootstrap.commands.listen import listen
from payflow_bootstrap.commands.notices import notices
from payflow_bootstrap.commands.operator import operator
from payflow_bootstrap.commands.reconcile import reconcile
from payflow_bootstrap.commands.trigger import trigger
from payflow_bootstrap.commands.verify import verify
from payflow_bootstrap.development import DevelopmentError, develop
from payflow_bootstrap.programs import ApiNotReady
from payflow_bootstrap.server import serve as serve_api
from payflow_bootstrap.settings import SettingsError, read_settings
from payflow_bootstrap.worker import work


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="payflow")
def commands() -> None:
    """PayFlow: wallets and payments on double-entry books."""


@commands.command()
@click.option("--port", default=3000, show_default=True, help="Port of the API on 127.0.0.1.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=DATA_DIR,
    show_default=True,
    help="Where everything is kept; starting again there keeps the data.",
)
def dev(port: int, data_dir: Path) -> None:
    """Run everything on this machine: PostgreSQL, the API, a worker and a demo partner."""
    develop(data_dir, port)


@commands.command()
@click.option("--lifeline", type=int, hidden=True)
def serve(lifeline: int | None) -> None:
    """Serve the API; settings come from the environment (PAYFLOW_..., SESSION_SECRET)."""
    serve_api(read_settings(os.environ), lifeline)


@commands.command()
@click.option("--lifeline", type=int, hidden=True)
def worker(lifeline: int | None) -> None:
    """Do what is not done within a request; settings are those of serve.

    Asks gateways for the outcome of what is pending. Any number of workers may run.
    """
    work(read_settings(os.environ), lifeline)


@commands.command()
@click.option(
    "--database-url",
    envvar="PAYFLOW_DATABASE_URL",
    required=True,
    help="postgresql:// address; its user owns the database.",
)
def migrate(database_url: str) -> None:
    """Bring a database to the present schema."""
    migrate_database(database_url)


for command in (verify, reconcile, notices, operator, demo, listen, trigger, bench):
    commands.add_command(command)


def main() -> None:
    """Run the command; a fault of the caller's is one line and exit status 2."""
    try:
        commands()
    except (ApiNotReady, DevelopmentError, EmbeddedServerError, SettingsError) as fault:
        _fail(str(fault))
    except ArgumentError as fault:
        _fail(f"The address of the database is malformed: {fault}")
    except OperationalError as fault:
        _fail(f"The database cannot be reached: {fault.orig}")


def _fail(message: str) -> None:
    click.echo(f"payflow: {message}", err=True)
    sys.exit(2)
