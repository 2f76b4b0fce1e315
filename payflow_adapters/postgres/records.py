"""What is seldom written, as records that travel to PostgreSQL as JSON."""

from payflow_domain.ids import LedgerId
from payflow_domain.ledger.accounts import Account
from payflow_domain.ledger.transactions import Transaction
from payflow_domain.wallets.model import Wallet

Record = dict[str, object]


def account_record(ledger_id: LedgerId, account: Account) -> Record:
    counters = account.counters
    return {
        "ledger_id": ledger_id,
        "id": account.id,
        "kind": account.kind,
        "currency": account.currency,
        "floor": account.floor,
        "debits_posted": counters.debits_posted,
        "credits_posted": counters.credits_posted,
        "debits_pending": counters.debits_pending,
        "credits_pending": counters.credits_pending,
        "version": account.version,
        "sequence": account.sequence,
        "is_open": account.is_open,
    }


def transaction_record(ledger_id: LedgerId, one: Transaction) -> Record:
    return {
        "ledger_id": ledger_id,
        "id": one.id,
        "type": one.type,
        "status": one.status,
        "amount": one.amount,
        "currency": one.currency,
        "postings": postings_value(one),
        "description": one.description,
        "metadata": dict(one.metadata),
        "sequence": one.sequence,
        "created_at": one.created_at,
        "completed_at": one.completed_at,
        "reverses": one.reverses,
        "reversed_amount": one.reversed_amount,
        "reversing_amount": one.reversing_amount,
        "failure": failure_value(one),
    }


def postings_value(one: Transaction) -> list[tuple[str, str, int]]:
    """Return what the column ``postings`` holds."""
    return [(leg.account_id, leg.side, leg.amount) for leg in one.postings]


def failure_value(one: Transaction) -> dict[str, str] | None:
    """Return what the column ``failure`` holds."""
    failure = one.failure
    return {"code": failure.code, "message": failure.message} if failure else None


def wallet_record(ledger_id: LedgerId, wallet: Wallet) -> Record:
    return {
        "ledger_id": ledger_id,
        "id": wallet.id,
        "name": wallet.name,
        "currency": wallet.currency,
        "external_user_id": wallet.external_user_id,
        "external_wallet_id": wallet.external_wallet_id,
        "status": wallet.status,
        "metadata": dict(wallet.metadata),
        "created_at": wallet.created_at,
    }
