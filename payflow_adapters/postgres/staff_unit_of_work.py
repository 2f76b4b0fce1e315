"""What a unit of work does with staff and the audit log."""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from attrs import define
from psycopg.types.json import Json

from payflow_adapters.postgres import staff_statements as statements
from payflow_adapters.postgres.drivers import Driver, Query
from payflow_adapters.postgres.rows import spent_key_of
from payflow_adapters.postgres.staff_rows import operator_of
from payflow_domain.access.attempts import Attempts, Ceiling
from payflow_domain.access.audit import AuditEntry, Told
from payflow_domain.access.operators import Operator, UsernameTaken
from payflow_domain.access.sessions import AGE_MAX, IDLE_MAX, Session
from payflow_domain.ids import OperatorId
from payflow_domain.ledger.idempotency import RETENTION, IdempotencyKey, SpentKey

_USERNAME_KEY = "operators_username_key"
_STAFF_KEYS_LOCK = 0x7374_6166
"""The class of advisory locks under which idempotency keys of operators are claimed."""


@define(slots=False)  # so that one unit of work can be all of them
class PostgresStaffUnitOfWork:
    """Writes operators, their sessions, and what was done, on one connection."""

    driver: Driver

    def add_audit(self, entry: AuditEntry) -> None:
        values = [
            entry.at,
            entry.actor,
            entry.action,
            entry.subject,
            entry.address,
            entry.partner_id,
            entry.reason,
            _json(entry.before),
            _json(entry.after),
            _json(entry.facts),
        ]
        self.driver.send((statements.INSERT_AUDIT, values))

    def add_operator(self, operator: Operator) -> None:
        values = [
            operator.id,
            operator.username,
            operator.role,
            operator.password_hash,
            operator.created_at,
            operator.disabled_at,
        ]
        try:
            self.driver.run((statements.INSERT_OPERATOR, values))
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != _USERNAME_KEY:
                raise
            detail = "There is or was an operator with that username; choose another."
            raise UsernameTaken(detail, subject=operator.username) from None

    def replace_operator(self, operator: Operator) -> None:
        values = [operator.password_hash, operator.disabled_at, operator.id]
        self.driver.send((statements.UPDATE_OPERATOR, values))

    def operator(self, operator_id: OperatorId) -> Operator | None:
        (rows,) = self.driver.run((statements.LOCK_OPERATOR, [operator_id]))
        return operator_of(rows[0]) if rows else None

    def add_session(self, session: Session) -> None:
        values = [session.digest, session.operator_id, session.created_at, session.seen_at]
        self.driver.send((statements.INSERT_SESSION, values))

    def renew_session(self, digest: bytes, seen_at: datetime) -> None:
        self.driver.send((statements.RENEW_SESSION, [seen_at, digest]))

    def end_session(self, digest: bytes) -> None:
        self.driver.send((statements.END_SESSION, [digest]))

    def end_sessions_of(self, operator_id: OperatorId) -> None:
        self.driver.send((statements.END_SESSIONS_OF, [operator_id]))

    def forget_ended_sessions(self, now: datetime) -> None:
        self.driver.send((statements.FORGET_ENDED_SESSIONS, [now - AGE_MAX, now - IDLE_MAX]))

    def count_attempts(self, ceilings: Sequence[Ceiling], now: datetime) -> Sequence[Attempts]:
        queries: list[Query] = [
            (
                statements.COUNT_ATTEMPT,
                {"subject": each.subject, "now": now, "ends_at": now + each.period},
            )
            for each in ceilings
        ]
        *counted, _ = self.driver.run(*queries, (statements.FORGET_OLD_ATTEMPTS, [now]))
        return [Attempts(*row) for (row,) in counted]

    def uncount_attempt(self, subject: str) -> None:
        self.driver.send((statements.UNCOUNT_ATTEMPT, [subject]))

    def forget_attempts(self, subject: str) -> None:
        self.driver.send((statements.FORGET_ATTEMPTS, [subject]))

    def spent_by_operator(
        self, operator_id: OperatorId, key: IdempotencyKey, now: datetime
    ) -> SpentKey | None:
        _, rows = self.driver.run(
            (statements.LOCK_STAFF_KEY, [_STAFF_KEYS_LOCK, f"{operator_id} {key}"]),
            (statements.LOAD_STAFF_KEY, [operator_id, key, now - RETENTION]),
        )
        return spent_key_of(rows[0]) if rows else None

    def spend_by_operator(self, operator_id: OperatorId, spent: SpentKey, now: datetime) -> None:
        claim, answer = spent.claim, spent.answer
        values = [
            operator_id,
            claim.key,
            claim.fingerprint,
            answer and answer.status,
            answer and answer.body.decode(),
            now,
        ]
        expired_at = now - RETENTION
        self.driver.send(
            (statements.FORGET_STAFF_KEY, [operator_id, claim.key, expired_at]),
            (statements.INSERT_STAFF_KEY, values),
            (statements.FORGET_OLD_STAFF_KEYS, [expired_at]),
        )


def _json(told: Told | None) -> Json | None:
    return None if told is None else Json(dict(told))
