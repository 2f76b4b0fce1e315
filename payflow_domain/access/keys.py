"""API keys.

A key is ``sk_test_pf_`` or ``sk_live_pf_``, 30 random characters of base62, and 6 characters of
base62 that spell the CRC-32 of all before them, so that a mistyped key is told from a wrong one
without a look-up. Only its SHA-256 is kept.
"""

import hashlib
import re
import zlib
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from payflow_domain.access.permissions import Actor, Network, Permission, Standing
from payflow_domain.errors import Unauthenticated
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment, Ledger

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX = {Environment.SANDBOX: "sk_test_pf_", Environment.LIVE: "sk_live_pf_"}
_RANDOM_LENGTH = 30
_CHECK_LENGTH = 6
_FORM = re.compile(r"sk_(?:test|live)_pf_[0-9A-Za-z]{36}")


class InvalidApiKey(Unauthenticated):
    """No key, a malformed key, an unknown key or one that is not valid any more."""

    code = "invalid_api_key"


class SecretSource(Protocol):
    """Makes secrets that nobody can guess."""

    def characters(self, alphabet: str, length: int) -> str:
        """Return ``length`` characters of ``alphabet``, each drawn evenly."""
        ...


@frozen
class ApiKey:
    """A key as it is kept: the secret itself is not.

    ``replaced_by`` is the key that rotation made in its place. ``standing`` is how its partner
    stood when the key was read.
    """

    id: KeyId
    partner_id: PartnerId
    ledger_id: LedgerId
    environment: Environment
    name: str
    permissions: frozenset[Permission]
    digest: bytes = field(repr=False)
    prefix: str
    last_four: str
    created_at: datetime
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    allowed_networks: tuple[Network, ...] = ()
    replaced_by: KeyId | None = None
    last_used_at: datetime | None = None
    standing: Standing = Standing.GOOD

    @property
    def actor(self) -> Actor:
        """Who acts with this key."""
        return Actor(
            self.id,
            self.partner_id,
            self.ledger_id,
            self.environment,
            self.permissions,
            self.expires_at,
            self.allowed_networks,
            self.standing,
        )

    def is_live(self, now: datetime) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@frozen
class IssuedKey:
    """A new key with its secret, which is told this once.

    ``old`` is the key that it replaces, if any, as that is now.
    """

    key: ApiKey
    secret: str | None = field(repr=False)
    old: ApiKey | None = None


def make_secret(environment: Environment, secrets: SecretSource) -> str:
    """Make the secret of a new key."""
    body = _PREFIX[environment] + secrets.characters(BASE62, _RANDOM_LENGTH)
    return body + _check_characters(body)


def issue(
    key_id: KeyId,
    ledger: Ledger,
    name: str,
    permissions: frozenset[Permission],
    at: datetime,
    secrets: SecretSource,
) -> tuple[ApiKey, str]:
    """Make a key that opens ``ledger``, and its secret."""
    secret = make_secret(ledger.environment, secrets)
    key = ApiKey(
        id=key_id,
        partner_id=ledger.partner_id,
        ledger_id=ledger.id,
        environment=ledger.environment,
        name=name,
        permissions=permissions,
        digest=digest_of(secret),
        prefix=secret_prefix(ledger.environment),
        last_four=secret[-4:],
        created_at=at,
    )
    return key, secret


def secret_prefix(environment: Environment) -> str:
    """Return how keys of ``environment`` begin."""
    return _PREFIX[environment]


def digest_of(secret: str) -> bytes:
    """Return the digest by which a well-formed secret is looked up; raises ``InvalidApiKey``."""
    if not _FORM.fullmatch(secret):
        raise invalid_api_key()
    body, check = secret[:-_CHECK_LENGTH], secret[-_CHECK_LENGTH:]
    if _check_characters(body) != check:
        raise invalid_api_key()
    return hashlib.sha256(secret.encode()).digest()


def describe_secret(secret: str) -> tuple[str, str] | None:
    """Return what may be shown of a secret in the form of a key: its prefix and last four."""
    if not _FORM.fullmatch(secret):
        return None
    return secret[: len(_PREFIX[Environment.SANDBOX])], secret[-4:]


def invalid_api_key() -> InvalidApiKey:
    """Refuse a key without saying what is wrong with it."""
    detail = "Send a valid API key as 'Authorization: Bearer sk_...'."
    return InvalidApiKey(detail)


def _check_characters(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits
