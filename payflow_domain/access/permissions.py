"""Permissions, and the actor who has them."""

from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from attrs import frozen

from payflow_domain.errors import Forbidden
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment


class Permission(StrEnum):
    """What an API key may be allowed to do."""

    WALLETS_READ = "wallets:read"
    WALLETS_WRITE = "wallets:write"
    TRANSACTIONS_READ = "transactions:read"
    TRANSACTIONS_WRITE = "transactions:write"
    TRANSFERS_WRITE = "transfers:write"
    PAYOUTS_WRITE = "payouts:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    EVENTS_READ = "events:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    USAGE_READ = "usage:read"


ALL_PERMISSIONS = frozenset(Permission)

Network = IPv4Network | IPv6Network


class Standing(StrEnum):
    """What a partner's status means for its API keys."""

    GOOD = "good"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class MissingPermission(Forbidden):
    """The API key lacks a permission; ``subject`` names it."""

    code = "missing_permission"


@frozen
class Actor:
    """Who acts: an API key of a partner, which opens exactly one ledger.

    No ``allowed_networks`` means that the key may be used from anywhere, and no ``expires_at``
    that it does not expire.
    """

    key_id: KeyId
    partner_id: PartnerId
    ledger_id: LedgerId
    environment: Environment
    permissions: frozenset[Permission]
    expires_at: datetime | None = None
    allowed_networks: tuple[Network, ...] = ()
    standing: Standing = Standing.GOOD

    @property
    def is_conditional(self) -> bool:
        """Whether there is anything for ``check_entry`` to refuse."""
        return bool(self.allowed_networks) or self.standing is not Standing.GOOD

    def require(self, permission: Permission) -> None:
        """Raise ``MissingPermission`` unless the actor has ``permission``."""
        if permission not in self.permissions:
            detail = f"The API key lacks the permission {permission.value}."
            facts = {"permission": permission.value}
            raise MissingPermission(detail, facts=facts, subject=permission.value)
