"""How often somebody may try to log in and fail.

A stranger and a device from which the operator has logged in before are counted apart. So who
guesses a password gets no further than so many tries a day, wherever they come from, and keeps
nobody out who is known.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from attrs import evolve, frozen

from payflow_domain.access.keys import BASE62, SecretSource
from payflow_domain.access.operators import can_be_username
from payflow_domain.errors import Limited

PERIOD = timedelta(minutes=15)
FAILURES_MAX = 5
"""How often a device, or a network with one username, may fail within ``PERIOD``."""

FAILURES_PER_NETWORK_MAX = 20
"""How often a network may, whatever usernames it tries."""

LONG_PERIOD = timedelta(days=1)
FAILURES_LONG_MAX = 100
"""How often a device, or all strangers together with one username, may within ``LONG_PERIOD``."""

NO_USERNAME = "not a username"
"""What everything that no operator can be called is counted and written down as."""

_HOSTS_PREFIX = 64
_DEVICE_LENGTH = 22  # of 62 characters each: 130 bits


class TooManyLogins(Limited):
    """Too many failures with that username, from that network or on that device."""

    code = "too_many_logins"


@frozen
class Ceiling:
    """How many tries of ``subject`` may fail within ``period`` of the first of them."""

    subject: str
    count_max: int
    period: timedelta


@frozen
class Attempts:
    """How often somebody has tried to log in and has not succeeded.

    ``subject`` is what is counted. All tries that began together are forgotten at ``ends_at``.
    """

    subject: str
    ends_at: datetime
    count: int = 1

    def one_more(self, now: datetime, period: timedelta) -> "Attempts":
        """Count one more try."""
        if self.ends_at <= now:
            return Attempts(self.subject, now + period)
        return evolve(self, count=self.count + 1)


def ceilings_of(username: str, address: str | None, device: str | None) -> tuple[Ceiling, ...]:
    """Return what a try to log in is counted by, in the order in which it has to be counted.

    ``device`` is the id of a device from which that operator has logged in before. Success makes
    the failures of the first one forgotten; for the others it is as if it had not been tried.
    """
    if device is not None:
        return (
            Ceiling(f"device {device}", FAILURES_MAX, PERIOD),
            Ceiling(f"device {device} in a day", FAILURES_LONG_MAX, LONG_PERIOD),
        )
    name, network = username_tried(username), _network_of(address)
    # The name comes last: whoever makes it up, it is no other subject.
    return (
        Ceiling(f"network {network} username {name}", FAILURES_MAX, PERIOD),
        Ceiling(strangers_with(username), FAILURES_LONG_MAX, LONG_PERIOD),
        Ceiling(f"network {network}", FAILURES_PER_NETWORK_MAX, PERIOD),
    )


def check_attempts(ceilings: Sequence[Ceiling], counted: Sequence[Attempts], now: datetime) -> None:
    """Raise ``TooManyLogins`` if there are more tries than a ceiling allows."""
    ends = [
        attempts.ends_at
        for ceiling, attempts in zip(ceilings, counted, strict=True)
        if attempts.count > ceiling.count_max
    ]
    if ends:
        left_s = math.ceil((max(ends) - now).total_seconds())
        detail = "There were too many failed logins; wait for as long as Retry-After says."
        raise TooManyLogins(detail, retry_after_s=max(left_s, 1))


def strangers_with(username: str) -> str:
    """Return the subject that all strangers who try a username are counted as."""
    return f"username {username_tried(username)}"


def make_device_id(secrets: SecretSource) -> str:
    """Make the id of a device that is new to an operator."""
    return secrets.characters(BASE62, _DEVICE_LENGTH)


def username_tried(username: str) -> str:
    """Return what is kept of what somebody gave for a username.

    What can be none is not kept: people type passwords there.
    """
    return username if can_be_username(username) else NO_USERNAME


def _network_of(address: str | None) -> str:
    """Return what is taken for one stranger: an IPv6 host has a whole /64 to choose from."""
    try:
        host = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(host, IPv6Address):
        return str(ip_network((int(host), _HOSTS_PREFIX), strict=False))
    return str(host)
