"""From rows to staff and the audit log; rows come in the order of the columns here."""

from payflow_adapters.postgres.rows import Values
from payflow_adapters.postgres.tables import audit_log, operators, staff_sessions
from payflow_domain.access.audit import AuditEntry, AuditRecord
from payflow_domain.access.operators import Operator, Role
from payflow_domain.access.sessions import Session
from payflow_domain.ids import OperatorId

AUDIT_COLUMNS = tuple(audit_log.columns)
OPERATOR_COLUMNS = tuple(operators.columns)
SESSION_COLUMNS = tuple(staff_sessions.columns)


def audit_record_of(row: Values) -> AuditRecord:
    number, *told, username = row
    return AuditRecord(number, AuditEntry(*told), username)


def operator_of(row: Values) -> Operator:
    operator_id, username, role, password_hash, created_at, disabled_at = row
    return Operator(
        id=OperatorId(operator_id),
        username=username,
        role=Role(role),
        password_hash=password_hash,
        created_at=created_at,
        disabled_at=disabled_at,
    )


def session_of(row: Values) -> Session:
    digest, operator_id, created_at, seen_at = row
    return Session(bytes(digest), OperatorId(operator_id), created_at, seen_at)
