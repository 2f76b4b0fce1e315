"""A ledger in the simplest terms: what the real one is compared with.

It shares no rule with the engine: signed integers instead of counters, dictionaries instead of
values, and it predicts every refusal by itself.
"""

from copy import deepcopy
from datetime import datetime

from attrs import Factory, define

from payflow_domain.ledger.accounts import Account, AccountKind, Side
from payflow_domain.ledger.idempotency import RETENTION, Answer
from payflow_domain.ledger.transactions import Command, Draft, Hold, Post, Reverse, Settle, Void

DEBIT_NORMAL = {AccountKind.GATEWAY_CLEARING, AccountKind.GATEWAY_FEES}
WHOLE_ONLY_LEGS = 3

Legs = list[tuple[str, int]]
"""Accounts and what they get: above zero on the credit side, below on the debit side."""


class Refused(Exception):
    """The model refuses; its argument is the code of the refusal."""


@define
class ModelAccount:
    """``sign`` turns a credit into more (1) or less (-1) of what the account holds."""

    currency: str
    sign: int
    floor: int | None
    posted: int = 0
    incoming: int = 0
    outgoing: int = 0

    @property
    def balance(self) -> tuple[int, int, int]:
        """Posted, pending and available."""
        return self.posted, self.incoming - self.outgoing, self.posted - self.outgoing

    def take_in(self, credit: int) -> None:
        """Add to the posted balance, unless the floor forbids it."""
        self.posted += credit * self.sign
        self._check(credit)

    def hold(self, credit: int) -> None:
        change = credit * self.sign
        self.incoming += max(change, 0)
        self.outgoing += max(-change, 0)
        self._check(credit)

    def release(self, credit: int) -> None:
        change = credit * self.sign
        self.incoming -= max(change, 0)
        self.outgoing -= max(-change, 0)

    def _check(self, credit: int) -> None:
        takes = credit * self.sign < 0
        if takes and self.floor is not None and self.posted - self.outgoing < self.floor:
            raise Refused("insufficient_funds")


@define
class ModelTransaction:
    """``state`` is pending, posted or voided; ``left`` can still be reversed."""

    legs: Legs
    amount: int
    state: str
    left: int
    is_reversal: bool = False


@define
class ModelKey:
    """A spent key."""

    fingerprint: bytes
    answer: Answer | None
    at: datetime


@define
class ModelLedger:
    """One ledger."""

    accounts: dict[str, ModelAccount] = Factory(dict)
    transactions: dict[str, ModelTransaction] = Factory(dict)
    keys: dict[str, ModelKey] = Factory(dict)

    def open(self, account: Account) -> None:
        sign = -1 if account.kind in DEBIT_NORMAL else 1
        self.accounts[account.id] = ModelAccount(account.currency, sign, account.floor)

    def balances(self) -> dict[str, tuple[int, int, int]]:
        return {name: account.balance for name, account in self.accounts.items()}

    def of_state(self, *states: str) -> list[str]:
        """Return the ids of transactions in one of those states."""
        return [name for name, each in self.transactions.items() if each.state in states]

    def key(self, name: str, now: datetime) -> ModelKey | None:
        """Return a key unless it is forgotten."""
        key = self.keys.get(name)
        return None if key is None or now - key.at > RETENTION else key

    def refusal_of(self, commands: list[tuple[Command, str]]) -> str | None:
        """Apply commands, each with the id of what it makes, all or none: then say why not."""
        before = deepcopy((self.accounts, self.transactions))
        try:
            for command, name in commands:
                self._apply(command, name)
        except Refused as refused:
            self.accounts, self.transactions = before
            return str(refused)
        return None

    def _apply(self, command: Command, name: str) -> None:
        match command:
            case Post(draft):
                self._make(self._legs(draft), draft.money.amount, name, "posted")
            case Hold(draft):
                self._make(self._legs(draft), draft.money.amount, name, "pending")
            case Settle(settled, amount):
                self._settle(self._pending(settled), amount)
            case Void(voided):
                self._void(self._pending(voided))
            case Reverse(original, amount):
                self._reverse(self._found(original), amount, name)

    def _make(
        self, legs: Legs, amount: int, name: str, state: str, *, is_reversal: bool = False
    ) -> None:
        for account, credit in legs:
            if state == "posted":
                self.accounts[account].take_in(credit)
            else:
                self.accounts[account].hold(credit)
        self.transactions[name] = ModelTransaction(legs, amount, state, amount, is_reversal)

    def _settle(self, held: ModelTransaction, amount: int | None) -> None:
        part = held.amount if amount is None else amount
        if part > held.amount:
            raise Refused("settlement_exceeds_hold")
        settled = self._part(held, part)
        self._void(held)
        for account, credit in settled:
            self.accounts[account].posted += credit * self.accounts[account].sign
        held.legs, held.amount, held.left, held.state = settled, part, part, "posted"

    def _void(self, held: ModelTransaction) -> None:
        for account, credit in held.legs:
            self.accounts[account].release(credit)
        held.state = "voided"

    def _reverse(self, original: ModelTransaction, amount: int | None, name: str) -> None:
        if original.state != "posted" or original.is_reversal:
            raise Refused("transaction_not_reversible")
        if original.left == 0:
            raise Refused("transaction_already_reversed")
        part = original.left if amount is None else amount
        if part > original.left:
            raise Refused("reversal_exceeds_original")
        legs = [(account, -credit) for account, credit in self._part(original, part)]
        original.left -= part
        self._make(legs, part, name, "posted", is_reversal=True)

    def _found(self, name: str) -> ModelTransaction:
        if name not in self.transactions:
            raise Refused("transaction_not_found")
        return self.transactions[name]

    def _pending(self, name: str) -> ModelTransaction:
        found = self._found(name)
        if found.state != "pending":
            raise Refused("transaction_not_pending")
        return found

    def _part(self, whole: ModelTransaction, amount: int) -> Legs:
        if amount == whole.amount:
            return whole.legs
        if len(whole.legs) >= WHOLE_ONLY_LEGS:
            raise Refused("transaction_not_divisible")
        return [(account, amount if credit > 0 else -amount) for account, credit in whole.legs]

    def _legs(self, draft: Draft) -> Legs:
        """Check a draft, in the order in which the ledger promises no particular one."""
        legs: Legs = []
        for posting in draft.postings:
            if posting.account_id not in self.accounts:
                raise Refused("wallet_not_found")
            if posting.account_id in dict(legs):
                raise Refused("same_wallet")
            if self.accounts[posting.account_id].currency != draft.money.currency:
                raise Refused("currency_mismatch")
            sign = 1 if posting.side is Side.CREDIT else -1
            legs.append((posting.account_id, sign * posting.amount))
        is_uneven = sum(credit for _, credit in legs) != 0
        is_misnamed = len(legs) == 2 and abs(legs[0][1]) != draft.money.amount
        if len(legs) < 2 or is_uneven or is_misnamed:
            raise Refused("unbalanced")
        return legs
