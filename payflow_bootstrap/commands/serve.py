"""``payflow serve``: the API."""

import os

import click

from payflow_adapters.postgres.address import check_database
from payflow_bootstrap.server import serve as serve_api
from payflow_bootstrap.settings import read_settings


@click.command()
@click.option("--lifeline", type=int, hidden=True)
def serve(lifeline: int | None) -> None:
    """Serve the API.

    Settings come from the environment (PAYFLOW_..., SESSION_SECRET).
    """
    settings = read_settings(os.environ)
    check_database(settings.database_url)
    serve_api(settings, lifeline)
