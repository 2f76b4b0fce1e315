"""From rows to the domain's values. Rows come in the order of the column lists here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, select

from payflow_adapters.postgres.tables import accounts, entries, ledgers, transactions, wallets
from payflow_domain.ids import AccountId, LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account, AccountKind, Counters, Phase, Side
from payflow_domain.ledger.idempotency import Answer, Claim, IdempotencyKey, SpentKey
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.transactions import (
    Entry,
    Failure,
    Posting,
    Status,
    Transaction,
    TransactionType,
)
from payflow_domain.wallets.model import Wallet, WalletStatus

Values = Sequence[Any]

LEDGER_COLUMNS = tuple(ledgers.columns)
ACCOUNT_COLUMNS = tuple(accounts.columns)[1:]
ENTRY_COLUMNS = tuple(entries.columns)[1:]
TRANSACTION_COLUMNS = tuple(transactions.columns)[1:]
WALLET_COLUMNS = tuple(wallets.columns)[1:]


def ledger_of(row: Values) -> Ledger:
    ledger_id, partner_id, environment, settlement_limit, sequence, head, last_at = row
    return Ledger(
        id=LedgerId(ledger_id),
        partner_id=PartnerId(partner_id),
        environment=Environment(environment),
        settlement_limit=settlement_limit,
        last_at=last_at,
        sequence=sequence,
        head=bytes(head),
    )


def account_of(row: Values) -> Account:
    account_id, kind, currency, floor, *counters, version, sequence, is_open = row
    return Account(
        AccountId(account_id),
        AccountKind(kind),
        currency,
        floor,
        Counters(*counters),
        version,
        sequence,
        is_open,
    )


def entry_of(row: Values) -> Entry:
    account_id, at, version, transaction_id, side, phase, amount, *counters, sequence = row
    return Entry(
        transaction_id=TransactionId(transaction_id),
        account_id=AccountId(account_id),
        side=Side(side),
        phase=Phase(phase),
        amount=amount,
        version=version,
        after=Counters(*counters),
        sequence=sequence,
        at=at,
    )


def transaction_of(row: Values) -> Transaction:
    (
        transaction_id,
        type_,
        status,
        amount,
        currency,
        postings,
        description,
        metadata,
        sequence,
        created_at,
        completed_at,
        reverses,
        reversed_amount,
        reversing_amount,
        failure,
    ) = row
    return Transaction(
        id=TransactionId(transaction_id),
        type=TransactionType(type_),
        status=Status(status),
        amount=amount,
        currency=currency,
        postings=tuple(Posting(AccountId(of), Side(side), much) for of, side, much in postings),
        description=description,
        metadata=metadata,
        sequence=sequence,
        created_at=created_at,
        completed_at=completed_at,
        reverses=None if reverses is None else TransactionId(reverses),
        reversed_amount=reversed_amount,
        reversing_amount=reversing_amount,
        failure=Failure(**failure) if failure else None,
    )


def wallet_of(row: Values) -> Wallet:
    """Read ``WALLET_COLUMNS`` followed by ``ACCOUNT_COLUMNS``."""
    wallet, account = row[: len(WALLET_COLUMNS)], row[len(WALLET_COLUMNS) :]
    wallet_id, name, currency, user, external_id, status, metadata, created_at = wallet
    return Wallet(
        id=AccountId(wallet_id),
        name=name,
        currency=currency,
        external_user_id=user,
        external_wallet_id=external_id,
        status=WalletStatus(status),
        metadata=metadata,
        created_at=created_at,
        account=account_of(account),
    )


def select_wallets() -> Select[tuple[object, ...]]:
    """Select rows for ``wallet_of``."""
    same = and_(accounts.c.ledger_id == wallets.c.ledger_id, accounts.c.id == wallets.c.id)
    return select(*WALLET_COLUMNS, *ACCOUNT_COLUMNS).join_from(wallets, accounts, same)


def spent_key_of(row: Values) -> SpentKey:
    key, fingerprint, status, body = row
    answer = None if status is None else Answer(status, body.encode())
    return SpentKey(Claim(IdempotencyKey(key), bytes(fingerprint)), answer)
