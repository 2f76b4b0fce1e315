"""What wallets need of a store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from attrs import frozen

from payflow_domain.ids import AccountId, LedgerId
from payflow_domain.ledger.ports import Page, UnitOfWork
from payflow_domain.wallets.model import Wallet, WalletStatus


class WalletUnitOfWork(UnitOfWork, Protocol):
    """One database transaction on wallets; their accounts go through ``write``."""

    def add_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        """Keep a new wallet; raises ``ExternalIdTaken``."""
        ...

    def replace_wallet(self, ledger_id: LedgerId, wallet: Wallet) -> None:
        """Keep what was changed of a wallet."""
        ...

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        """Return a wallet of a locked ledger."""
        ...


BeginWallets = Callable[[], AbstractContextManager[WalletUnitOfWork]]


@frozen
class WalletFilter:
    """Which wallets to list; ``None`` means any."""

    external_user_id: str | None = None
    currency: str | None = None
    status: WalletStatus | None = None


class WalletReader(Protocol):
    """Reads committed wallets of one ledger."""

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        """Return one wallet with its account."""
        ...

    def wallet_by_external_id(self, ledger_id: LedgerId, external_id: str) -> Wallet | None:
        """Return the wallet with that external wallet id."""
        ...

    def wallets(self, ledger_id: LedgerId, which: WalletFilter, page: Page) -> Sequence[Wallet]:
        """Return wallets, newest first. The position of an item is its id."""
        ...
