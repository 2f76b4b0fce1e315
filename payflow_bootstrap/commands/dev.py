"""``payflow dev``: everything on one machine."""

from pathlib import Path

import click

from payflow_bootstrap.commands.dev_json import DATA_DIR
from payflow_bootstrap.development import develop


@click.command()
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
