"""Keeping security events."""

from attrs import frozen
from psycopg.types.json import Json
from sqlalchemy import select

from payflow_adapters.postgres import payment_statements as statements
from payflow_adapters.postgres.connection import Database, DatabaseUnavailable, unavailable_as
from payflow_adapters.postgres.payment_rows import SECURITY_EVENT_COLUMNS, security_event_of
from payflow_adapters.postgres.tables import security_events
from payflow_domain.access.security import SecurityEvent


@frozen(slots=False)  # so that one store can be all the readers
class PostgresSecurityLog:
    """Keeps each event in a transaction of its own."""

    database: Database

    def record(self, event: SecurityEvent) -> None:
        """Keep one; raises ``DatabaseUnavailable``."""
        values = [event.at, event.kind, event.detail, event.address, Json(event.facts)]
        with unavailable_as(DatabaseUnavailable), self.database.writing() as connection:
            connection.execute(statements.INSERT_SECURITY_EVENT, values)

    def security_events(self, limit: int, before: int | None = None) -> list[SecurityEvent]:
        query = select(*SECURITY_EVENT_COLUMNS).order_by(security_events.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(security_events.c.id < before)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [security_event_of(row) for row in rows]
