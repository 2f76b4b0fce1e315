"""The bodies that the API takes."""

from typing import NewType

from attrs import frozen

from payflow_domain.wallets.model import WalletStatus

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
