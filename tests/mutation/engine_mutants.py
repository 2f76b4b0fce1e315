"""Each rule of the posting engine and of the counters, and how to break it."""

from tests.mutation.mutant import Mutant


def _engine(rule: str, old: str, new: str) -> Mutant:
    return Mutant(rule, "engine.py", old, new)


def _accounts(rule: str, old: str, new: str) -> Mutant:
    return Mutant(rule, "accounts.py", old, new)


_WHAT_A_DRAFT_NEEDS = [
    _engine("two postings or more", "len(draft.postings) < _TWO_LEGS", "False"),
    _engine("debits equal credits", "    if net:\n", "    if False:\n"),
    _engine(
        "debits equal credits: sides count",
        "if posting.side is Side.DEBIT else -posting.amount",
        "if posting.side is Side.DEBIT else -draft.money.amount",
    ),
    _engine(
        "both of two postings are of the transaction's amount",
        "draft.postings[0].amount != draft.money.amount",
        "False",
    ),
    _engine("an account is named once", "if account.id in seen:", "if False:"),
    _engine("an account's own currency", "if account.currency != currency:", "if False:"),
    _engine("a closed account takes no part", "if not account.is_open:", "if False:"),
    _engine(
        "a posting has an amount", "if not is_amount(posting.amount):", "if posting.amount == 0:"
    ),
    _engine(
        "a posting is above zero", "if not is_amount(posting.amount):", "if posting.amount < 0:"
    ),
    _engine(
        "an account must exist",
        "        if account is None:\n",
        "        account = account or next(iter(self.accounts.values()))\n"
        "        if account is None:\n",
    ),
    _engine(
        "a transaction must exist",
        "        if transaction is None:\n",
        "        transaction = transaction or next(iter(self.transactions.values()), None)\n"
        "        if transaction is None:\n",
    ),
]

_FLOORS = [
    _engine("the floor", "    if has >= floor:", "    if True:"),
    _engine("the floor is exact", "if has >= floor:", "if has >= floor - 1:"),
    _engine("the floor may be reached", "if has >= floor:", "if has > floor:"),
    _engine("giving to an account below its floor", "if has < had.available:", "if True:"),
    _engine("the floor is the account's own", "before.floor or 0, after", "0, after"),
    _engine(
        "no floor means no limit",
        "if before.floor is not None and before.id not in beyond_floor:",
        "if before.id not in beyond_floor:",
    ),
    _engine(
        "what has happened elsewhere goes below the floor",
        " and before.id not in beyond_floor:",
        ":",
    ),
    _engine(
        "only the accounts named go below their floor",
        "before.id not in beyond_floor:",
        "not beyond_floor:",
    ),
    _accounts(
        "held money is not available",
        "incoming - outgoing, posted - outgoing)",
        "incoming - outgoing, posted)",
    ),
    _accounts(
        "money coming in is not available",
        "incoming - outgoing, posted - outgoing)",
        "incoming - outgoing, posted - outgoing + incoming)",
    ),
    _engine("a refusal tells what is missing", '"shortfall": floor - has', '"shortfall": required'),
    _engine(
        "a refusal tells what is available",
        '"available": had.available - floor,',
        '"available": had.available,',
    ),
    _engine("a refusal tells what is held", '"held": had.held', '"held": 0'),
]

_COUNTERS = [
    _accounts("a counter does not overflow", "if counters.largest > MAX_COUNTER:", "if False:"),
    _accounts("a counter may be full", "largest > MAX_COUNTER:", "largest >= MAX_COUNTER:"),
    _accounts(
        "pending debits do not overflow",
        "self.debits_pending, self.credits_pending\n",
        "self.credits_pending\n",
    ),
    _accounts(
        "posted credits do not overflow",
        "self.debits_posted, self.credits_posted, self.debits_pending,",
        "self.debits_posted, self.debits_pending,",
    ),
    _accounts("a post is posted", "Phase.POSTED: (1, 0)", "Phase.POSTED: (0, 1)"),
    _accounts("a hold is pending", "Phase.HELD: (0, 1)", "Phase.HELD: (1, 0)"),
    _accounts(
        "a settlement ends what is pending", "Phase.SETTLED: (1, -1)", "Phase.SETTLED: (1, 0)"
    ),
    _accounts("a settlement is posted", "Phase.SETTLED: (1, -1)", "Phase.SETTLED: (0, -1)"),
    _accounts("a void ends what is pending", "Phase.VOIDED: (0, -1)", "Phase.VOIDED: (0, 0)"),
    _accounts(
        "a debit counts as a debit",
        "        if side is Side.DEBIT:\n            return Counters",
        "        if side is Side.CREDIT:\n            return Counters",
    ),
    _accounts(
        "the normal side",
        "if normal_side is Side.DEBIT:",
        "if False:",
    ),
    _accounts("versions count entries", "self.version + 1,", "self.version,"),
    _engine(
        "an entry has the counters after it",
        "        account.version,\n        account.counters,",
        "        account.version,\n        before.counters,",
    ),
    _accounts("an account stays closed", "            self.is_open,\n", "            True,\n"),
]

