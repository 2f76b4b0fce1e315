"""Writing down who could not prove who they are: in the audit log, and never with a secret."""

from attrs import frozen

from payflow_domain.access.attempts import username_tried
from payflow_domain.access.audit import ANONYMOUS, AuditEntry, AuditLog
from payflow_domain.access.keys import describe_secret
from payflow_domain.access.operators import StaffActor
from payflow_domain.clock import Clock
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import OperatorId

LOGIN_REFUSED = "login.refused"
KEY_REFUSED = "api_key.refused"
SESSION_REFUSED = "session.refused"
CSRF_REFUSED = "csrf_token.refused"


@frozen
class Refusals:
    """Keeps what was refused, as far as ``log`` has room; nobody has to wait for it."""

    log: AuditLog
    clock: Clock

    def refuse_login(self, username: str, address: str | None, error: PayFlowError) -> None:
        """Write down that a login was refused by ``error``."""
        tried = username_tried(username)
        self._record(ANONYMOUS, LOGIN_REFUSED, tried, address, {"code": error.code})

    def refuse_key(self, secret: str, address: str | None) -> None:
        """Write down that an API key was refused; of the key itself only what may be shown."""
        shown = describe_secret(secret)
        facts = {} if shown is None else {"prefix": shown[0], "lastFour": shown[1]}
        subject = "malformed" if shown is None else f"{shown[0]}...{shown[1]}"
        self._record(ANONYMOUS, KEY_REFUSED, subject, address, facts)

    def refuse_session(self, operator: OperatorId | None, address: str | None) -> None:
        """Write down that a session opened nothing: whose it was, if that is known."""
        self._record(ANONYMOUS, SESSION_REFUSED, operator or "unknown", address, {})

    def refuse_csrf_token(self, actor: StaffActor) -> None:
        """Write down that a request with a session had no good CSRF token."""
        operator = actor.operator_id
        self._record(operator, CSRF_REFUSED, operator, actor.address, {})

    def _record(
        self, actor: str, action: str, subject: str, address: str | None, facts: dict[str, str]
    ) -> None:
        entry = AuditEntry(self.clock.now(), actor, action, subject, address, facts=facts)
        self.log.record(entry)
