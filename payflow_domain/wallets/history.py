"""What partners read of their books: balances, statements, transactions, events."""

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import TRANSACTION, AccountId, LedgerId, TransactionId, is_id
from payflow_domain.ledger.accounts import Balance
from payflow_domain.ledger.errors import TransactionNotFound
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.service import BalanceAt, Ledgers
from payflow_domain.ledger.transactions import Entry, Transaction
from payflow_domain.wallets.movements import wallet_account


@frozen
class History:
    """Reads an actor's own books."""

    ledgers: Ledgers

    def balances(self, wanted: Sequence[tuple[Actor, str]]) -> list[BalanceAt | PayFlowError]:
        """Return the present balances of many wallets in one look-up, or why not, one by one."""
        keys = [_key(actor, wallet_id) for actor, wallet_id in wanted]
        found = iter(self.ledgers.balances([key for key in keys if isinstance(key, tuple)]))
        return [next(found) if isinstance(key, tuple) else key for key in keys]

    def balance_at(self, actor: Actor, wallet_id: str, at: datetime) -> BalanceAt:
        """Return a wallet's balance as it was at ``at``; raises ``WalletNotFound``."""
        actor.require(Permission.WALLETS_READ)
        return self.ledgers.balance_at(actor.ledger_id, wallet_account(wallet_id), at)

    def statement(
        self, actor: Actor, wallet_id: str, page: Page
    ) -> list[tuple[Entry, Transaction, Balance]]:
        """Return what moved a wallet's posted balance, newest first; raises ``WalletNotFound``."""
        actor.require(Permission.TRANSACTIONS_READ)
        return self.ledgers.statement(actor.ledger_id, wallet_account(wallet_id), page)

    def transaction(self, actor: Actor, transaction_id: str) -> Transaction:
        """Return one transaction; raises ``TransactionNotFound``."""
        actor.require(Permission.TRANSACTIONS_READ)
        if not is_id(transaction_id, TRANSACTION):
            raise TransactionNotFound(transaction_id)
        return self.ledgers.transaction(actor.ledger_id, TransactionId(transaction_id))

    def transactions(self, actor: Actor, which: TransactionFilter, page: Page) -> list[Transaction]:
        """Return transactions, newest first."""
        actor.require(Permission.TRANSACTIONS_READ)
        return self.ledgers.reader.transactions(actor.ledger_id, which, page)

    def events(self, actor: Actor, after: int, limit: int) -> list[Event]:
        """Return up to ``limit`` events with numbers above ``after``, oldest first."""
        actor.require(Permission.EVENTS_READ)
        return self.ledgers.reader.events(actor.ledger_id, after, limit)


def _key(actor: Actor, wallet_id: str) -> tuple[LedgerId, AccountId] | PayFlowError:
    try:
        actor.require(Permission.WALLETS_READ)
        return actor.ledger_id, wallet_account(wallet_id)
    except PayFlowError as refusal:
        return refusal
