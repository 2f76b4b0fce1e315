"""What access needs of a store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from payflow_domain.access.attempts import Attempts, Ceiling
from payflow_domain.access.audit import AuditReader, AuditUnitOfWork
from payflow_domain.access.keys import ApiKey
from payflow_domain.access.operators import Operator
from payflow_domain.access.sessions import Session
from payflow_domain.access.staff_idempotency import StaffKeyUnitOfWork
from payflow_domain.ids import KeyId, LedgerId, OperatorId, PartnerId
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Page, UnitOfWork


class KeyUnitOfWork(UnitOfWork, AuditUnitOfWork, StaffKeyUnitOfWork, Protocol):
    """One database transaction on API keys."""

    def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    def key(self, ledger_id: LedgerId, key_id: KeyId) -> ApiKey | None:
        """Return a key of a locked ledger."""
        ...

    def replace_key(self, key: ApiKey) -> None:
        """Keep what was changed of a key: when it ends, and what replaces it."""
        ...

    def count_live_keys(self, ledger_id: LedgerId, now: datetime) -> int:
        """Count the keys of a locked ledger that are neither revoked nor expired."""
        ...


BeginKeys = Callable[[], AbstractContextManager[KeyUnitOfWork]]


class KeyReader(Protocol):
    """Reads API keys."""

    def key_by_digest(self, digest: bytes) -> ApiKey | None:
        """Return the key whose secret has that SHA-256, and how its partner stands."""
        ...

    def key(self, key_id: KeyId) -> ApiKey | None:
        """Return one key, of whatever ledger."""
        ...

    def keys(self, ledger_id: LedgerId, page: Page) -> Sequence[ApiKey]:
        """Return the keys of a ledger, newest first. The position of an item is its id."""
        ...

    def keys_of_partner(self, partner_id: PartnerId, page: Page) -> Sequence[ApiKey]:
        """Return the keys of a partner in all its ledgers, newest first, as ``keys`` does."""
        ...

    def ledger_of(self, partner_id: PartnerId, environment: Environment) -> Ledger | None:
        """Return the partner's ledger in that environment."""
        ...


class StaffUnitOfWork(AuditUnitOfWork, StaffKeyUnitOfWork, Protocol):
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

    def count_attempts(self, ceilings: Sequence[Ceiling], now: datetime) -> Sequence[Attempts]:
        """Count one more try by each of ``ceilings``, in that order.

        Nobody else can count those until this unit of work ends. Some tries that are too old to
        matter are forgotten by the way.
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
