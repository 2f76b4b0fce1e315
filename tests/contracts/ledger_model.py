"""A ledger in the simplest terms: what the real one is compared with.

It shares no rule with the engine: signed integers instead of counters, dictionaries instead of
values, and it predicts every refusal by itself.
"""

from collections.abc import Collection
from copy import deepcopy
from datetime import datetime

from attrs import Factory, define

from payflow_domain.ledger.accounts import Account, AccountKind, Side
from payflow_domain.ledger.idempotency import RETENTION, Answer
from payflow_domain.ledger.transactions import (
    Command,
    Draft,
    Hold,
    Post,
    Reverse,
    Settle,
    TransactionType,
    Void,
)

DEBIT_NORMAL = {AccountKind.GATEWAY_CLEARING, AccountKind.GATEWAY_FEES}
WHOLE_ONLY_LEGS = 3

Legs = list[tuple[str, int]]
"""Accounts and what they get: above zero on the credit side, below on the debit side."""


class Refused(Exception):
    """The model refuses; its argument is the code of the refusal."""


@define
class ModelAccount:
    """``sign`` turns a credit into more (1) or less (-1) of what the account holds.

    ``is_below`` once something was let to take it below its floor.
    """

    currency: str
    sign: int
    floor: int | None
    posted: int = 0
    incoming: int = 0
    outgoing: int = 0
    is_below: bool = False

    @property
    def balance(self) -> tuple[int, int, int]:
        """Posted, pending and available."""
        return self.posted, self.incoming - self.outgoing, self.posted - self.outgoing

    def take_in(self, credit: int, *, beyond_floor: bool) -> None:
        """Add to the posted balance, unless the floor forbids it."""
        self.posted += credit * self.sign
        self._check(credit, beyond_floor=beyond_floor)

    def hold(self, credit: int, *, beyond_floor: bool) -> None:
        change = credit * self.sign
        self.incoming += max(change, 0)
        self.outgoing += max(-change, 0)
        self._check(credit, beyond_floor=beyond_floor)

    def release(self, credit: int) -> None:
        change = credit * self.sign
        self.incoming -= max(change, 0)
        self.outgoing -= max(-change, 0)

    def _check(self, credit: int, *, beyond_floor: bool) -> None:
        takes = credit * self.sign < 0
        if takes and self.floor is not None and self.posted - self.outgoing < self.floor:
            if not beyond_floor:
                raise Refused("insufficient_funds")
            self.is_below = True


@define
class ModelTransaction:
    """``state`` is pending, posted or voided; ``left`` can still be reversed.

    ``reverses`` is the id of what it takes back.
    """

    legs: Legs
    amount: int
    state: str
    left: int
    type: str
    reverses: str | None = None


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
            case Post(draft) | Hold(draft):
                made = ModelTransaction(
                    legs=self._legs(draft),
                    amount=draft.money.amount,
                    state="posted" if isinstance(command, Post) else "pending",
                    left=draft.money.amount,
                    type=draft.type,
                )
                self._make(made, name, draft.beyond_floor)
            case Settle(settled, amount):
                self._settle(self._pending(settled), amount)
            case Void(voided):
                self._void(self._pending(voided))
            case Reverse():
                self._reverse(command, name)

    def _make(self, made: ModelTransaction, name: str, beyond_floor: Collection[str]) -> None:
        for account, credit in made.legs:
            books = self.accounts[account]
            enter = books.take_in if made.state == "posted" else books.hold
            enter(credit, beyond_floor=account in beyond_floor)
        self.transactions[name] = made

    def _settle(self, held: ModelTransaction, amount: int | None) -> None:
        part = held.amount if amount is None else amount
        if part > held.amount:
            raise Refused("settlement_exceeds_hold")
        settled = self._part(held, part)
        self._void(held)
        if held.reverses is not None:
            self.transactions[held.reverses].left -= part
        for account, credit in settled:
            self.accounts[account].posted += credit * self.accounts[account].sign
        held.legs, held.amount, held.left, held.state = settled, part, part, "posted"

    def _void(self, held: ModelTransaction) -> None:
        for account, credit in held.legs:
            self.accounts[account].release(credit)
        if held.reverses is not None:
            self.transactions[held.reverses].left += held.amount
        held.state = "voided"

    def _reverse(self, command: Reverse, name: str) -> None:
        original = self._found(command.transaction_id)
        can_be = original.state == "posted" and original.reverses is None
        if not can_be or original.type not in command.of_types:
            raise Refused("transaction_not_reversible")
        if original.left == 0:
            raise Refused("transaction_already_reversed")
        part = original.left if command.amount is None else command.amount
        if part > original.left:
            raise Refused("reversal_exceeds_original")
        instead = {str(old): str(new) for old, new in command.instead.items()}
        legs = [(instead.get(a, a), -credit) for a, credit in self._part(original, part)]
        currencies = {self._account(account).currency for account, _ in legs}
        if len({account for account, _ in legs}) < len(legs):
            raise Refused("same_wallet")
        if len(currencies) > 1:
            raise Refused("currency_mismatch")
        state = "pending" if command.is_held else "posted"
        reverses = command.transaction_id
        made = ModelTransaction(legs, part, state, part, TransactionType.REVERSAL, reverses)
        self._make(made, name, instead.values())
        original.left -= part

    def _account(self, name: str) -> ModelAccount:
        if name not in self.accounts:
            raise Refused("wallet_not_found")
        return self.accounts[name]

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
            self._account(posting.account_id)
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
