"""What is written, as records: sets of rows travel to PostgreSQL as one JSON value each."""

from collections import Counter
from collections.abc import Iterator

from payflow_domain.ids import LedgerId
from payflow_domain.ledger.accounts import Account
from payflow_domain.ledger.ports import Changes
from payflow_domain.ledger.transactions import Transaction
from payflow_domain.partners.model import Partner
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


def moved_account_records(changes: Changes) -> Iterator[Record]:
    """Write accounts with the number of new entries that led to their version."""
    entered = Counter([entry.account_id for entry in changes.entries])
    for account in changes.accounts:
        yield {**account_record(changes.ledger.id, account), "entries": entered[account.id]}


def transaction_record(ledger_id: LedgerId, one: Transaction) -> Record:
    failure = one.failure
    return {
        "ledger_id": ledger_id,
        "id": one.id,
        "type": one.type,
        "status": one.status,
        "amount": one.amount,
        "currency": one.currency,
        "postings": [[p.account_id, p.side, p.amount] for p in one.postings],
        "description": one.description,
        "metadata": dict(one.metadata),
        "sequence": one.sequence,
        "created_at": one.created_at,
        "completed_at": one.completed_at,
        "reverses": one.reverses,
        "reversed_amount": one.reversed_amount,
        "failure": failure and {"code": failure.code, "message": failure.message},
    }


def ledger_record(changes: Changes) -> Record:
    ledger = changes.ledger
    return {
        "id": ledger.id,
        "sequence": ledger.sequence,
        "head": ledger.head.hex(),
        "last_at": ledger.last_at,
        "events": len(changes.events),
    }


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


def partner_record(partner: Partner) -> Record:
    return {
        "id": partner.id,
        "name": partner.name,
        "status": partner.status,
        "created_at": partner.created_at,
    }
