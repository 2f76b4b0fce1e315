"""``payflow verify``: prove the books of a database."""

import sys
import time
from pathlib import Path

import click
import psycopg

from payflow_adapters.postgres.verify import Fault, Summary, snapshot
from payflow_adapters.postgres.verify import verify as verify_books
from payflow_bootstrap.commands.dev_json import DATA_DIR, read_dev_json


class Unreadable(click.ClickException):
    """The books cannot be read, so nothing is known of them."""

    exit_code = 2


@click.command()
@click.option(
    "--database-url",
    envvar="PAYFLOW_DATABASE_URL",
    help="postgresql:// address; its user may read every table.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Take the address from dev.json there.  [default: {DATA_DIR}]",
)
def verify(database_url: str | None, data_dir: Path | None) -> None:
    """Prove the books of a database, also while it is in use.

    Checks that debits equal credits, that entries, counters, transactions and reversals agree,
    that no wallet is below zero, and that the journal is unbroken and tells what was posted.

    Exit status: 0 if all of it holds, 1 with the first fault if not, 2 if it cannot be read.
    """
    # An address in the environment is no reason to pass over a directory that was asked for.
    url = None if data_dir else database_url
    started = time.perf_counter()
    found = _verify(url or read_dev_json(data_dir or DATA_DIR, "databaseUrl"))
    if isinstance(found, Fault):
        click.echo(_tell(found))
        sys.exit(1)
    click.echo(_sum_up(found, time.perf_counter() - started))


def _verify(url: str) -> Summary | Fault:
    try:
        with snapshot(url) as connection:
            return verify_books(connection)
    except psycopg.errors.UndefinedTable as error:
        raise Unreadable(
            f"This is no PayFlow database ({error.diag.message_primary}): "
            "`payflow migrate` makes it one."
        ) from None
    except psycopg.Error as error:
        raise Unreadable(f"The database cannot be read: {error}") from None


def _sum_up(summary: Summary, seconds: float) -> str:
    counted = [
        _count(summary.ledgers, "ledger", "ledgers"),
        _count(summary.accounts, "account", "accounts"),
        _count(summary.transactions, "transaction", "transactions"),
        _count(summary.entries, "entry", "entries"),
        _count(summary.events, "event", "events"),
    ]
    rate = summary.events / seconds
    return f"The books are in order: {', '.join(counted)}; {seconds:.1f} s, {rate:,.0f} events/s."


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _tell(fault: Fault) -> str:
    ledger = "all" if fault.ledger_id is None else fault.ledger_id
    return (
        "The books are not in order.\n"
        f"  rule      {fault.check}\n"
        f"  ledger    {ledger}\n"
        f"  where     {fault.subject}\n"
        f"  expected  {fault.expected}\n"
        f"  found     {fault.found}"
    )
