"""``payflow verify``: prove the books of a database."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click
import psycopg

from payflow_adapters.postgres.address import AddressError, check_address, told
from payflow_adapters.postgres.verify import Fault, Head, Summary, heads_of, snapshot
from payflow_adapters.postgres.verify import verify as verify_books
from payflow_bootstrap.commands.dev_json import DATA_DIR, read_dev_json


class Unreadable(click.ClickException):
    """The books cannot be read, so nothing is known of them."""

    exit_code = 2


class KeptHead(click.ParamType[Head]):
    """The hash of an event of a ledger."""

    name = "LEDGER:SEQUENCE:HASH"

    def convert(
        self, value: str | Head, param: click.Parameter | None, ctx: click.Context | None
    ) -> Head:
        """Read it; refuses what is none."""
        try:
            return value if isinstance(value, Head) else Head.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


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
@click.option(
    "--head",
    "heads",
    type=KeptHead(),
    multiple=True,
    help="A head that was kept: the journal has to go on from there. May be given several times.",
)
@click.option(
    "--heads",
    "file",
    type=click.File(),
    help="The same from a file, one on each line; - reads standard input.",
)
@click.option(
    "--print-heads",
    is_flag=True,
    help="Print the heads of sound books, and nothing else, to keep them elsewhere.",
)
def verify(
    database_url: str | None,
    data_dir: Path | None,
    heads: tuple[Head, ...],
    file: TextIO | None,
    *,
    print_heads: bool,
) -> None:
    """Prove the books of a database, also while it is in use.

    Checks that debits equal credits, that entries, counters, transactions, reversals, payments,
    legs and volumes agree, that no wallet is below zero, and that the journal is unbroken and
    tells of each transaction, entry and wallet what the books have.

    Exit status: 0 if all of it holds, 1 with the first fault if not, 2 if it cannot be read.
    """
    # An address in the environment is no reason to pass over a directory that was asked for.
    url = None if data_dir else database_url
    started = time.perf_counter()
    kept = [*heads, *_read_heads(file)]
    found, present = _verify(url or read_dev_json(data_dir or DATA_DIR, "databaseUrl"), kept)
    if isinstance(found, Fault):
        click.echo(_tell(found))
        sys.exit(1)
    if print_heads:
        click.echo("".join(f"{head}\n" for head in present), nl=False)
    else:
        click.echo(_sum_up(found, time.perf_counter() - started))


def _read_heads(file: TextIO | None) -> list[Head]:
    """Read a head from each line that is not empty."""
    try:
        return [Head.read(line) for line in file or () if line.strip()]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--heads") from None


def _verify(url: str, kept: Sequence[Head]) -> tuple[Summary | Fault, list[Head]]:
    """Prove the books, and return the heads of the same snapshot."""
    try:
        with snapshot(check_address(url)) as connection:
            return verify_books(connection, kept), heads_of(connection)
    except AddressError as error:
        raise Unreadable(str(error)) from None
    except psycopg.Error as error:
        raise Unreadable(told(error)) from None


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
