"""``payflow reconcile``: compare the gateway's account of our money with our own."""

import sys
from datetime import UTC, date, datetime, time
from pathlib import Path

import click
from rich.console import Console

from payflow_bootstrap.commands.operating import NotDone, operating, takes_data_dir
from payflow_bootstrap.commands.reconciliation import Asked, show, to_json
from payflow_domain.ledger.ledgers import Environment

WIDTH = 140


class Moment(click.ParamType[datetime]):
    """A moment: a date is its midnight in UTC, and a time has its zone."""

    name = "moment"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return _moment(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is neither a date, such as 2026-11-23, nor a time with its zone, "
                "such as 2026-11-23T14:00:00Z.",
                param,
                ctx,
            )


def _moment(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)


@click.command()
@click.option(
    "--from", "start", type=Moment(), metavar="ISO", required=True, help="Where the period begins."
)
@click.option(
    "--to", "end", type=Moment(), metavar="ISO", required=True, help="Before what it ends."
)
@click.option(
    "--environment",
    type=click.Choice([each.value for each in Environment]),
    default=Environment.SANDBOX.value,
    show_default=True,
)
@takes_data_dir
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Also write everything there.",
)
def reconcile(
    start: datetime, end: datetime, environment: str, data_dir: Path | None, file: Path | None
) -> None:
    """Compare the gateway's account of our money with our own, line by line.

    Books what the gateway took as fees by the way, each once. A date means its midnight in UTC.

    Exit status: 0 if all of it agrees, 1 if a line does not, 2 if it could not be done.
    """
    if start >= end:
        raise click.UsageError("--from has to be before --to.")
    asked = Asked(Environment(environment), start, end)
    with operating(data_dir) as core:
        found = core.reconciler().reconcile(asked.environment, start, end)
    if file is not None:
        _write(file, to_json(asked, found))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    show(asked, found, console)
    sys.exit(1 if found.unmatched else 0)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(f"{text}\n")
    except OSError as error:
        raise NotDone(f"{file} cannot be written: {error.strerror}.") from None
