"""The use cases of staff: logging in and out, who is asking, and what was done."""

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from payflow_domain.access.attempts import (
    Ceiling,
    TooManyLogins,
    ceilings_of,
    check_attempts,
    make_device_id,
)
from payflow_domain.access.audit import AuditEntry, AuditFilter, AuditRecord
from payflow_domain.access.keys import SecretSource
from payflow_domain.access.operators import Operator, StaffActor, StaffPermission
from payflow_domain.access.passwords import PasswordHasher
from payflow_domain.access.ports import BeginStaff, StaffReader
from payflow_domain.access.refusals import Refusals
from payflow_domain.access.sessions import (
    InvalidCredentials,
    Session,
    digest_of_session,
    invalid_credentials,
    make_session_id,
    not_logged_in,
)
from payflow_domain.clock import Clock
from payflow_domain.ledger.ports import Page


@frozen
class LoggedIn:
    """Who has logged in, and from which device.

    The id of the session is told this once.
    """

    actor: StaffActor
    device: str
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

    def log_in(
        self, username: str, password: str, address: str | None, device: str | None = None
    ) -> LoggedIn:
        """Open a session for the operator with that username and password.

        ``device`` is the id of a device from which that operator has logged in before: it is
        counted apart, so that no stranger keeps its owner out. Takes as long for a username that
        nobody has. Raises ``InvalidCredentials`` and ``TooManyLogins``, and writes either down.
        """
        ceilings = ceilings_of(username, address, device)
        try:
            self._count_attempt(ceilings)
            operator = self._prove(username, password)
            session_id = self._open_session(operator, address, ceilings)
        except (InvalidCredentials, TooManyLogins) as error:
            self.refusals.refuse_login(username, address, error)
            raise
        device = device or make_device_id(self.secrets)
        return LoggedIn(operator.acting(address), device, session_id)

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

    def _count_attempt(self, ceilings: Sequence[Ceiling]) -> None:
        """Count a try before it is known to fail: those at the same time are to count as well."""
        now = self.clock.now()
        with self.begin() as uow:
            check_attempts(ceilings, uow.count_attempts(ceilings, now), now)

    def _prove(self, username: str, password: str) -> Operator:
        operator = self.reader.operator_named(username)
        known = operator if operator is not None and operator.is_enabled else None
        is_right = self.hasher.verify(known.password_hash if known else None, password)
        if known is None or not is_right:
            raise invalid_credentials()
        return known

    def _open_session(
        self, operator: Operator, address: str | None, ceilings: Sequence[Ceiling]
    ) -> str:
        session_id, now = make_session_id(self.secrets), self.clock.now()
        actor = operator.acting(address)
        forgiven, *others = ceilings
        with self.begin() as uow:
            if uow.operator(operator.id) != operator:
                # Disabled, or given another password, since it was read.
                raise invalid_credentials()
            uow.forget_attempts(forgiven.subject)
            for ceiling in others:
                uow.uncount_attempt(ceiling.subject)
            uow.forget_ended_sessions(now)
            uow.add_session(Session(digest_of_session(session_id), operator.id, now, now))
            uow.add_audit(_told(actor, "session.opened", now))
        return session_id


def _told(actor: StaffActor, action: str, at: datetime) -> AuditEntry:
    return AuditEntry(at, actor.operator_id, action, actor.operator_id, actor.address)
