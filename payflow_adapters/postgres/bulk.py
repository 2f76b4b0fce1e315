"""Rows as lines of COPY's text format: the quickest way into PostgreSQL."""

from functools import lru_cache

import orjson

from payflow_domain.ids import LedgerId
from payflow_domain.ledger.idempotency import SpentKey
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.transactions import Entry, Posting, Transaction

_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

COPY_ENTRIES = (
    "COPY entries (ledger_id, account_id, at, version, transaction_id, side, phase, amount,"
    " debits_posted, credits_posted, debits_pending, credits_pending, sequence) FROM STDIN"
)
COPY_EVENTS = "COPY events (ledger_id, sequence, type, at, body, hash) FROM STDIN"
COPY_KEYS = "COPY idempotency_keys (ledger_id, key, fingerprint, status, body, at) FROM STDIN"
COPY_TRANSACTIONS = (
    "COPY transactions (ledger_id, id, type, status, amount, currency, postings, description,"
    " metadata, sequence, created_at, completed_at, reverses, reversed_amount, failure) FROM STDIN"
)

moment = lru_cache(maxsize=64)(str)
"""Writes a moment; a commit has few of them and writes each many times."""


def entry_line(ledger_id: LedgerId, entry: Entry) -> str:
    """Write an entry for ``COPY_ENTRIES``."""
    after = entry.after
    return (
        f"{ledger_id}\t{entry.account_id}\t{moment(entry.at)}\t{entry.version}"
        f"\t{entry.transaction_id}\t{entry.side.value}\t{entry.phase.value}\t{entry.amount}"
        f"\t{after.debits_posted}\t{after.credits_posted}"
        f"\t{after.debits_pending}\t{after.credits_pending}\t{entry.sequence}\n"
    )


def event_line(ledger_id: LedgerId, event: Event) -> str:
    """Write an event for ``COPY_EVENTS``."""
    return (
        f"{ledger_id}\t{event.sequence}\t{event.type.value}\t{moment(event.at)}"
        f"\t{_json(event.body)}\t{_bytes(event.hash)}\n"
    )


def key_line(ledger_id: LedgerId, spent: SpentKey, at: str) -> str:
    """Write a spent idempotency key for ``COPY_KEYS``."""
    answer = spent.answer
    status, body = (answer.status, _json(answer.body)) if answer else (_NULL, _NULL)
    return (
        f"{ledger_id}\t{_text(spent.claim.key)}\t{_bytes(spent.claim.fingerprint)}"
        f"\t{status}\t{body}\t{at}\n"
    )


def transaction_line(ledger_id: LedgerId, one: Transaction) -> str:
    """Write a transaction for ``COPY_TRANSACTIONS``."""
    completed_at = _NULL if one.completed_at is None else moment(one.completed_at)
    description = _NULL if one.description is None else _text(one.description)
    metadata = _json(orjson.dumps(dict(one.metadata))) if one.metadata else "{}"
    failure = failure_json(one)
    return (
        f"{ledger_id}\t{one.id}\t{one.type.value}\t{one.status.value}\t{one.amount}"
        f"\t{one.currency}\t{postings_json(one.postings)}\t{description}\t{metadata}"
        f"\t{one.sequence}\t{moment(one.created_at)}\t{completed_at}\t{one.reverses or _NULL}"
        f"\t{one.reversed_amount}\t{_NULL if failure is None else _json(failure)}\n"
    )


def postings_json(postings: tuple[Posting, ...]) -> str:
    """Write postings as a JSON array of ``[account, side, amount]``.

    Nothing needs escaping: see ``check_account_id``.
    """
    legs = [f'["{p.account_id}","{p.side.value}",{p.amount}]' for p in postings]
    return f"[{','.join(legs)}]"


def failure_json(one: Transaction) -> bytes | None:
    """Write why a transaction failed, if it did."""
    failure = one.failure
    return orjson.dumps({"code": failure.code, "message": failure.message}) if failure else None


def _text(text: str) -> str:
    return text.translate(_ESCAPES)


def _json(body: bytes) -> str:
    r"""JSON has no raw control characters, so that only its backslashes need escaping."""
    return body.decode().replace("\\", r"\\")


def _bytes(value: bytes) -> str:
    return rf"\\x{value.hex()}"
