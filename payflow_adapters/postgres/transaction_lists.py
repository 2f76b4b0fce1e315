"""Queries for lists of transactions.

A page costs what it has, however long the list is. By a type it costs what has to be looked through
until it is full.
"""

from typing import Any

from sqlalchemy import Select, and_, select, tuple_

from payflow_adapters.postgres.rows import TRANSACTION_COLUMNS
from payflow_adapters.postgres.tables import entries, transactions
from payflow_domain.ids import AccountId, LedgerId
from payflow_domain.ledger.accounts import Phase
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.transactions import Status

_OF_TRANSACTION = and_(
    entries.c.ledger_id == transactions.c.ledger_id,
    entries.c.transaction_id == transactions.c.id,
)
# A transaction has one such entry for each of its accounts, made with it and in its order.
_BEGINS = entries.c.phase.in_((Phase.POSTED.value, Phase.HELD.value))
_FEW = frozenset({Status.PENDING, Status.VOIDED})
"""Each has an index of its own, of all the ledger's."""


def transactions_page(
    ledger_id: LedgerId, which: TransactionFilter, page: Page
) -> Select[tuple[Any, ...]]:
    """Select a page of a ledger's transactions, newest first."""
    query = select(*TRANSACTION_COLUMNS).where(transactions.c.ledger_id == ledger_id)
    if which.status is not None:
        query = query.where(transactions.c.status == which.status.value)
    if which.type is not None:
        query = query.where(transactions.c.type == which.type.value)
    if which.account_id is None:
        query = _by_id(query, page)
    elif which.status in _FEW:
        # Their entries are looked up.
        query = _by_id(_of_account(query, which.account_id), page).where(
            entries.c.at == transactions.c.created_at
        )
    else:
        query = _by_entry(_of_account(query, which.account_id), ledger_id, which.account_id, page)
    return query.limit(page.limit)


def _of_account(query: Select[tuple[Any, ...]], account_id: AccountId) -> Select[tuple[Any, ...]]:
    return query.join_from(transactions, entries, _OF_TRANSACTION).where(
        entries.c.account_id == account_id, _BEGINS
    )


def _by_id(query: Select[tuple[Any, ...]], page: Page) -> Select[tuple[Any, ...]]:
    if page.after is not None:
        query = query.where(transactions.c.id < page.after)
    return query.order_by(transactions.c.id.desc())


def _by_entry(
    query: Select[tuple[Any, ...]], ledger_id: LedgerId, account_id: AccountId, page: Page
) -> Select[tuple[Any, ...]]:
    """Walk the account's entries backwards: that is the order of ids as well."""
    query = query.where(entries.c.ledger_id == ledger_id)
    position = (entries.c.at, entries.c.version)
    if page.after is not None:
        seen = (
            _of_account(select(*position), account_id)
            .where(
                transactions.c.ledger_id == ledger_id,
                transactions.c.id == page.after,
                entries.c.at == transactions.c.created_at,
            )
            .scalar_subquery()
            .correlate(None)
        )
        query = query.where(tuple_(*position) < seen)
    return query.order_by(*[column.desc() for column in position])
