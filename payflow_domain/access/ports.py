"""What access needs of a store."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from payflow_domain.access.audit import AuditReader, AuditUnitOfWork
from payflow_domain.access.keys import ApiKey
from payflow_domain.access.operators import Operator
from payflow_domain.access.sessions import Attempts, Session
from payflow_domain.ids import OperatorId


class KeyUnitOfWork(Protocol):
    """One database transaction on API keys."""

    def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...


BeginKeys = Callable[[], AbstractContextManager[KeyUnitOfWork]]


class KeyReader(Protocol):
    """Reads API keys."""

    def key_by_digest(self, digest: bytes) -> ApiKey | None:
        """Return the key whose secret has that SHA-256."""
        ...


class StaffUnitOfWork(AuditUnitOfWork, Protocol):
    """One database transaction on operators and their sessions."""

    def add_operator(self, operator: Operator) -> None:
        """Keep a new operator; raises ``UsernameTaken``."""
        ...

    def replace_operator(self, operator: Operator) -> None:
        """Keep what was changed of an operator: the password, or that it is disabled."""
        ...

    def operator(self, operator_id: OperatorId) -> Operator | None:
        """Return an operator, whom nobody else changes until this unit of work ends."""
        ...

    def add_session(self, session: Session) -> None:
        """Keep a new session."""
        ...

    def renew_session(self, digest: bytes, seen_at: datetime) -> None:
        """Write down when a session was used, if it is still there."""
        ...

    def end_session(self, digest: bytes) -> None:
        """Remove a session, if it is still there."""
        ...

    def end_sessions_of(self, operator_id: OperatorId) -> None:
        """Remove every session of an operator."""
        ...

    def forget_ended_sessions(self, now: datetime) -> None:
        """Remove sessions that have ended by themselves."""
        ...

    def count_attempt(self, subject: str, now: datetime) -> Attempts:
        """Count one more try to log in, which nobody else can do until this unit of work ends.

        Some of the tries of others that are too old to matter are forgotten by the way.
        """
        ...

    def uncount_attempt(self, subject: str) -> None:
        """Take back one try."""
        ...

    def forget_attempts(self, subject: str) -> None:
        """Take back every try."""
        ...


BeginStaff = Callable[[], AbstractContextManager[StaffUnitOfWork]]


class StaffReader(AuditReader, Protocol):
    """Reads operators, their sessions and the audit log."""

    def operators(self) -> list[Operator]:
        """Return every operator, in the order of their usernames."""
        ...

    def operator_named(self, username: str) -> Operator | None:
        """Return the operator with that username."""
        ...

    def session(self, digest: bytes) -> tuple[Session, Operator] | None:
        """Return a session and whose it is."""
        ...