_HOLDS = [
    _engine(
        "only what is pending is settled or voided",
        "if towards not in TRANSITIONS[transaction.status]:",
        "if False:",
    ),
    _engine("no more is settled than was held", "if amount > held.amount:", "if False:"),
    _engine(
        "all of a hold may be settled", "if amount > held.amount:", "if amount >= held.amount:"
    ),
    _engine(
        "nothing is no part to settle",
        "    check_amount(amount)\n    if amount > held.amount:",
        "    if amount > held.amount:",
    ),
    _engine(
        "the rest of a hold is released",
        "_scaled(held, held.amount - amount) if amount < held.amount else ()",
        "()",
    ),
    _engine(
        "the rest is released before it is told",
        "    moves = [(posting, Phase.VOIDED) for posting in released]\n"
        "    moves += [(posting, Phase.SETTLED) for posting in settled]\n",
        "    moves = [(posting, Phase.SETTLED) for posting in settled]\n"
        "    moves += [(posting, Phase.VOIDED) for posting in released]\n",
    ),
    _engine(
        "a settled transaction is of what was settled",
        "        amount=amount,\n        postings=settled,",
        "        postings=settled,",
    ),
    _engine("a void says why", "        failure=command.failure,\n", ""),
    _engine("three postings are not divided", "len(transaction.postings) > _TWO_LEGS", "False"),
]

_REVERSALS = [
    _engine(
        "only what is posted is reversed",
        "original.status is not Status.POSTED or is_reversal",
        "is_reversal",
    ),
    _engine("a reversal is not reversed", " or is_reversal or", " or"),
    _engine(
        "only the types asked for are reversed", " or original.type not in command.of_types:", ":"
    ),
    _engine("a reversal is not above the rest", "if amount > left:", "if False:"),
    _engine(
        "all reversals together are not above the original",
        "left = original.amount - original.reversed_amount",
        "left = original.amount",
    ),
    _engine(
        "what was reversed is remembered",
        "reversed_amount=original.reversed_amount + amount",
        "reversed_amount=amount",
    ),
    _engine("nothing is left to reverse twice", "    if left == 0:\n", "    if False:\n"),
    _engine(
        "nothing is no part to reverse",
        "    check_amount(amount)\n    if amount > left:",
        "    if amount > left:",
    ),
    _engine("a reversal goes the other way", "p.side.opposite", "p.side"),
    _engine(
        "a reversal names its original",
        "reverses=original.id if original else None",
        "reverses=None",
    ),
    _engine(
        "an account stands in for another",
        "command.instead.get(p.account_id, p.account_id)",
        "p.account_id",
    ),
    _engine(
        "what stands in may go below its floor",
        "beyond_floor=frozenset(command.instead.values())",
        "beyond_floor=frozenset()",
    ),
    _engine(
        "what is stood in for has no leave to go below its floor",
        "beyond_floor=frozenset(command.instead.values())",
        "beyond_floor=frozenset(working.accounts)",
    ),
]

_HELD_REVERSALS = [
    _engine(
        "a held reversal is pending",
        "draft, Phase.HELD, reserved)",
        "draft, Phase.POSTED, reserved)",
    ),
    _engine(
        "a held reversal reserves its part",
        "reversing_amount=original.reversing_amount + amount",
        "reversing_amount=original.reversing_amount",
    ),
    _engine(
        "held reversals add up",
        "reversing_amount=original.reversing_amount + amount",
        "reversing_amount=amount",
    ),
    _engine(
        "what is held is left to no other reversal",
        "original.reversed_amount - original.reversing_amount\n",
        "original.reversed_amount\n",
    ),
    _engine(
        "the original is kept as reserved",
        "        working.tried_transactions[original.id] = original\n",
        "        pass\n",
    ),
    _engine(
        "the end of a held reversal reaches its original", "if held.reverses is None:", "if True:"
    ),
    _engine(
        "a settled reversal counts as reversed",
        "reversed_amount=original.reversed_amount + taken",
        "reversed_amount=original.reversed_amount",
    ),
    _engine(
        "reversals that settle add up",
        "reversed_amount=original.reversed_amount + taken",
        "reversed_amount=taken",
    ),
    _engine(
        "all that was reserved is given free",
        "reversing_amount=original.reversing_amount - held.amount",
        "reversing_amount=original.reversing_amount - taken",
    ),
    _engine(
        "only what was reserved is given free",
        "reversing_amount=original.reversing_amount - held.amount",
        "reversing_amount=0",
    ),
    _engine(
        "of a reversal settled in part only that was reversed",
        "_no_longer_held(working, held, taken=amount)",
        "_no_longer_held(working, held, taken=held.amount)",
    ),
    _engine(
        "a voided reversal has reversed nothing",
        "_no_longer_held(working, held, taken=0)",
        "_no_longer_held(working, held, taken=held.amount)",
    ),
]

_UNITS = [
    _engine(
        "all or nothing: accounts",
        "        self.tried_accounts.clear()\n",
        "        self.accounts |= self.tried_accounts\n        self.tried_accounts.clear()\n",
    ),
    _engine(
        "all or nothing: transactions",
        "        self.tried_transactions.clear()\n",
        "        self.transactions |= self.tried_transactions\n"
        "        self.tried_transactions.clear()\n",
    ),
    _engine(
        "all or nothing: numbers",
        "        working.sequence = sequence\n",
        "",
    ),
    _engine(
        "a refused unit is forgotten",
        "        working.drop()\n",
        "",
    ),
    _engine(
        "a refusal tells which command it was",
        "refusal.position = len(applied)",
        "refusal.position = 0",
    ),
    _engine("an accepted unit is kept", "    working.keep()\n", "    working.drop()\n"),
    _engine(
        "a command sees those before it in its unit",
        "self.tried_accounts.get(account_id) or self",
        "self",
    ),
    _engine(
        "a unit sees those before it in its batch",
        "        self.accounts |= self.tried_accounts\n",
        "",
    ),
    _engine(
        "a unit sees the transactions before it in its batch",
        "        self.transactions |= self.tried_transactions\n",
        "",
    ),
    _engine("only what changed is written", " if one is not before.get(id_)", ""),
]

ENGINE_MUTANTS = [
    *_WHAT_A_DRAFT_NEEDS,
    *_FLOORS,
    *_COUNTERS,
    *_HOLDS,
    *_REVERSALS,
    *_HELD_REVERSALS,
    *_UNITS,
]
