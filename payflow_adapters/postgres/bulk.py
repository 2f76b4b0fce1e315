"""Rows as lines of COPY's text format: the quickest way into PostgreSQL."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import LiteralString

import orjson

from payflow_adapters.postgres import statements
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.idempotency import SpentKey
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ports import Changes
from payflow_domain.ledger.transactions import Entry, Posting, Transaction

_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

_moment = lru_cache(maxsize=64)(str)
"""Writes a moment; a commit has few of them and writes each many times."""


def copies(changes: Sequence[Changes]) -> Iterator[tuple[LiteralString, str]]:
    """Pair each table that is only added to with the lines to copy into it."""
    each = [(change, change.ledger.id) for change in changes]
    yield (
        statements.COPY_TRANSACTIONS,
        "".join([_transaction(of, one) for c, of in each for one in c.made]),
    )
    yield (
        statements.COPY_ENTRIES,
        "".join([_entry(of, one) for c, of in each for one in c.entries]),
    )
    yield (
        statements.COPY_EVENTS,
        "".join([_event(of, one) for c, of in each for one in c.events]),
    )
    yield (
        statements.COPY_KEYS,
        "".join([_key(c, one) for c in changes for one in c.spent]),
    )


def _transaction(ledger_id: LedgerId, one: Transaction) -> str:
    completed_at = _NULL if one.completed_at is None else _moment(one.completed_at)
    description = _NULL if one.description is None else _text(one.description)
    metadata = _json(orjson.dumps(dict(one.metadata))) if one.metadata else "{}"
    failure = one.failure and {"code": one.failure.code, "message": one.failure.message}
    return (
        f"{ledger_id}\t{one.id}\t{one.type}\t{one.status}\t{one.amount}\t{one.currency}"
        f"\t{_postings(one.postings)}\t{description}\t{metadata}\t{one.sequence}"
        f"\t{_moment(one.created_at)}\t{completed_at}\t{one.reverses or _NULL}"
        f"\t{one.reversed_amount}\t{_json(orjson.dumps(failure)) if failure else _NULL}\n"
    )


def _postings(postings: tuple[Posting, ...]) -> str:
    """Write ``[account, side, amount]`` each; ``check_account_id`` leaves nothing to escape."""
    legs = [f'["{leg.account_id}","{leg.side}",{leg.amount}]' for leg in postings]
    return f"[{','.join(legs)}]"


def _entry(ledger_id: LedgerId, entry: Entry) -> str:
    after = entry.after
    return (
        f"{ledger_id}\t{entry.account_id}\t{_moment(entry.at)}\t{entry.version}"
        f"\t{entry.transaction_id}\t{entry.side}\t{entry.phase}\t{entry.amount}"
        f"\t{after.debits_posted}\t{after.credits_posted}"
        f"\t{after.debits_pending}\t{after.credits_pending}\t{entry.sequence}\n"
    )


def _event(ledger_id: LedgerId, event: Event) -> str:
    return (
        f"{ledger_id}\t{event.sequence}\t{event.type}\t{_moment(event.at)}"
        f"\t{_json(event.body)}\t{_bytes(event.hash)}\n"
    )


def _key(changes: Changes, spent: SpentKey) -> str:
    answer = spent.answer
    status, body = (answer.status, _json(answer.body)) if answer else (_NULL, _NULL)
    return (
        f"{changes.ledger.id}\t{_text(spent.claim.key)}\t{_bytes(spent.claim.fingerprint)}"
        f"\t{status}\t{body}\t{_moment(changes.ledger.last_at)}\n"
    )


def _text(text: str) -> str:
    return text.translate(_ESCAPES)


def _json(body: bytes) -> str:
    r"""JSON has no raw control characters, so that only its backslashes need escaping."""
    return body.decode().replace("\\", r"\\")


def _bytes(value: bytes) -> str:
    return rf"\\x{value.hex()}"
