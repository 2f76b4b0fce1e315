"""The published form of the ledger's values: what partners read in answers and in events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from payflow_domain.ids import WALLET, AccountId
from payflow_domain.ledger.accounts import Account, Balance, Side
from payflow_domain.ledger.transactions import Entry, Posting, Status, Transaction

Published = dict[str, object]
"""Members by their public names; values are what JSON has."""

_WALLET_ID = f"{WALLET}_"
_STATUS = {Status.PENDING: "pending", Status.POSTED: "completed", Status.VOIDED: "failed"}


@lru_cache(maxsize=256)
def publish_time(at: datetime) -> str:
    """Write a moment in UTC as RFC 3339 with microseconds: ``2026-01-31T12:00:00.000000Z``."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"


def publish_balance(balance: Balance) -> Published:
    """Publish a balance, in minor units."""
    return {
        "posted": balance.posted,
        "pending": balance.pending,
        "available": balance.available,
    }


def publish_transaction(transaction: Transaction) -> Published:
    """Publish a transaction.

    Wallets appear as ``fromWalletId`` and ``toWalletId`` where there are two, else as
    ``walletId``; the ledger's own accounts are not shown.
    """
    failure = transaction.failure
    completed_at = transaction.completed_at
    return {
        "id": transaction.id,
        "type": transaction.type,
        "status": public_status(transaction),
        "amount": transaction.amount,
        "currency": transaction.currency,
        **_wallet_ids(transaction.postings),
        "failure": failure and {"code": failure.code, "message": failure.message},
        "description": transaction.description,
        "metadata": dict(transaction.metadata),
        "reverses": transaction.reverses,
        "reversedAmount": transaction.reversed_amount,
        "sequence": transaction.sequence,
        "createdAt": publish_time(transaction.created_at),
        "completedAt": completed_at and publish_time(completed_at),
    }


def public_status(transaction: Transaction) -> str:
    """Name the status as partners see it: pending, completed, failed or reversed."""
    if transaction.reversed_amount == transaction.amount:
        return "reversed"
    return _STATUS[transaction.status]


def publish_balances(wallets: Sequence[Account]) -> dict[AccountId, Published]:
    """Publish the balance of each wallet."""
    return {account.id: publish_balance(account.balance) for account in wallets}


def publish_with_balances(
    transaction: Transaction, balances: Mapping[AccountId, Published]
) -> Published:
    """Publish a transaction together with the balances of wallets."""
    published = publish_transaction(transaction)
    published["balances"] = [{"walletId": id_, **balance} for id_, balance in balances.items()]
    return published


def publish_move(transaction: Transaction, entry: Entry, balance: Published) -> Published:
    """Publish what one transaction did to the posted balance of one wallet, and what it left."""
    return {
        "walletId": entry.account_id,
        "transactionId": transaction.id,
        "type": transaction.type,
        "direction": entry.side,
        "amount": entry.amount,
        "currency": transaction.currency,
        "balance": balance,
    }


def publish_entry(entry: Entry, transaction: Transaction, balance_after: Balance) -> Published:
    """Publish one line of a wallet's statement."""
    return {
        "transaction": publish_transaction(transaction),
        "direction": entry.side,
        "amount": entry.amount,
        "balanceAfter": balance_after.posted,
        "createdAt": publish_time(entry.at),
    }


def _wallet_ids(postings: Sequence[Posting]) -> dict[str, AccountId]:
    wallets = [p for p in postings if p.account_id.startswith(_WALLET_ID)]
    if len(wallets) == 1:
        return {"walletId": wallets[0].account_id}
    return {"fromWalletId" if p.side is Side.DEBIT else "toWalletId": p.account_id for p in wallets}
