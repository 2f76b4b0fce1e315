"""The use cases of staff: logging in and out, who is asking, and what was done."""

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from payflow_domain.access.audit import AuditEntry, AuditFilter, AuditRecord
from payflow_domain.access.keys import SecretSource
from payflow_domain.access.operators import Operator, StaffActor, StaffPermission
from payflow_domain.access.passwords import PasswordHasher
from payflow_domain.access.ports import BeginStaff, StaffReader
from payflow_domain.access.refusals import Refusals
from payflow_domain.access.sessions import (
    ATTEMPTS_PER_ADDRESS_MAX,
    ATTEMPTS_PER_USERNAME_MAX,
    InvalidCredentials,
    Session,
    TooManyLogins,
    digest_of_session,
    invalid_credentials,
    make_session_id,
    not_logged_in,
    subjects_of,
)
from payflow_domain.clock import Clock
from payflow_domain.ledger.ports import Page


@frozen
class LoggedIn:
    """Who has logged in, and the id of the session, which is told this once."""

    actor: StaffActor
    session_id: str = field(repr=False)


@frozen
class Staff:
    """Lets operators in, and shows them what was done."""

    begin: BeginStaff
    reader: StaffReader
    hasher: PasswordHasher
    refusals: Refusals
    secrets: SecretSource
    clock: Clock

    def log_in(self, username: str, password: str, address: str | None) -> LoggedIn:
        """Open a session for the operator with that username and password.

        Takes as long for a username that nobody has. Raises ``InvalidCredentials`` and
        ``TooManyLogins``, and writes either down.
        """
        try:
            self._count_attempt(username, address)
            operator = self._prove(username, password)
            return self._open_session(operator, address)
        except (InvalidCredentials, TooManyLogins) as error:
            self.refusals.refuse_login(username, address, error)
            raise

    def log_out(self, actor: StaffActor, session_id: str) -> None:
        """End a session, everywhere and at once."""
        with self.begin() as uow:
            uow.end_session(digest_of_session(session_id))
            uow.add_audit(_told(actor, "session.closed", self.clock.now()))

    def identify(self, session_id: str, address: str | None) -> StaffActor:
        """Tell whose session it is, and keep it from ending.

        Raises ``NotLoggedIn``, and writes it down.
        """
        now = self.clock.now()
        found = self.reader.session(digest_of_session(session_id))
        if found is None:
            self.refusals.refuse_session(None, address)
            raise not_logged_in()
        session, operator = found
        if session.has_ended(now) or not operator.is_enabled:
            self.refusals.refuse_session(operator.id, address)
            raise not_logged_in()
        if session.is_to_be_renewed(now):
            with self.begin() as uow:
                uow.renew_session(session.digest, now)
        return operator.acting(address)

    def audit(self, actor: StaffActor, which: AuditFilter, page: Page) -> Sequence[AuditRecord]:
        """List what was done, newest first; raises ``MissingRole``."""
        actor.require(StaffPermission.READ)
        return self.reader.audit_entries(which, page)

    def _count_attempt(self, username: str, address: str | None) -> None:
        """Count a try before it is known to fail: those at the same time are to count as well."""
        now = self.clock.now()
        by_username, by_address = subjects_of(username, address)
        with self.begin() as uow:
            uow.count_attempt(by_username, now).check(ATTEMPTS_PER_USERNAME_MAX, now)
            uow.count_attempt(by_address, now).check(ATTEMPTS_PER_ADDRESS_MAX, now)

    def _prove(self, username: str, password: str) -> Operator:
        operator = self.reader.operator_named(username)
        known = operator if operator is not None and operator.is_enabled else None
        is_right = self.hasher.verify(known.password_hash if known else None, password)
        if known is None or not is_right:
            raise invalid_credentials()
        return known

    def _open_session(self, operator: Operator, address: str | None) -> LoggedIn:
        session_id, now = make_session_id(self.secrets), self.clock.now()
        actor = operator.acting(address)
        by_username, by_address = subjects_of(operator.username, address)
        with self.begin() as uow:
            if uow.operator(operator.id) != operator:
                # Disabled, or given another password, since it was read.
                raise invalid_credentials()
            uow.forget_attempts(by_username)
            uow.uncount_attempt(by_address)
            uow.forget_ended_sessions(now)
            uow.add_session(Session(digest_of_session(session_id), operator.id, now, now))
            uow.add_audit(_told(actor, "session.opened", now))
        return LoggedIn(actor, session_id)


def _told(actor: StaffActor, action: str, at: datetime) -> AuditEntry:
    return AuditEntry(at, actor.operator_id, action, actor.operator_id, actor.address)
