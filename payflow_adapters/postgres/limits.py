"""Limits that hold across processes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import define, frozen
from sqlalchemy import ColumnElement, Row, select

from payflow_adapters.postgres import limit_statements as statements
from payflow_adapters.postgres.arrays import numbers, texts
from payflow_adapters.postgres.connection import Database, DatabaseUnavailable, unavailable_as
from payflow_adapters.postgres.drivers import Driver
from payflow_adapters.postgres.tables import ledgers, rate_limits
from payflow_domain.access.limits import Limit
from payflow_domain.access.shared_limits import KeptLimits, Taken, Total
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.ledgers import Environment, Ledger


@frozen(slots=False)  # so that one store can be all the readers
class PostgresLimits:
    """Adds up what processes take, in a table that a crash of the server empties."""

    database: Database

    def exchange_taken(self, taken: Sequence[Taken]) -> list[Total]:
        """Add what was taken; raises ``DatabaseUnavailable``."""
        columns = (
            texts([one.key for one in taken]),
            numbers([one.used for one in taken]),
            numbers([one.rate for one in taken]),
        )
        with unavailable_as(DatabaseUnavailable), self.database.writing() as connection:
            rows = connection.execute(statements.EXCHANGE_TAKEN, columns).fetchall()
        return [Total(*row) for row in rows]

    def limits_changed_since(self, at: datetime | None) -> list[KeptLimits]:
        return self._limits() if at is None else self._limits(rate_limits.c.changed_at > at)

    def kept_limits(self, ledger: Ledger) -> KeptLimits | None:
        return next(iter(self._limits(rate_limits.c.ledger_id == ledger.id)), None)

    def _limits(self, *which: ColumnElement[bool]) -> list[KeptLimits]:
        query = (
            select(rate_limits, ledgers.c.environment)
            .join_from(rate_limits, ledgers, rate_limits.c.ledger_id == ledgers.c.id)
            .where(*which)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [_limits_of(row) for row in rows]


@define(slots=False)  # so that one unit of work can be all of them
class PostgresLimitUnitOfWork:
    """Writes limits on one connection."""

    driver: Driver

    def limits(self, ledger_id: LedgerId) -> KeptLimits | None:
        _, (row,) = self.driver.run(
            (statements.BEGIN_LIMITS, [ledger_id]), (statements.LOCK_LIMITS, [ledger_id])
        )
        environment, rate, burst, money_rate, money_burst, changed_at = row
        api, money = _limit_of(rate, burst), _limit_of(money_rate, money_burst)
        return KeptLimits(ledger_id, Environment(environment), api, money, changed_at)

    def keep_limits(self, ledger_id: LedgerId, api: Limit | None, money: Limit | None) -> None:
        values = [ledger_id, *_values(api), *_values(money)]
        self.driver.send((statements.KEEP_LIMITS, values))


def _values(limit: Limit | None) -> tuple[int | None, int | None]:
    return (limit.rate, limit.burst) if limit else (None, None)


def _limits_of(row: Row[Any]) -> KeptLimits:
    return KeptLimits(
        ledger_id=LedgerId(row.ledger_id),
        environment=Environment(row.environment),
        api=_limit_of(row.rate, row.burst),
        money=_limit_of(row.money_rate, row.money_burst),
        changed_at=row.changed_at,
    )


def _limit_of(rate: int | None, burst: int | None) -> Limit | None:
    return None if rate is None or burst is None else Limit(rate, burst)
