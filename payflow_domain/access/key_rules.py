"""What a new API key may be, who may make it, and what becomes of one that is replaced."""

from datetime import datetime, timedelta

from attrs import evolve, frozen

from payflow_domain.access.keys import ApiKey
from payflow_domain.access.permissions import Actor, Network, Permission
from payflow_domain.errors import Conflict, Forbidden, Invalid, NotFound
from payflow_domain.ids import KeyId
from payflow_domain.texts import NAME_LENGTH_MAX, check_text

LIVE_KEYS_MAX = 100
"""How many keys of one ledger may be neither revoked nor expired."""

NETWORKS_MAX = 20
OVERLAP = timedelta(hours=24)
"""How long a replaced key works on, unless told otherwise."""

OVERLAP_MAX = timedelta(days=7)


class KeyNotFound(NotFound):
    """No such API key in this ledger."""

    code = "api_key_not_found"


class KeyNotLive(Conflict):
    """The API key is revoked, expired or replaced already."""

    code = "api_key_not_live"


class TooManyKeys(Conflict):
    """The ledger has as many live keys as it may have."""

    code = "too_many_api_keys"


class InvalidExpiry(Invalid):
    """A key must expire in the future, if at all."""

    code = "invalid_expiry"


class GrantExceedsKey(Forbidden):
    """A key makes no key that lasts longer than itself, or may be used from more networks."""

    code = "grant_exceeds_key"


class EnvironmentNotOpen(Conflict):
    """The partner has no ledger in this environment."""

    code = "environment_not_open"


@frozen
class NewKey:
    """An API key to be made; no ``allowed_networks`` means that it may be used from anywhere.

    Raises ``InvalidText`` for the name.
    """

    name: str
    permissions: frozenset[Permission]
    expires_at: datetime | None = None
    allowed_networks: tuple[Network, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse a name out of bounds."""
        check_text(self.name, NAME_LENGTH_MAX)


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raise ``InvalidExpiry`` unless a key that expires then is good for anything."""
    if expires_at is not None and expires_at <= now:
        raise InvalidExpiry("Use a time that is yet to come.")


def check_grant(actor: Actor, new: NewKey) -> None:
    """Refuse a key that could do more than the key that makes it.

    Raises ``MissingPermission`` and ``GrantExceedsKey``.
    """
    for permission in sorted(new.permissions):
        actor.require(permission)
    if actor.expires_at is not None and (
        new.expires_at is None or new.expires_at > actor.expires_at
    ):
        detail = "This key expires; use an expiresAt that is no later than its own."
        raise GrantExceedsKey(detail)
    if actor.allowed_networks and not _are_within(new.allowed_networks, actor.allowed_networks):
        detail = "This key is bound to networks; use allowedNetworks within its own."
        raise GrantExceedsKey(detail)


def replace_key(old: ApiKey, successor: KeyId, now: datetime, overlap: timedelta) -> ApiKey:
    """Return a key that works for ``overlap`` more at most, and never longer than before."""
    ends = now + overlap
    expires_at = ends if old.expires_at is None else min(ends, old.expires_at)
    return evolve(old, expires_at=expires_at, replaced_by=successor)


def check_replaceable(key: ApiKey, now: datetime) -> None:
    """Raise ``KeyNotLive`` for a key that is not live, or replaced already."""
    if key.replaced_by is not None or not key.is_live(now):
        detail = "The key is revoked, expired or replaced already; make a new one."
        raise KeyNotLive(detail, subject=key.id)


def _are_within(inner: tuple[Network, ...], outer: tuple[Network, ...]) -> bool:
    return bool(inner) and all(any(_is_within(one, by) for by in outer) for one in inner)


def _is_within(inner: Network, outer: Network) -> bool:
    return (
        inner.version == outer.version
        and inner.network_address in outer
        and inner.prefixlen >= outer.prefixlen
    )
