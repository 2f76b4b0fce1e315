"""A wallet and its external ids."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import evolve, field, frozen

from payflow_domain.errors import Conflict, Invalid
from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import Account, AccountKind
from payflow_domain.ledger.errors import AccountNotFound
from payflow_domain.texts import (
    EXTERNAL_ID_LENGTH_MAX,
    NAME_LENGTH_MAX,
    check_metadata,
    check_text,
)


class WalletNotFound(AccountNotFound):
    """No such wallet in this ledger; ``subject`` is the id that was asked for."""


class ExternalIdTaken(Conflict):
    """Another wallet of the ledger has this external wallet id."""

    code = "external_id_taken"


class WalletNotEmpty(Invalid):
    """Only a wallet with nothing posted and nothing pending can be closed."""

    code = "wallet_not_empty"


class StatusNotReachable(Conflict):
    """The wallet's present status does not lead to the one asked for."""

    code = "wallet_status_conflict"


class WalletStatus(StrEnum):
    """Whether a wallet takes part in new transactions: only an active one does."""

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


TRANSITIONS = {
    WalletStatus.ACTIVE: frozenset({WalletStatus.FROZEN, WalletStatus.CLOSED}),
    WalletStatus.FROZEN: frozenset({WalletStatus.ACTIVE, WalletStatus.CLOSED}),
    WalletStatus.CLOSED: frozenset[WalletStatus](),
}


@frozen
class NewWallet:
    """A wallet to be opened.

    ``external_user_id`` may be shared by wallets; ``external_wallet_id`` is unique in its
    ledger. Raises ``InvalidText`` outside the bounds of ``payflow_domain.texts``.
    """

    name: str
    currency: str
    external_user_id: str | None = None
    external_wallet_id: str | None = None
    metadata: Mapping[str, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Refuse words out of bounds."""
        check_text(self.name, NAME_LENGTH_MAX)
        for external_id in (self.external_user_id, self.external_wallet_id):
            if external_id is not None:
                check_text(external_id, EXTERNAL_ID_LENGTH_MAX)
        check_metadata(self.metadata)


@frozen
class WalletChange:
    """What to change of a wallet; ``None`` leaves as it is."""

    name: str | None = None
    status: WalletStatus | None = None
    metadata: Mapping[str, str] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse words out of bounds."""
        if self.name is not None:
            check_text(self.name, NAME_LENGTH_MAX)
        if self.metadata is not None:
            check_metadata(self.metadata)


@frozen
class Wallet:
    """A wallet: what its partner calls it, and the account of the same id that holds its money."""

    id: AccountId
    name: str
    currency: str
    external_user_id: str | None
    external_wallet_id: str | None
    status: WalletStatus
    metadata: Mapping[str, str]
    created_at: datetime
    account: Account


def open_wallet(wallet_id: AccountId, new: NewWallet, at: datetime, sequence: int) -> Wallet:
    """Open an empty wallet whose available balance may not fall below zero.

    ``sequence`` is the journal number of the event that tells of it.
    """
    return Wallet(
        id=wallet_id,
        name=new.name,
        currency=new.currency,
        external_user_id=new.external_user_id,
        external_wallet_id=new.external_wallet_id,
        status=WalletStatus.ACTIVE,
        metadata=new.metadata,
        created_at=at,
        account=Account(wallet_id, AccountKind.WALLET, new.currency, floor=0, sequence=sequence),
    )


def apply_change(wallet: Wallet, change: WalletChange, sequence: int) -> Wallet:
    """Return the wallet as changed by the event of that journal number.

    Raises ``StatusNotReachable`` and ``WalletNotEmpty``.
    """
    status = wallet.status if change.status is None else change.status
    if status is not wallet.status:
        _check_reachable(wallet, status)
    return evolve(
        wallet,
        name=wallet.name if change.name is None else change.name,
        metadata=wallet.metadata if change.metadata is None else change.metadata,
        status=status,
        account=evolve(wallet.account, is_open=status is WalletStatus.ACTIVE, sequence=sequence),
    )


def _check_reachable(wallet: Wallet, status: WalletStatus) -> None:
    if status not in TRANSITIONS[wallet.status]:
        detail = f"A wallet that is {wallet.status.value} cannot become {status.value}."
        raise StatusNotReachable(detail, subject=wallet.id)
    counters = wallet.account.counters
    pending = counters.debits_pending or counters.credits_pending
    if status is WalletStatus.CLOSED and (wallet.account.balance.posted or pending):
        detail = "Empty the wallet and let what is pending finish, then close it."
        raise WalletNotEmpty(detail, subject=wallet.id)
