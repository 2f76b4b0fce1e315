"""``payflow worker``: what is not done within a request."""

import os

import click

from payflow_adapters.postgres.address import check_database
from payflow_bootstrap.settings import read_settings
from payflow_bootstrap.worker import work


@click.command()
@click.option("--lifeline", type=int, hidden=True)
def worker(lifeline: int | None) -> None:
    """Do what is not done within a request.

    Sends webhooks, and asks gateways for the outcome of what is pending. Any number of workers
    may run. Settings are those of serve.
    """
    settings = read_settings(os.environ)
    check_database(settings.database_url)
    work(settings, lifeline)
