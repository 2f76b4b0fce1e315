"""Sessions of operators: how long one lasts, and how often somebody may try to open one.

A session id is 256 bits of randomness. Only its SHA-256 is kept.
"""

import hashlib
import math
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from attrs import evolve, frozen

from payflow_domain.access.keys import BASE62, SecretSource
from payflow_domain.access.operators import USERNAME_LENGTH_MAX
from payflow_domain.errors import Limited, Unauthenticated
from payflow_domain.ids import OperatorId

IDLE_MAX = timedelta(minutes=30)
"""A session that is not used for so long has ended."""

AGE_MAX = timedelta(hours=12)
"""A session has ended after so long, however much it is used."""

RENEWAL = timedelta(minutes=1)
"""Use within so long of the last use that was written down is not written down."""

ATTEMPTS_PERIOD = timedelta(minutes=15)
ATTEMPTS_PER_USERNAME_MAX = 5
ATTEMPTS_PER_ADDRESS_MAX = 20
_ID_LENGTH = 43  # of 62 characters each: 256 bits
_HOSTS_PREFIX = 64


class NotLoggedIn(Unauthenticated):
    """No session, an unknown one, or one that has ended."""

    code = "not_logged_in"


class InvalidCredentials(Unauthenticated):
    """No operator who may log in has that username and that password."""

    code = "invalid_credentials"


class TooManyLogins(Limited):
    """Too many failures for that username or from that address."""

    code = "too_many_logins"


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


@frozen
class Attempts:
    """How often somebody has tried to log in since ``began_at`` and has not succeeded.

    ``subject`` is a username or an address. Tries older than ``ATTEMPTS_PERIOD`` are forgotten,
    all those that began together at once.
    """

    subject: str
    began_at: datetime
    count: int = 1

    def one_more(self, now: datetime) -> "Attempts":
        """Count one more try."""
        if now - self.began_at >= ATTEMPTS_PERIOD:
            return Attempts(self.subject, now)
        return evolve(self, count=self.count + 1)

    def check(self, count_max: int, now: datetime) -> None:
        """Raise ``TooManyLogins`` if there are more than ``count_max``."""
        if self.count > count_max:
            left = math.ceil((self.began_at + ATTEMPTS_PERIOD - now).total_seconds())
            minutes = ATTEMPTS_PERIOD // timedelta(minutes=1)
            detail = (
                f"There were too many failed logins; they are forgotten after {minutes} minutes."
            )
            raise TooManyLogins(detail, retry_after_s=max(left, 1))


def make_session_id(secrets: SecretSource) -> str:
    """Make the id of a new session."""
    return secrets.characters(BASE62, _ID_LENGTH)


def digest_of_session(session_id: str) -> bytes:
    """Return the digest by which a session is looked up."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).digest()


def username_tried(username: str) -> str:
    """Return as much of what somebody gave for a username as is kept of it."""
    return username[:USERNAME_LENGTH_MAX]


def subjects_of(username: str, address: str | None) -> tuple[str, str]:
    """Name what tries to log in are counted by: the username, and where they come from.

    An IPv6 host has a whole /64 to choose its address from, so that counts as one.
    """
    return f"username {username_tried(username)}", f"address {_neighbourhood(address)}"


def not_logged_in() -> NotLoggedIn:
    """Refuse a session without saying what is wrong with it."""
    return NotLoggedIn("Log in at /api/auth/login, and send the cookie that it sets.")


def invalid_credentials() -> InvalidCredentials:
    """Refuse a login without saying what is wrong with it."""
    return InvalidCredentials("The username or the password is wrong.")


def _neighbourhood(address: str | None) -> str:
    try:
        host = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(host, IPv6Address):
        return str(ip_network((int(host), _HOSTS_PREFIX), strict=False))
    return str(host)
