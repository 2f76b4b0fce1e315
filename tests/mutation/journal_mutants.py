"""Each rule of numbering, the journal and idempotency keys, and how to break it."""

from tests.mutation.mutant import Mutant


def _engine(rule: str, old: str, new: str) -> Mutant:
    return Mutant(rule, "engine.py", old, new)


def _decisions(rule: str, old: str, new: str) -> Mutant:
    return Mutant(rule, "decisions.py", old, new)


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
    _engine("each wallet that moved has a number", "1 + len(told) + (reversed_", "1 + (reversed_"),
    _engine("a reversed original has a number", " + (reversed_ is not None)", ""),
    _engine("the end of a payout has a number", " + (payout is not None)", ""),
    _engine(
        "a reversed original has the number of the last event of it",
        "original = reversed_ = evolve(reversed_, sequence=working.sequence)",
        "original = reversed_",
    ),
    _engine(
        "an original is told of once it is reversed",
        "original if original and transaction.status is Status.POSTED else None",
        "original",
    ),
    _engine(
        "a pending payout has not ended",
        "TransactionType.PAYOUT and transaction.status is not Status.PENDING:",
        "TransactionType.PAYOUT:",
    ),
    _engine(
        "only a payout ends as one",
        "if transaction.type is TransactionType.PAYOUT and transaction.status",
        "if transaction.status",
    ),
    _engine(
        "a payout that came back has ended",
        "original is not None and original.type is TransactionType.PAYOUT",
        "False",
    ),
    _engine(
        "only a payout comes back as one",
        "original is not None and original.type is TransactionType.PAYOUT",
        "original is not None",
    ),
    _decisions(
        "movements of the ledger's own accounts are not told",
        "account.kind is AccountKind.WALLET and entry.phase in MOVES",
        "entry.phase in MOVES",
    ),
    _decisions(
        "only what is final is told of a wallet",
        "account.kind is AccountKind.WALLET and entry.phase in MOVES",
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
    _journal("the end of a payout is told", "    if applied.payout is not None:", "    if False:"),
    _journal(
        "a payout that came back is told as failed",
        "is_paid = applied.payout is transaction and",
        "is_paid =",
    ),
    _journal(
        "a payout that was voided is told as failed",
        "is_paid = applied.payout is transaction and transaction.status is Status.POSTED",
        "is_paid = applied.payout is transaction",
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
    _batch(
        "what finishes a claimed key takes effect",
        "if request.finishes and spent is not None and spent.answer is None:",
        "if False:",
    ),
    _batch(
        "a claimed key is finished only by what says so",
        "if request.finishes and spent",
        "if spent",
    ),
    _batch(
        "a key that has an answer is not finished again",
        "spent is not None and spent.answer is None:\n        return None",
        "spent is not None:\n        return None",
    ),
    _batch(
        "the original of a pending reversal is loaded",
        "originals - books.transactions.keys()",
        "set()",
    ),
    _batch("the accounts of that original are loaded", "for _ in range(2):", "for _ in range(1):"),
    _batch(
        "what stands in for an account is loaded",
        "                wanted.accounts.update(command.instead.values())\n",
        "",
    ),
    _batch("each request has its own outcomes", "len(request.units)))", "1))"),
    _batch("nothing is written without an effect", "    if not applied:\n", "    if False:\n"),
    _batch(
        "made transactions are told from changed ones",
        "changed_transactions=[one for one in transactions if one.id in books.transactions]",
        "changed_transactions=list(transactions)",
    ),
]

JOURNAL_MUTANTS = [
    *_NUMBERS,
    *_KEYS,
]
