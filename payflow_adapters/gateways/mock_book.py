"""What the mock gateway knows.

Nothing is carried out later. What will become of an order is written down with it, each change
and each movement of money with its time, and what is read depends on the time of reading. So no
process has to stay alive, and all processes on one file see the same.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from payflow_adapters.gateways.mock_moves import Line, lines_of
from payflow_adapters.gateways.mock_notices import type_of
from payflow_adapters.gateways.mock_schema import PREFIX, moment, ticks
from payflow_adapters.gateways.mock_values import Change
from payflow_domain.ids import TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import Failure
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    Movement,
    MovementKind,
    Notice,
    PaymentKind,
    Report,
    ReportStatus,
)

_SAID = """
SELECT items.kind, items.id, changes.status, items.amount, items.currency,
    items.transaction_id, items.reference, changes.code, changes.message,
    changes.id, changes.at, changes.is_first
FROM items JOIN changes ON changes.item_id = items.id
"""
"""One change in the columns of ``_Row``."""

_NOW = """
WHERE changes.number = (
    SELECT latest.number FROM changes AS latest
    WHERE latest.item_id = items.id AND (latest.at <= :now OR latest.is_answer)
    ORDER BY latest.at DESC, latest.number DESC LIMIT 1
)
"""
"""Chooses how an item stands now. Its answer was given even if the clock has gone back since."""

_OF_A_CHARGE = frozenset({PaymentKind.REFUND, PaymentKind.DISPUTE})


@frozen
class _Row:
    kind: str
    item_id: str
    status: str
    amount: int
    currency: str
    transaction_id: TransactionId | None
    reference: str
    code: str | None
    message: str | None
    change_id: str
    at: int
    is_first: int

    def report(self) -> Report:
        kind = PaymentKind(self.kind)
        return Report(
            kind=kind,
            gateway_id=self.item_id,
            status=ReportStatus(self.status),
            money=Money(self.amount, self.currency),
            transaction_id=self.transaction_id,
            charge_id=self.reference if kind in _OF_A_CHARGE else None,
            failure=None if self.code is None else Failure(self.code, self.message or ""),
        )

    def notice(self) -> Notice:
        report = self.report()
        return Notice(
            id=self.change_id,
            type=type_of(report, is_first=bool(self.is_first)),
            environment=Environment.SANDBOX,
            created_at=moment(self.at),
            report=report,
        )


@frozen
class Held:
    """What the gateway holds in one currency: ``balance`` before its ``fees``, and those."""

    balance: int
    fees: int


@frozen
class Book:
    """The mock's book within one transaction on its file, as it reads ``now``."""

    connection: sqlite3.Connection
    now: datetime

    def add(
        self, report: Report, reference: str, plan: Sequence[Change], *, is_ordered: bool = True
    ) -> None:
        """Write down something new and what becomes of it; the first change answers an order.

        ``reference`` is the payment method, the destination, or the charge that it is of.
        """
        self.connection.execute(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)",
            (
                report.gateway_id,
                report.kind,
                report.money.amount,
                report.money.currency,
                report.transaction_id,
                reference,
            ),
        )
        before = None
        for ordinal, change in enumerate(plan, start=1):
            self._add_change(report, before, ordinal, change, is_answer=is_ordered and ordinal == 1)
            before = change.status

    def change(self, report: Report, change: Change) -> None:
        """Let ``change`` follow on how things stand, in place of what was planned."""
        item = {"id": report.gateway_id, "now": ticks(self.now)}
        self.connection.execute("DELETE FROM changes WHERE item_id = :id AND at > :now", item)
        self.connection.execute("DELETE FROM movements WHERE item_id = :id AND at > :now", item)
        (made,) = self.connection.execute(
            "SELECT count(*) FROM changes WHERE item_id = :id", item
        ).fetchone()
        self._add_change(report, report.status, made + 1, change, is_answer=False)

    def standing(self, gateway_id: str) -> Report | None:
        """Return how something stands now; ``None`` if there is no such thing, or not yet."""
        return self._one(_SAID + _NOW + "AND items.id = :id", id=gateway_id)

    def standing_of(self, transaction_id: TransactionId) -> Report | None:
        """Return how the order of a transaction stands now."""
        return self._one(_SAID + _NOW + "AND items.transaction_id = :id", id=transaction_id)

    def answer_to(self, transaction_id: TransactionId) -> Report | None:
        """Return what the order of a transaction was told first."""
        wanted = "WHERE changes.is_answer AND items.transaction_id = :id"
        return self._one(_SAID + wanted, id=transaction_id)

    def reference_of(self, gateway_id: str) -> str | None:
        """Return the reference that something was added with; also if it is yet to come."""
        row = self.connection.execute(
            "SELECT reference FROM items WHERE id = ?", (gateway_id,)
        ).fetchone()
        return row[0] if row else None

    def on_charge(self, charge_id: str) -> list[Report]:
        """Return the refunds and disputes of a charge as they stand now, oldest first."""
        wanted = "AND items.reference = :id AND items.kind IN ('refund', 'dispute') "
        return self._all(_SAID + _NOW + wanted + "ORDER BY items.rowid", id=charge_id)

    def movements(self, start: datetime, end: datetime) -> list[Movement]:
        rows = self.connection.execute(
            "SELECT id, kind, item_id, amount, fee, currency, at FROM movements"
            " WHERE at >= ? AND at < ? AND at <= ? ORDER BY at, number",
            (ticks(start), ticks(end), ticks(self.now)),
        )
        return [
            Movement(id_, MovementKind(kind), item_id, amount, fee, currency, moment(at))
            for id_, kind, item_id, amount, fee, currency, at in rows
        ]

    def held(self, currency: str) -> Held:
        row = self.connection.execute(
            "SELECT coalesce(sum(amount), 0), coalesce(sum(fee), 0) FROM movements"
            " WHERE currency = ? AND at <= ?",
            (currency, ticks(self.now)),
        ).fetchone()
        return Held(*row)

    def notices(self, limit: int) -> list[Notice]:
        """Return what is to be told by now and was not marked, oldest first."""
        wanted = (
            "WHERE NOT changes.is_delivered AND changes.at <= ?"
            " ORDER BY changes.at, changes.number LIMIT ?"
        )
        rows = self.connection.execute(_SAID + wanted, (ticks(self.now), limit))
        return [_Row(*row).notice() for row in rows]

    def mark_delivered(self, notice_id: str) -> None:
        self.connection.execute("UPDATE changes SET is_delivered = 1 WHERE id = ?", (notice_id,))

    def _add_change(
        self,
        report: Report,
        before: ReportStatus | None,
        ordinal: int,
        change: Change,
        *,
        is_answer: bool,
    ) -> None:
        at = ticks(self.now + timedelta(seconds=change.after_s))
        failure = change.failure
        self.connection.execute(
            "INSERT INTO changes (id, item_id, is_first, is_answer, at, status, code, message)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"{PREFIX}evt_{_stem(report)}_{ordinal}",
                report.gateway_id,
                ordinal == 1,
                is_answer,
                at,
                change.status,
                failure and failure.code,
                failure and failure.message,
            ),
        )
        for line in lines_of(evolve(report, status=change.status), before):
            self._add_movement(report, line, at)

    def _add_movement(self, report: Report, line: Line, at: int) -> None:
        self.connection.execute(
            "INSERT INTO movements (id, kind, item_id, amount, fee, currency, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                f"{PREFIX}bt_{_stem(report)}_{line.kind}",
                line.kind,
                report.gateway_id,
                line.amount,
                line.fee,
                report.money.currency,
                at,
            ),
        )

    def _one(self, statement: str, **values: str) -> Report | None:
        found = self._all(statement, **values)
        return found[0] if found else None

    def _all(self, statement: str, **values: str) -> list[Report]:
        rows = self.connection.execute(statement, {"now": ticks(self.now), **values})
        return [_Row(*row).report() for row in rows]


def _stem(report: Report) -> str:
    """Return what its changes and movements are named after."""
    return report.gateway_id.removeprefix(PREFIX)
