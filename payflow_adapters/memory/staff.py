"""Staff and the audit log: what a unit of work does with them, and reading them."""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from attrs import evolve

from payflow_adapters.memory.refusals import require
from payflow_adapters.memory.staging import Staging
from payflow_adapters.memory.tables import DatedKey, Tables
from payflow_domain.access.attempts import Attempts, Ceiling
from payflow_domain.access.audit import AuditEntry, AuditFilter, AuditRecord
from payflow_domain.access.operators import Operator, UsernameTaken
from payflow_domain.access.sessions import Session
from payflow_domain.ids import OperatorId
from payflow_domain.ledger.idempotency import IdempotencyKey, SpentKey
from payflow_domain.ledger.ports import Page


class MemoryStaffUnitOfWork(Staging):
    """Stages operators, sessions, tries to log in, and what was done."""

    def add_audit(self, entry: AuditEntry) -> None:
        """Stage an entry, with mappings of its own."""
        number = len(self._tables.audit) + 1
        self._tables.audit[number] = evolve(
            entry,
            before=None if entry.before is None else dict(entry.before),
            after=None if entry.after is None else dict(entry.after),
            facts=dict(entry.facts),
        )

    def add_operator(self, operator: Operator) -> None:
        """Stage a new operator; raises ``UsernameTaken``."""
        known = self._tables.operators
        with self._breaking():
            require(operator.id not in known, "the operator exists")
            if any(other.username == operator.username for other in known.values()):
                detail = "There is or was an operator with that username; choose another."
                raise UsernameTaken(detail, subject=operator.username)
        known[operator.id] = operator

    def replace_operator(self, operator: Operator) -> None:
        """Stage what was changed of an operator."""
        known = self._tables.operators
        with self._breaking():
            require(operator.id in known, "there is no such operator")
        known[operator.id] = evolve(
            known[operator.id],
            password_hash=operator.password_hash,
            disabled_at=operator.disabled_at,
        )

    def operator(self, operator_id: OperatorId) -> Operator | None:
        """Return an operator as this unit of work sees it."""
        return self._tables.operators.get(operator_id)

    def add_session(self, session: Session) -> None:
        """Stage a new session of an operator who is there."""
        with self._breaking():
            require(self._tables.sessions.get(session.digest) is None, "the session exists")
            require(session.operator_id in self._tables.operators, "there is no such operator")
        self._tables.sessions[session.digest] = session

    def renew_session(self, digest: bytes, seen_at: datetime) -> None:
        """Stage when a session was used, if it is there."""
        session = self._tables.sessions.get(digest)
        if session is not None:
            self._tables.sessions[digest] = evolve(session, seen_at=seen_at)

    def end_session(self, digest: bytes) -> None:
        """Stage that a session is no more."""
        self._tables.sessions[digest] = None

    def end_sessions_of(self, operator_id: OperatorId) -> None:
        """Stage that no session of an operator is any more."""
        for session in list(self._tables.sessions.values()):
            if session is not None and session.operator_id == operator_id:
                self.end_session(session.digest)

    def forget_ended_sessions(self, now: datetime) -> None:
        """Stage that sessions which have ended are no more."""
        for session in list(self._tables.sessions.values()):
            if session is not None and session.has_ended(now):
                self.end_session(session.digest)

    def count_attempts(self, ceilings: Sequence[Ceiling], now: datetime) -> Sequence[Attempts]:
        """Stage one more try by each of ``ceilings``."""
        return [self._count_attempt(ceiling, now) for ceiling in ceilings]

    def _count_attempt(self, ceiling: Ceiling, now: datetime) -> Attempts:
        before = self._tables.attempts.get(ceiling.subject)
        first = Attempts(ceiling.subject, now + ceiling.period)
        counted = before.one_more(now, ceiling.period) if before else first
        self._tables.attempts[ceiling.subject] = counted
        return counted

    def uncount_attempt(self, subject: str) -> None:
        """Stage that there was one try less."""
        counted = self._tables.attempts.get(subject)
        if counted is not None and counted.count > 0:
            self._tables.attempts[subject] = evolve(counted, count=counted.count - 1)

    def forget_attempts(self, subject: str) -> None:
        """Stage that there was no try."""
        self._tables.attempts[subject] = None

    def spent_by_operator(
        self, operator_id: OperatorId, key: IdempotencyKey, now: datetime
    ) -> SpentKey | None:
        """Return what an operator's key was spent for, as this unit of work sees it."""
        dated = self._tables.staff_spent.get((operator_id, key))
        return dated.spent if dated and dated.is_remembered(now) else None

    def spend_by_operator(self, operator_id: OperatorId, spent: SpentKey, now: datetime) -> None:
        """Stage that a key is spent."""
        key = spent.claim.key
        with self._breaking():
            known = self.spent_by_operator(operator_id, key, now)
            require(known is None, "the idempotency key is spent")
        for row, dated in list(self._tables.staff_spent.items()):
            if dated is not None and not dated.is_remembered(now):
                self._tables.staff_spent[row] = None
        self._tables.staff_spent[operator_id, key] = DatedKey(spent, now)


class MemoryStaffReader:
    """Reads operators, their sessions and the audit log."""

    _tables: Tables
    _reading: Lock

    def audit_entries(self, which: AuditFilter, page: Page) -> Sequence[AuditRecord]:
        with self._reading:
            names: dict[str, str] = {
                each.id: each.username for each in self._tables.operators.values()
            }
            kept = [
                AuditRecord(number, entry, names.get(entry.actor))
                for number, entry in self._tables.audit.items()
            ]
        found = sorted(filter(lambda one: _is_among(one.entry, which), kept), key=_order)[::-1]
        if page.after is not None:
            at, number = page.after.split(" ")
            seen = (datetime.fromisoformat(at), int(number))
            found = [one for one in found if _order(one) < seen]
        return found[: page.limit]

    def operators(self) -> list[Operator]:
        with self._reading:
            known = list(self._tables.operators.values())
        return sorted(known, key=lambda operator: operator.username)

    def operator_named(self, username: str) -> Operator | None:
        return next((one for one in self.operators() if one.username == username), None)

    def session(self, digest: bytes) -> tuple[Session, Operator] | None:
        with self._reading:
            session = self._tables.sessions.get(digest)
            if session is None:
                return None
            return session, self._tables.operators[session.operator_id]


def _order(record: AuditRecord) -> tuple[datetime, int]:
    return record.entry.at, record.number


def _is_among(entry: AuditEntry, which: AuditFilter) -> bool:
    return (
        which.actor in (None, entry.actor)
        and which.action in (None, entry.action)
        and which.subject in (None, entry.subject)
        and which.partner_id in (None, entry.partner_id)
        and (which.since is None or entry.at >= which.since)
        and (which.until is None or entry.at < which.until)
    )
