"""The bodies that the API takes."""

from datetime import datetime
from typing import NewType

from attrs import field, frozen

from payflow_domain.ledger.journal import EventType
from payflow_domain.wallets.model import WalletStatus
from payflow_domain.webhooks.endpoints import Unchanged

BATCH_ITEMS_MAX = 1000

Amount = NewType("Amount", int)
Currency = NewType("Currency", str)
WalletId = NewType("WalletId", str)
Name = NewType("Name", str)
ExternalId = NewType("ExternalId", str)
Description = NewType("Description", str)
Metadata = NewType("Metadata", dict[str, str])
Mode = NewType("Mode", str)
Reference = NewType("Reference", str)
Url = NewType("Url", str)
EventTypes = NewType("EventTypes", frozenset[EventType])
Seconds = NewType("Seconds", int)
Username = NewType("Username", str)
Password = NewType("Password", str)

ATOMIC = Mode("atomic")
INDEPENDENT = Mode("independent")


@frozen
class TransferBody:
    """``POST /transfers``, and an item of a batch."""

    from_wallet_id: WalletId
    to_wallet_id: WalletId
    amount: Amount
    currency: Currency
    description: Description | None = None
    metadata: Metadata | None = None


@frozen
class BatchBody:
    """``POST /transfers/batch``."""

    mode: Mode
    transfers: list[TransferBody]


@frozen
class DebitBody:
    """``POST /wallets/{id}/debit``."""

    amount: Amount
    currency: Currency
    description: Description | None = None
    metadata: Metadata | None = None


@frozen
class CreditBody:
    """``POST /wallets/{id}/credit``."""

    amount: Amount
    currency: Currency
    payment_method: Reference | None = None
    description: Description | None = None
    metadata: Metadata | None = None


@frozen
class PayoutBody:
    """``POST /payouts``."""

    wallet_id: WalletId
    amount: Amount
    currency: Currency
    destination: Reference
    description: Description | None = None
    metadata: Metadata | None = None


@frozen
class ReversalBody:
    """``POST /transactions/{id}/reverse``; ``amount`` ``None`` means all that is left."""

    amount: Amount | None = None
    description: Description | None = None
    metadata: Metadata | None = None


@frozen
class NewWalletBody:
    """``POST /wallets``."""

    name: Name
    currency: Currency
    external_user_id: ExternalId | None = None
    external_wallet_id: ExternalId | None = None
    metadata: Metadata | None = None


@frozen
class WalletChangeBody:
    """``PATCH /wallets/{id}``: at least one member, none of them null."""

    name: Name | None = None
    metadata: Metadata | None = None
    status: WalletStatus | None = None


@frozen
class EmptyBody:
    """Where there is nothing to say."""


@frozen
class NewWebhookEndpointBody:
    """``POST /webhook-endpoints``; without ``events`` it hears of all."""

    url: Url
    events: EventTypes | None = None
    description: Description | None = None


@frozen
class WebhookEndpointChangeBody:
    """``PATCH /webhook-endpoints/{id}``: at least one member; null takes the description away."""

    url: Url | None = None
    events: EventTypes | None = None
    description: Description | Unchanged | None = Unchanged.UNCHANGED


@frozen
class SecretRotationBody:
    """``POST /webhook-endpoints/{id}/rotate-secret``."""

    overlap_seconds: Seconds | None = None


@frozen
class RecoveryBody:
    """``POST /webhook-endpoints/{id}/recover``."""

    since: datetime


@frozen
class LoginBody:
    """``POST /api/auth/login``; what no operator can have is refused as what is wrong."""

    username: Username
    password: Password = field(repr=False)
