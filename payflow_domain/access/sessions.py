"""Sessions of operators, and how long one lasts.

A session id is 256 bits of randomness. Only its SHA-256 is kept.
"""

import hashlib
from datetime import datetime, timedelta

from attrs import frozen

from payflow_domain.access.keys import BASE62, SecretSource
from payflow_domain.errors import Unauthenticated
from payflow_domain.ids import OperatorId

IDLE_MAX = timedelta(minutes=30)
"""A session that is not used for so long has ended."""

AGE_MAX = timedelta(hours=12)
"""A session has ended after so long, however much it is used."""

RENEWAL = timedelta(minutes=1)
"""Use within so long of the last use that was written down is not written down."""

_ID_LENGTH = 43  # of 62 characters each: 256 bits


class NotLoggedIn(Unauthenticated):
    """No session, an unknown one, or one that has ended."""

    code = "not_logged_in"


class InvalidCredentials(Unauthenticated):
    """No operator who may log in has that username and that password."""

    code = "invalid_credentials"


@frozen
class Session:
    """An operator's session as it is kept; ``seen_at`` is its last use that was written down."""

    digest: bytes
    operator_id: OperatorId
    created_at: datetime
    seen_at: datetime

    def has_ended(self, now: datetime) -> bool:
        """Tell whether it has gone unused for ``IDLE_MAX``, or was opened ``AGE_MAX`` ago."""
        return now - self.seen_at >= IDLE_MAX or now - self.created_at >= AGE_MAX

    def is_to_be_renewed(self, now: datetime) -> bool:
        """Tell whether use of it now is to be written down."""
        return now - self.seen_at >= RENEWAL


def make_session_id(secrets: SecretSource) -> str:
    """Make the id of a new session."""
    return secrets.characters(BASE62, _ID_LENGTH)


def digest_of_session(session_id: str) -> bytes:
    """Return the digest by which a session is looked up."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).digest()


def not_logged_in() -> NotLoggedIn:
    """Refuse a session without saying what is wrong with it."""
    return NotLoggedIn("Log in at /api/auth/login, and send the cookie that it sets.")


def invalid_credentials() -> InvalidCredentials:
    """Refuse a login without saying what is wrong with it."""
    return InvalidCredentials("The username or the password is wrong.")
