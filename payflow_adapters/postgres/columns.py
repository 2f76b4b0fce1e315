"""What a commit writes, table by table and column by column."""

from collections import Counter
from collections.abc import Sequence

import orjson
from psycopg.types.json import Json

from payflow_adapters.postgres.arrays import (
    binaries,
    documents,
    encoded,
    moments,
    numbers,
    numbers_or_nulls,
    switches,
    texts,
    words,
)
from payflow_adapters.postgres.blocks import Block, blocks_of
from payflow_adapters.postgres.records import (
    account_record,
    failure_value,
    postings_value,
    transaction_record,
)
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.accounts import Account
from payflow_domain.ledger.idempotency import SpentKey
from payflow_domain.ledger.ports import Changes
from payflow_domain.ledger.transactions import Entry, Transaction

Columns = dict[str, object]


def books_columns(changes: Sequence[Changes]) -> Columns:
    """Gather the parameters of ``WRITE_BOOKS`` for the changes of all ledgers."""
    each = [(change, change.ledger.id) for change in changes]
    return {
        **_made([(of, one) for c, of in each for one in c.new_transactions]),
        **_entries([(of, one) for c, of in each for one in c.entries]),
        **_accounts([row for change in changes for row in _moved(change)]),
        "accounts": sum(len(change.changed_accounts) for change in changes),
        "transactions": sum(len(change.changed_transactions) for change in changes),
        "opened": Json([account_record(of, one) for c, of in each for one in c.new_accounts]),
        "changed": Json(
            [transaction_record(of, one) for c, of in each for one in c.changed_transactions]
        ),
    }


def journal_columns(changes: Sequence[Changes]) -> Columns:
    """Gather the parameters of ``WRITE_JOURNAL`` for the changes of all ledgers."""
    return {
        **_blocks([one for c in changes for one in blocks_of(c.ledger.id, c.events)]),
        **_keys([(c, one) for c in changes for one in c.spent]),
        **_heads(changes),
        "ledgers": len(changes),
    }


def _made(rows: Sequence[tuple[LedgerId, Transaction]]) -> Columns:
    made = [one for _, one in rows]
    return {
        "made_ledger_id": numbers([of for of, _ in rows]),
        "made_id": texts([one.id for one in made]),
        "made_type": words([one.type for one in made]),
        "made_status": words([one.status for one in made]),
        "made_amount": numbers([one.amount for one in made]),
        "made_currency": words([one.currency for one in made]),
        "made_postings": documents([_postings(one) for one in made]),
        "made_description": texts([one.description for one in made]),
        "made_metadata": documents([_metadata(one) for one in made]),
        "made_sequence": numbers([one.sequence for one in made]),
        "made_created_at": moments([one.created_at for one in made]),
        "made_completed_at": moments([one.completed_at for one in made]),
        "made_reverses": texts([one.reverses for one in made]),
        "made_reversed_amount": numbers([one.reversed_amount for one in made]),
        "made_reversing_amount": numbers([one.reversing_amount for one in made]),
        "made_failure": documents([_failure(one) for one in made]),
    }


def _postings(one: Transaction) -> bytes:
    return orjson.dumps(postings_value(one))


def _metadata(one: Transaction) -> bytes:
    return orjson.dumps(dict(one.metadata)) if one.metadata else b"{}"


def _failure(one: Transaction) -> bytes | None:
    failure = failure_value(one)
    return orjson.dumps(failure) if failure else None


def _entries(rows: Sequence[tuple[LedgerId, Entry]]) -> Columns:
    entries = [entry for _, entry in rows]
    after = [entry.after for entry in entries]
    return {
        "entry_ledger_id": numbers([of for of, _ in rows]),
        "entry_account_id": texts([entry.account_id for entry in entries]),
        "entry_at": moments([entry.at for entry in entries]),
        "entry_version": numbers([entry.version for entry in entries]),
        "entry_transaction_id": texts([entry.transaction_id for entry in entries]),
        "entry_side": words([entry.side for entry in entries]),
        "entry_phase": words([entry.phase for entry in entries]),
        "entry_amount": numbers([entry.amount for entry in entries]),
        "entry_debits_posted": numbers([counters.debits_posted for counters in after]),
        "entry_credits_posted": numbers([counters.credits_posted for counters in after]),
        "entry_debits_pending": numbers([counters.debits_pending for counters in after]),
        "entry_credits_pending": numbers([counters.credits_pending for counters in after]),
        "entry_sequence": numbers([entry.sequence for entry in entries]),
    }


def _blocks(blocks: Sequence[Block]) -> Columns:
    return {
        "block_ledger_id": numbers([block.ledger_id for block in blocks]),
        "block_last_sequence": numbers([block.last_sequence for block in blocks]),
        "block_first_sequence": numbers([block.first_sequence for block in blocks]),
        "block_at": moments([block.at for block in blocks]),
        "block_types": texts([block.types for block in blocks]),
        "block_bodies": encoded([block.bodies for block in blocks]),
        "block_hashes": binaries([block.hashes for block in blocks]),
    }


def _keys(rows: Sequence[tuple[Changes, SpentKey]]) -> Columns:
    claims = [spent.claim for _, spent in rows]
    answers = [spent.answer for _, spent in rows]
    return {
        "key_ledger_id": numbers([change.ledger.id for change, _ in rows]),
        "key_key": texts([claim.key for claim in claims]),
        "key_fingerprint": binaries([claim.fingerprint for claim in claims]),
        "key_status": numbers_or_nulls([answer.status if answer else None for answer in answers]),
        "key_body": encoded([answer.body if answer else None for answer in answers]),
        "key_at": moments([change.ledger.last_at for change, _ in rows]),
    }


def _moved(change: Changes) -> list[tuple[LedgerId, Account, int]]:
    """Pair each account that changed with the number of its new entries."""
    entered = Counter([entry.account_id for entry in change.entries])
    return [(change.ledger.id, one, entered[one.id]) for one in change.changed_accounts]


def _accounts(rows: Sequence[tuple[LedgerId, Account, int]]) -> Columns:
    accounts = [account for _, account, _ in rows]
    counters = [account.counters for account in accounts]
    return {
        "account_ledger_id": numbers([of for of, _, _ in rows]),
        "account_id": texts([account.id for account in accounts]),
        "account_debits_posted": numbers([one.debits_posted for one in counters]),
        "account_credits_posted": numbers([one.credits_posted for one in counters]),
        "account_debits_pending": numbers([one.debits_pending for one in counters]),
        "account_credits_pending": numbers([one.credits_pending for one in counters]),
        "account_version": numbers([account.version for account in accounts]),
        "account_sequence": numbers([account.sequence for account in accounts]),
        "account_is_open": switches([account.is_open for account in accounts]),
        "account_entries": numbers([entered for _, _, entered in rows]),
    }


def _heads(changes: Sequence[Changes]) -> Columns:
    heads = [change.ledger for change in changes]
    return {
        "head_id": numbers([head.id for head in heads]),
        "head_sequence": numbers([head.sequence for head in heads]),
        "head_head": binaries([head.head for head in heads]),
        "head_last_at": moments([head.last_at for head in heads]),
        "head_events": numbers([len(change.events) for change in changes]),
    }
