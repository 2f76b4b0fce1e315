"""What a reconciliation came to, for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from attrs import Factory, define, frozen
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from payflow_adapters.currencies import iso_currencies
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.published import publish_time
from payflow_domain.money import format_money
from payflow_domain.payments.gateway import MovementKind
from payflow_domain.payments.reconciling import Line, LineStatus, Reconciliation

_COLOURS = {LineStatus.MATCHED: "green", LineStatus.CANCELLED_OUT: "dim"}
_WRONG = "bold red"


@frozen
class Asked:
    """What was compared: ``end`` is not in it."""

    environment: Environment
    start: datetime
    end: datetime


@define
class Sums:
    """What moved in one currency, in minor units; ``fees`` are what the gateway says it took."""

    lines: int = 0
    theirs: int = 0
    ours: int = 0
    fees: int = 0


@frozen
class _Row:
    """A line as it is told."""

    at: datetime
    kind: MovementKind
    gateway_id: str
    currency: str
    theirs: int | None
    ours: int | None
    our_currency: str
    fee: int
    status: LineStatus
    transaction_id: str | None
    note: str


@define
class _Summary:
    counts: Counter[LineStatus] = Factory(Counter)
    currencies: dict[str, Sums] = Factory(dict)


def show(asked: Asked, found: Reconciliation, console: Console) -> None:
    """Print every line, and then what they come to."""
    rows = [_row(line) for line in found.lines]
    if rows:
        console.print(_table_of_lines(rows))
    summary = _sum_up(rows)
    if summary.currencies:
        console.print(_table_of_currencies(summary))
    for line in _conclusion(asked, found, summary):
        console.print(line, soft_wrap=True)


def to_json(asked: Asked, found: Reconciliation) -> str:
    """Write everything; amounts are in minor units."""
    rows = [_row(line) for line in found.lines]
    summary = _sum_up(rows)
    said = {
        "environment": asked.environment.value,
        "from": publish_time(asked.start),
        "to": publish_time(asked.end),
        "unmatched": len(found.unmatched),
        "feesBooked": found.fees_booked,
        "counts": {status.value: summary.counts[status] for status in LineStatus},
        "currencies": {
            currency: {
                "lines": sums.lines,
                "theirs": sums.theirs,
                "ours": sums.ours,
                "fees": sums.fees,
            }
            for currency, sums in sorted(summary.currencies.items())
        },
        "lines": [_publish(row) for row in rows],
    }
    return json.dumps(said, indent=2)


def _row(line: Line) -> _Row:
    movement, leg = line.movement, line.leg
    known = movement or leg
    if known is None:
        raise AssertionError(line)
    is_fee = movement is not None and movement.kind is MovementKind.FEE
    return _Row(
        at=known.at,
        kind=known.kind,
        gateway_id=movement.id if movement and is_fee else known.gateway_id,
        currency=known.currency,
        theirs=(-movement.fee if is_fee else movement.amount) if movement else None,
        ours=leg.amount if leg else None,
        our_currency=leg.currency if leg else known.currency,
        fee=movement.fee if movement else 0,
        status=line.status,
        transaction_id=leg.transaction_id if leg else None,
        note=movement.note if movement else "",
    )


def _publish(row: _Row) -> dict[str, object]:
    return {
        "time": publish_time(row.at),
        "kind": row.kind.value,
        "gatewayId": row.gateway_id,
        "theirs": row.theirs,
        "ours": row.ours,
        "currency": row.currency,
        "ourCurrency": row.our_currency,
        "fee": row.fee,
        "status": row.status.value,
        "transactionId": row.transaction_id,
        "note": row.note or None,
    }


def _sum_up(rows: Sequence[_Row]) -> _Summary:
    summary = _Summary()
    for row in rows:
        summary.counts[row.status] += 1
        sums = summary.currencies.setdefault(row.currency, Sums())
        sums.lines += 1
        sums.fees += row.fee
        if row.kind is not MovementKind.FEE:
            sums.theirs += row.theirs or 0
            ours = summary.currencies.setdefault(row.our_currency, Sums())
            ours.ours += row.ours or 0
    return summary


def _table_of_lines(rows: Sequence[_Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Time", "Kind", "Gateway id"):
        table.add_column(heading, overflow="fold")
    for heading in ("Theirs", "Ours"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("Status", overflow="fold")
    for row in rows:
        table.add_row(
            publish_time(row.at),
            row.kind,
            Text(f"{row.gateway_id} ({row.note})" if row.note else row.gateway_id),
            _money(row.theirs, row.currency),
            _money(row.ours, row.our_currency),
            Text(row.status, style=_COLOURS.get(row.status, _WRONG)),
        )
    return table


def _table_of_currencies(summary: _Summary) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Currency")
    for heading in ("Lines", "Theirs", "Ours", "Gateway's fees"):
        table.add_column(heading, justify="right")
    for currency, sums in sorted(summary.currencies.items()):
        amounts = (_money(each, currency) for each in (sums.theirs, sums.ours, sums.fees))
        table.add_row(currency, f"{sums.lines:,}", *amounts)
    return table


def _conclusion(asked: Asked, found: Reconciliation, summary: _Summary) -> Iterator[Text]:
    counts = ", ".join(
        f"{summary.counts[status]:,} {status.value}"
        for status in LineStatus
        if summary.counts[status]
    )
    period = f"from {publish_time(asked.start)} to before {publish_time(asked.end)}"
    yield Text(f"{asked.environment.value}, {period}: {counts or 'nothing moved'}.")
    yield Text(f"Fees booked now: {found.fees_booked:,}.")
    if found.unmatched:
        yield Text(f"{len(found.unmatched):,} lines do not agree.", style=_WRONG)
    else:
        yield Text("Everything agrees.", style="bold green")


def _money(amount: int | None, currency: str) -> str:
    """Show an amount; one in a currency that ISO 4217 does not have is in its minor units."""
    if amount is None:
        return "-"
    currencies = iso_currencies()
    if currency not in currencies:
        return f"{amount:,} {currency}"
    return format_money(amount, currency, currencies)
