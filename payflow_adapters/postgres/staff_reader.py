"""Reading staff and the audit log."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from attrs import frozen
from sqlalchemy import ColumnElement, select, tuple_

from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.staff_rows import (
    AUDIT_COLUMNS,
    OPERATOR_COLUMNS,
    SESSION_COLUMNS,
    audit_record_of,
    operator_of,
    session_of,
)
from payflow_adapters.postgres.tables import audit_log, operators, staff_sessions
from payflow_domain.access.audit import AuditFilter, AuditRecord
from payflow_domain.access.operators import Operator
from payflow_domain.access.sessions import Session
from payflow_domain.ledger.ports import Page


@frozen(slots=False)  # so that one store can be all the readers
class PostgresStaffReader:
    """Reads operators, their sessions and the audit log."""

    database: Database

    def audit_entries(self, which: AuditFilter, page: Page) -> Sequence[AuditRecord]:
        query = (
            select(*AUDIT_COLUMNS, operators.c.username)
            .join_from(audit_log, operators, operators.c.id == audit_log.c.actor, isouter=True)
            .where(*_conditions(which))
        )
        if page.after is not None:
            at, number = page.after.split(" ")
            seen = (datetime.fromisoformat(at), int(number))
            query = query.where(tuple_(audit_log.c.at, audit_log.c.id) < seen)
        newest = audit_log.c.at.desc(), audit_log.c.id.desc()
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(*newest).limit(page.limit)).all()
        return [audit_record_of(row) for row in rows]

    def operators(self) -> list[Operator]:
        query = select(*OPERATOR_COLUMNS).order_by(operators.c.username)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [operator_of(row) for row in rows]

    def operator_named(self, username: str) -> Operator | None:
        query = select(*OPERATOR_COLUMNS).where(operators.c.username == username)
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return operator_of(row) if row else None

    def session(self, digest: bytes) -> tuple[Session, Operator] | None:
        query = (
            select(*SESSION_COLUMNS, *OPERATOR_COLUMNS)
            .join_from(staff_sessions, operators, staff_sessions.c.operator_id == operators.c.id)
            .where(staff_sessions.c.digest == digest)
        )
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        width = len(SESSION_COLUMNS)
        return (session_of(row[:width]), operator_of(row[width:])) if row else None


def _conditions(which: AuditFilter) -> Iterator[ColumnElement[bool]]:
    equal = {
        audit_log.c.actor: which.actor,
        audit_log.c.action: which.action,
        audit_log.c.subject: which.subject,
        audit_log.c.partner_id: which.partner_id,
    }
    yield from (column == value for column, value in equal.items() if value is not None)
    if which.since is not None:
        yield audit_log.c.at >= which.since
    if which.until is not None:
        yield audit_log.c.at < which.until
