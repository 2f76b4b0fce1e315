"""``payflow dev``: everything on one machine."""

from pathlib import Path

import click

from payflow_bootstrap.claim import claimed
from payflow_bootstrap.commands.dev_json import DATA_DIR

_PORT_MAX = 65_535


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, _PORT_MAX),
    default=3000,
    show_default=True,
    help="Port of the API on 127.0.0.1.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=DATA_DIR,
    show_default=True,
    help="Where everything is kept; starting again there keeps the data.",
)
@click.option("--parent", type=int, hidden=True, help="Stop when this parent process is gone.")
def dev(port: int, data_dir: Path, parent: int | None) -> None:
    """Run everything on this machine: PostgreSQL, the API, a worker and a demo partner."""
    with claimed(data_dir) as found:
        # Not before the directory is ours: it takes its time.
        from payflow_bootstrap.development import develop  # noqa: PLC0415 - see above

        develop(found, port, parent)
