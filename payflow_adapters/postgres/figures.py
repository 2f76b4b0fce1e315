"""Counting what is in PostgreSQL, within bounds: no figure is worth keeping the database busy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from attrs import frozen
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from payflow_adapters.ids import least_id
from payflow_adapters.postgres import figures_statements as statements
from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.rows import Values
from payflow_domain.ids import DELIVERY
from payflow_domain.ledger.accounts import MAX_COUNTER
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.oversight.figures import (
    DailyVolume,
    FigureUnavailable,
    GatewayHealth,
    SlowStatement,
    WebhookHealth,
)

COUNTING_SECONDS_MAX = 2
"""How long one figure may take."""

# Between the moment that an id is made for and the one that its row tells.
_MARGIN = timedelta(hours=1)


@frozen
class PostgresFigures:
    """Counts what is committed, each figure in a transaction of its own."""

    database: Database

    def partners_by_status(self) -> Mapping[str, int]:
        return _counts(self._count(statements.PARTNERS))

    def wallets_by_environment(self) -> Mapping[str, int]:
        return _counts(self._count(statements.WALLETS))

    def daily_volumes(self, first: date) -> Sequence[DailyVolume]:
        values = {"first": first, "amount_max": MAX_COUNTER}
        rows = self._count(statements.DAILY_VOLUMES, values)
        return [
            DailyVolume(day, Environment(environment), *counted)
            for day, environment, *counted in rows
        ]

    def pending_by_age(self, edges: Sequence[datetime]) -> Sequence[int]:
        counts = _counts(self._count(statements.PENDING, {"edges": list(edges)}))
        return [counts.get(place, 0) for place in range(len(edges) + 1)]

    def gateway_health(self, gateway: str, environment: Environment) -> GatewayHealth:
        values = {"gateway": gateway, "environment": environment.value}
        ((pending, oldest, waiting, last),) = self._count(statements.GATEWAY, values)
        return GatewayHealth(gateway, environment, pending, oldest, waiting, last)

    def webhook_health(self, since: datetime) -> WebhookHealth:
        values = {"first_id": least_id(DELIVERY, since - _MARGIN), "since": since}
        ((delivered, failed, pending, oldest),) = self._count(statements.WEBHOOKS, values)
        return WebhookHealth(delivered, failed, pending, oldest)

    def security_events_by_kind(self, since: datetime) -> Mapping[str, int]:
        return _counts(self._count(statements.SECURITY_EVENTS, (since,)))

    def connections(self) -> Mapping[str, Mapping[str, int]]:
        writer = self.database.writer.get_stats()
        pools = {"readers": self.database.reader, "partnerReaders": self.database.partner}
        ((in_use, most),) = self._count(statements.SERVER)
        return {
            "writers": {
                "inUse": writer.get("pool_size", 0) - writer.get("pool_available", 0),
                "max": writer.get("pool_max", 0),
                "waiting": writer.get("requests_waiting", 0),
            },
            **{name: _in_use(engine.pool) for name, engine in pools.items()},
            "server": {"inUse": in_use, "max": most},
        }

    def slowest_statements(self, limit: int) -> Sequence[SlowStatement]:
        ((is_there,),) = self._count(statements.HAS_STATEMENTS)
        if not is_there:
            raise FigureUnavailable("The extension pg_stat_statements is not in this database.")
        return [SlowStatement(*row) for row in self._count(statements.STATEMENTS, (limit,))]

    def _count(
        self,
        statement: LiteralString,
        values: tuple[object, ...] | Mapping[str, object] | None = None,
    ) -> Sequence[Values]:
        with self._bounded() as connection:
            return connection.exec_driver_sql(statement, values).all()

    @contextmanager
    def _bounded(self) -> Iterator[Connection]:
        """Lend a connection in a transaction, whose statements end after so many seconds."""
        with self.database.reading() as lent:
            connection = lent.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                connection.exec_driver_sql(
                    f"SET LOCAL statement_timeout = '{COUNTING_SECONDS_MAX}s'"
                )
                try:
                    yield connection
                except DBAPIError as error:
                    raise _unavailable(error) from error


def _unavailable(error: DBAPIError) -> Exception:
    """Tell why a figure cannot be counted, where the cause is known."""
    if isinstance(error.orig, psycopg.errors.QueryCanceled):
        return FigureUnavailable(f"It takes longer than {COUNTING_SECONDS_MAX} seconds to count.")
    if isinstance(error.orig, psycopg.errors.ObjectNotInPrerequisiteState):
        return FigureUnavailable("pg_stat_statements is not among shared_preload_libraries.")
    return error


def _counts(rows: Sequence[Values]) -> dict[Any, int]:
    return dict(map(tuple, rows))


def _in_use(pool: object) -> Mapping[str, int]:
    if not isinstance(pool, QueuePool):
        raise TypeError(pool)
    return {"inUse": pool.checkedout(), "max": pool.size()}
