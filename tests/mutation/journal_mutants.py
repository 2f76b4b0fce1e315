"""Each rule of numbering, the journal and idempotency keys, and how to break it."""

from tests.mutation.mutant import Mutant


def _engine(rule: str, old: str, new: str) -> Mutant:
    return Mutant(rule, "engine.py", old, new)


def _batch(rule: str, old: str, new: str) -> Mutant:
    return Mutant(rule, "batch.py", old, new)


def _journal(rule: str, old: str, new: str) -> Mutant:
    return Mutant(rule, "journal.py", old, new)


_NUMBERS = [
    _engine(
        "a transaction has the number of its first event",
        "        sequence=working.sequence + 1,\n        created_at",
        "        sequence=working.sequence,\n        created_at",
    ),
    _engine(
        "each event has a number",
        "working.sequence += 1 + len(told) + (reversing is not None)",
        "working.sequence += 1 + len(told)",
    ),
    _engine(
        "movements of the ledger's own accounts are not told",
        "account.kind is AccountKind.WALLET and entry.phase in _MOVES",
        "entry.phase in _MOVES",
    ),
    _engine(
        "only what is final is told of a wallet",
        "account.kind is AccountKind.WALLET and entry.phase in _MOVES",
        "account.kind is AccountKind.WALLET",
    ),
    _journal(
        "events are numbered on", "enumerate(facts, ledger.sequence + 1)", "enumerate(facts, 1)"
    ),
    _journal("a hash covers the one before", "sha256(previous + body)", "sha256(body)"),
    _journal("a hash covers the body", "sha256(previous + body)", "sha256(previous)"),
    _journal("hashes form a chain", "        head = link(head, body)", "        link(head, body)"),
    _journal(
        "a reversed original is told of",
        "    if applied.reversed is not None:",
        "    if False:",
    ),
    _journal(
        "a debit is told as a debit",
        "Side.DEBIT: EventType.WALLET_DEBITED, Side.CREDIT: EventType.WALLET_CREDITED",
        "Side.DEBIT: EventType.WALLET_CREDITED, Side.CREDIT: EventType.WALLET_DEBITED",
    ),
    Mutant("time never goes back", "ledgers.py", "max(now, self.last_at + _TICK)", "now"),
    Mutant("a settlement limit is a floor below zero", "ledgers.py", "-self.settlement_limit", "0"),
]

_KEYS = [
    Mutant(
        "a key is for one request",
        "idempotency.py",
        "spent is not None and spent.claim.fingerprint != claim.fingerprint",
        "False",
    ),
    Mutant(
        "what is still running is not answered",
        "idempotency.py",
        "    if spent is None or spent.answer is None:",
        "    if spent is None:",
    ),
    _batch("a spent key takes no effect again", "and not _spent(books, request)", ""),
    _batch("a key takes effect once in a batch", "if first[i] == i and not", "if not"),
    _batch(
        "a key is spent only by an effect",
        "if (claim := requests[i].claim) and executed[i].took_effect",
        "if (claim := requests[i].claim)",
    ),
    _batch(
        "a key is spent with the effect",
        "evolve(journal, spent=spent)",
        "evolve(journal, spent=[])",
    ),
    _batch(
        "the answer is kept with the key",
        "SpentKey(claim, executed[i].answer)",
        "SpentKey(claim, None)",
    ),
    _batch(
        "the same request in one batch gets the same answer",
        "        if executed.took_effect:\n",
        "        if False:\n",
    ),
    _batch(
        "a refused request is refused alike in one batch",
        "elif first.claim == request.claim:",
        "elif False:",
    ),
    _batch(
        "another request is not refused for the reason of the first",
        "elif first.claim == request.claim:",
        "else:",
    ),
    _batch("each request has its own outcomes", "len(request.units)))", "1))"),
    _batch("nothing is written without an effect", "    if not applied:\n", "    if False:\n"),
    _batch(
        "made transactions are told from changed ones",
        "transactions=[one for one in transactions if one.id in books.transactions]",
        "transactions=list(transactions)",
    ),
]

JOURNAL_MUTANTS = [
    *_NUMBERS,
    *_KEYS,
]
