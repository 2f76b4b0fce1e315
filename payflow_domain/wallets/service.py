"""The use cases of wallets."""

from collections.abc import Callable, Sequence

from attrs import evolve, frozen

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.clock import Clock
from payflow_domain.ids import WALLET, AccountId, IdSource
from payflow_domain.ledger.accounts import AccountKind, system_account_id, system_accounts
from payflow_domain.ledger.batch import Replayed, record
from payflow_domain.ledger.idempotency import Answer, Claim, SpentKey, replay
from payflow_domain.ledger.journal import Encode, EventType
from payflow_domain.ledger.ports import Page, Wanted
from payflow_domain.ledger.service import load_ledger
from payflow_domain.ledger.transactions import Unit
from payflow_domain.money import Currencies, Money, decimal_places
from payflow_domain.wallets.model import (
    NewWallet,
    Wallet,
    WalletChange,
    WalletNotFound,
    apply_change,
    open_wallet,
)
from payflow_domain.wallets.movements import (
    Note,
    book_credit,
    book_debit,
    book_reversal,
    book_transfer,
    wallet_account,
)
from payflow_domain.wallets.ports import BeginWallets, WalletFilter, WalletReader
from payflow_domain.wallets.published import publish_wallet

RenderWallet = Callable[[Wallet], Answer]


@frozen
class Wallets:
    """Opens wallets and books what moves in them.

    The ``book_*`` methods check that the actor may do it and return what is to be given to
    ``Ledgers.execute``, in the actor's ledger; they change nothing themselves.
    """

    begin: BeginWallets
    reader: WalletReader
    clock: Clock
    ids: IdSource
    encode: Encode
    currencies: Currencies

    def create(
        self,
        actor: Actor,
        new: NewWallet,
        claim: Claim | None = None,
        render: RenderWallet | None = None,
    ) -> Wallet | Replayed:
        """Open a wallet.

        Raises ``UnknownCurrency``, ``ExternalIdTaken``, ``IdempotencyKeyReused``.
        """
        actor.require(Permission.WALLETS_WRITE)
        decimal_places(new.currency, self.currencies)
        settlement = system_account_id(AccountKind.PARTNER_SETTLEMENT, new.currency)
        wanted = Wanted(accounts={settlement}, keys={claim.key} if claim else set())
        with self.begin() as uow:
            books = load_ledger(uow, actor.ledger_id, wanted)
            if claim is not None and claim.key in books.spent:
                return Replayed(replay(books.spent[claim.key], claim))
            at = books.ledger.next_moment(self.clock.now())
            mint = self.ids.minting(at)
            wallet = open_wallet(AccountId(mint(WALLET)), new, at, books.ledger.sequence + 1)
            opened = [wallet.account]
            if settlement not in books.accounts:
                opened += system_accounts(new.currency, books.ledger.settlement_floor)
            facts = [(EventType.WALLET_CREATED, publish_wallet(wallet, actor.environment))]
            answer = render(wallet) if render else None
            spent = [SpentKey(claim, answer)] if claim else []
            changes = record(books.ledger, facts, at, mint, self.encode)
            uow.write([evolve(changes, new_accounts=opened, spent=spent)])
            uow.add_wallet(actor.ledger_id, wallet)
        return wallet

    def change(self, actor: Actor, wallet_id: str, change: WalletChange) -> Wallet:
        """Change what is said of a wallet, or its status.

        Raises ``WalletNotFound``, ``StatusNotReachable``, ``WalletNotEmpty``.
        """
        actor.require(Permission.WALLETS_WRITE)
        account_id = wallet_account(wallet_id)
        with self.begin() as uow:
            books = load_ledger(uow, actor.ledger_id, Wanted(accounts={account_id}))
            found = uow.wallet(actor.ledger_id, account_id)
            if found is None:
                raise WalletNotFound(wallet_id)
            wallet = apply_change(found, change, books.ledger.sequence + 1)
            facts = [(EventType.WALLET_UPDATED, publish_wallet(wallet, actor.environment))]
            at = books.ledger.next_moment(self.clock.now())
            changes = record(books.ledger, facts, at, self.ids.minting(at), self.encode)
            uow.write([evolve(changes, changed_accounts=[wallet.account])])
            uow.replace_wallet(actor.ledger_id, wallet)
        return wallet

    def get(self, actor: Actor, wallet_id: str) -> Wallet:
        """Return one wallet; raises ``WalletNotFound``."""
        actor.require(Permission.WALLETS_READ)
        wallet = self.reader.wallet(actor.ledger_id, wallet_account(wallet_id))
        if wallet is None:
            raise WalletNotFound(wallet_id)
        return wallet

    def find(self, actor: Actor, external_wallet_id: str) -> Wallet:
        """Return the wallet with that external id; raises ``WalletNotFound``."""
        actor.require(Permission.WALLETS_READ)
        wallet = self.reader.wallet_by_external_id(actor.ledger_id, external_wallet_id)
        if wallet is None:
            raise WalletNotFound(external_wallet_id)
        return wallet

    def list(self, actor: Actor, which: WalletFilter, page: Page) -> Sequence[Wallet]:
        """Return wallets, newest first."""
        actor.require(Permission.WALLETS_READ)
        return self.reader.wallets(actor.ledger_id, which, page)

    def book_transfer(
        self, actor: Actor, from_wallet_id: str, to_wallet_id: str, money: Money, note: Note
    ) -> Unit:
        """Move money from one wallet to another; raises ``WalletNotFound``."""
        actor.require(Permission.TRANSFERS_WRITE)
        return book_transfer(from_wallet_id, to_wallet_id, money, note)

    def book_credit(self, actor: Actor, wallet_id: str, money: Money, note: Note) -> Unit:
        """Credit a wallet out of the partner's settlement; raises ``WalletNotFound``."""
        actor.require(Permission.TRANSACTIONS_WRITE)
        return book_credit(wallet_id, money, note)

    def book_debit(self, actor: Actor, wallet_id: str, money: Money, note: Note) -> Unit:
        """Debit a wallet into the partner's settlement; raises ``WalletNotFound``."""
        actor.require(Permission.TRANSACTIONS_WRITE)
        return book_debit(wallet_id, money, note)

    def book_reversal(
        self, actor: Actor, transaction_id: str, amount: int | None, note: Note
    ) -> Unit:
        """Take back ``amount`` minor units (``None``: what is left) of a transaction.

        Raises ``TransactionNotFound``.
        """
        actor.require(Permission.TRANSACTIONS_WRITE)
        return book_reversal(transaction_id, amount, note)
