"""``payflow notices``: what payment gateways told, for operators."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from payflow_bootstrap.commands.operating import operating, takes_data_dir
from payflow_domain.access.audit import COMMAND_LINE
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.published import publish_time
from payflow_domain.payments.model import KeptNotice, NoticeStatus

WIDTH = 140
_LIMIT_MAX = 10_000
_ENVIRONMENTS = [each.value for each in Environment]


@click.group()
def notices() -> None:
    """Look at what payment gateways told, and book it again."""


@notices.command("list")
@click.option(
    "--status",
    type=click.Choice([each.value for each in NoticeStatus]),
    help="Only these. Received ones wait for their charge; ignored ones change nothing.",
)
@click.option("--limit", type=click.IntRange(1, _LIMIT_MAX), default=50, show_default=True)
@takes_data_dir
def list_notices(status: str | None, limit: int, data_dir: Path | None) -> None:
    """List the last notices, newest first."""
    with operating(data_dir) as core:
        found = core.store().notices(NoticeStatus(status) if status else None, limit)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(_table(found) if found else "There are none.")


@notices.command()
@click.argument("gateway")
@click.argument("environment", type=click.Choice(_ENVIRONMENTS))
@click.argument("notice_id", metavar="ID")
@takes_data_dir
def replay(gateway: str, environment: str, notice_id: str, data_dir: Path | None) -> None:
    """Book a notice again: GATEWAY is mock or stripe. What is booked already is not touched.

    Exit status: 0 if it was done, 2 if it could not be.
    """
    with operating(data_dir) as core:
        replay_by = core.oversight().replay_notice_by
        kept = replay_by(COMMAND_LINE, None, gateway, Environment(environment), notice_id)
    click.echo(f"{kept.id} ({kept.type}): {kept.status.value}. {_MEANING[kept.status]}")


_MEANING = {
    NoticeStatus.RECEIVED: "Its charge is not known or not final yet; the worker tries it again.",
    NoticeStatus.APPLIED: "What it tells is in the books.",
    NoticeStatus.IGNORED: "It tells nothing that has to be booked.",
}


def _table(found: Sequence[KeptNotice]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Received", "Gateway", "Environment", "Id", "Type", "Status"):
        table.add_column(heading, overflow="fold")
    table.add_column("Deliveries", justify="right")
    for kept in found:
        table.add_row(
            publish_time(kept.received_at),
            kept.gateway,
            kept.environment.value,
            kept.id,
            kept.type,
            kept.status.value,
            f"{kept.deliveries:,}",
        )
    return table
