"""``payflow migrate``: the present schema."""

import click

from payflow_adapters.postgres.migrate import migrate as migrate_database


@click.command()
@click.option(
    "--database-url",
    envvar="PAYFLOW_DATABASE_URL",
    required=True,
    help="postgresql:// address; its user owns the database.",
)
def migrate(database_url: str) -> None:
    """Bring a database to the present schema."""
    migrate_database(database_url)
