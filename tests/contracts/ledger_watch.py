"""A ledger of a store, watched: what it must have kept is remembered, and compared."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from attrs import Factory, define, evolve

from payflow_domain.ids import LedgerId, TransactionId
from payflow_domain.ledger.accounts import Account, Counters, Phase, Side
from payflow_domain.ledger.decisions import Applied
from payflow_domain.ledger.journal import link
from payflow_domain.ledger.ledgers import GENESIS, Ledger
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Command, Entry, Hold, Post
from tests.builders.times import TICK
from tests.contracts.ledger_lists import walk
from tests.contracts.ledger_model import ModelLedger
from tests.strategies.ledger import FIRST_IDS

LISTED_MAX = 101
_POSTS = {Phase.POSTED: 1, Phase.HELD: 0, Phase.SETTLED: 1, Phase.VOIDED: 0}
_HOLDS = {Phase.POSTED: 0, Phase.HELD: 1, Phase.SETTLED: -1, Phase.VOIDED: -1}


@define
class WatchedLedger:
    """One ledger with its model, the entries it made, and its balances after each commit."""

    ledgers: Ledgers
    id: LedgerId
    model: ModelLedger = Factory(ModelLedger)
    opened: list[Account] = Factory(list)
    entries: list[Entry] = Factory(list)
    moments: list[tuple[datetime, dict[str, tuple[int, int, int]]]] = Factory(list)
    read: int = 0
    head: bytes = GENESIS

    def open(self, account: Account) -> None:
        self.opened.append(self.ledgers.open_account(self.id, account))
        self.model.open(account)

    def of_state(self, *states: str) -> list[TransactionId]:
        return [TransactionId(name) for name in self.model.of_state(*states)]

    def left_of(self, transaction_id: TransactionId) -> int:
        """Return how much of a transaction can be settled or reversed."""
        known = self.model.transactions.get(transaction_id)
        return known.left if known else 0

    def resolve(self, command: Command) -> Command:
        """Let a command that names one of ``FIRST_IDS`` name one of the last transactions."""
        if isinstance(command, Post | Hold):
            return command
        latest = dict(zip(FIRST_IDS, reversed(self.model.transactions), strict=False))
        named = latest.get(command.transaction_id, command.transaction_id)
        return evolve(command, transaction_id=TransactionId(named))

    def stored(self) -> Ledger:
        ledger = self.ledgers.reader.ledger(self.id)
        assert ledger is not None
        return ledger

    def accounts(self) -> list[Account]:
        found = self.ledgers.reader.accounts([(self.id, account.id) for account in self.opened])
        assert None not in found
        return [account for account in found if account]

    def all_of_it(self) -> object:
        """Return what must stay as it is when a command is refused."""
        reader = self.ledgers.reader
        listed = reader.transactions(self.id, TransactionFilter(), Page(LISTED_MAX))
        return self.stored(), self.accounts(), listed, reader.events(self.id, self.read, 1)

    def take(self, applied: Sequence[Applied]) -> None:
        """Remember what commands made; each must balance by itself."""
        for one in applied:
            net: Counter[Phase] = Counter()
            for entry in one.entries:
                net[entry.phase] += entry.amount if entry.side is Side.DEBIT else -entry.amount
            assert not any(net.values())
            self.entries += one.entries

    def remember(self) -> None:
        """Remember the balances after a commit."""
        self.moments.append((self.stored().last_at, self.model.balances()))

    def check(self) -> None:
        """Compare all that is cheap to compare."""
        self.check_accounts()
        self.check_journal()
        self.check_transactions()

    def check_accounts(self) -> None:
        """The model's balances, conserved, above their floors, and the sum of the entries."""
        accounts, made = self.accounts(), defaultdict[str, list[Entry]](list)
        for entry in self.entries:
            made[entry.account_id].append(entry)
        net: Counter[tuple[str, str]] = Counter()
        for account in accounts:
            now, counters = account.balance, account.counters
            balance = now.posted, now.pending, now.available
            expected = self.model.accounts[account.id]
            assert balance == expected.balance
            may_be_below = account.floor is None or expected.is_below
            assert may_be_below or now.available >= (account.floor or 0)
            assert counters == _summed(made[account.id])
            assert account.version == len(made[account.id])
            net[account.currency, "posted"] += counters.debits_posted - counters.credits_posted
            net[account.currency, "pending"] += counters.debits_pending - counters.credits_pending
        assert not any(net.values())

    def check_journal(self) -> None:
        """Every number is there once, and each event is linked to the one before."""
        while events := self.ledgers.reader.events(self.id, self.read, 100):
            for event in events:
                self.read, self.head = self.read + 1, link(self.head, event.body)
                assert (event.sequence, event.hash) == (self.read, self.head)
        ledger = self.stored()
        assert (ledger.sequence, ledger.head) == (self.read, self.head)

    def check_transactions(self) -> None:
        listed = self.ledgers.reader.transactions(self.id, TransactionFilter(), Page(LISTED_MAX))
        assert len(listed) == min(len(self.model.transactions), LISTED_MAX)
        for transaction in listed:
            expected = self.model.transactions[transaction.id]
            taken = transaction.reversed_amount + transaction.reversing_amount
            left = transaction.amount - taken
            assert transaction.status.value == expected.state
            assert (transaction.amount, left) == (expected.amount, expected.left)

    def check_balances_at(self, moment: int) -> None:
        """From a commit until just before the next one, balances are what they were then."""
        at, balances = self.moments[moment]
        times = [at]
        if moment + 1 < len(self.moments):
            times.append(self.moments[moment + 1][0] - TICK)
        for account in self.opened:
            for time in times:
                then = self.ledgers.balance_at(self.id, account.id, time).balance
                known = balances.get(account.id, (0, 0, 0))
                assert (then.posted, then.pending, then.available) == known

    def check_statement(self, account: Account, limit: int) -> None:
        """Each line leads from the balance of the line below it to its own."""
        lines = walk(
            lambda page: self.ledgers.statement(self.id, account.id, page),
            lambda line: line[0].position,
            limit,
        )
        posted = 0
        for entry, transaction, after in reversed(lines):
            posted += entry.amount if entry.side is account.normal_side else -entry.amount
            assert after.posted == posted
            assert transaction.id == entry.transaction_id
        assert posted == self.model.accounts[account.id].posted


def _summed(entries: Sequence[Entry]) -> Counters:
    """Add up entries by their phase."""
    sums: Counter[tuple[Side, str]] = Counter()
    for entry in entries:
        sums[entry.side, "posted"] += _POSTS[entry.phase] * entry.amount
        sums[entry.side, "pending"] += _HOLDS[entry.phase] * entry.amount
    return Counters(
        sums[Side.DEBIT, "posted"],
        sums[Side.CREDIT, "posted"],
        sums[Side.DEBIT, "pending"],
        sums[Side.CREDIT, "pending"],
    )
