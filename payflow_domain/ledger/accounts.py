"""Accounts and the balances that derive from their counters."""

import re
from enum import StrEnum

from attrs import frozen

from payflow_domain.ids import AccountId
from payflow_domain.ledger.errors import BalanceOverflow, InvalidAccountId

_ACCOUNT_ID = re.compile(r"[0-9A-Za-z_:.-]{1,100}")

MAX_COUNTER = 2**63 - 1
"""The largest value of a counter: what a 64-bit column holds."""


class Side(StrEnum):
    """The side of an account that an entry is on."""

    DEBIT = "debit"
    CREDIT = "credit"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


class AccountKind(StrEnum):
    """What an account is for."""

    WALLET = "wallet"
    GATEWAY_CLEARING = "gateway_clearing"
    PAYOUTS_IN_TRANSIT = "payouts_in_transit"
    PARTNER_SETTLEMENT = "partner_settlement"
    GATEWAY_FEES = "gateway_fees"
    SUSPENSE = "suspense"


NORMAL_SIDE = {
    AccountKind.WALLET: Side.CREDIT,
    AccountKind.GATEWAY_CLEARING: Side.DEBIT,
    AccountKind.PAYOUTS_IN_TRANSIT: Side.CREDIT,
    AccountKind.PARTNER_SETTLEMENT: Side.CREDIT,
    AccountKind.GATEWAY_FEES: Side.DEBIT,
    AccountKind.SUSPENSE: Side.CREDIT,
}
"""The side that increases an account: debit for what is owned, credit for what is owed."""


class Phase(StrEnum):
    """What an entry did to its amount."""

    POSTED = "posted"
    HELD = "held"
    SETTLED = "settled"
    VOIDED = "voided"


_EFFECT = {
    Phase.POSTED: (1, 0),
    Phase.HELD: (0, 1),
    Phase.SETTLED: (1, -1),
    Phase.VOIDED: (0, -1),
}
"""How many times its amount an entry adds to the posted and to the pending counter."""


@frozen
class Counters:
    """Sums of entries in minor units, each from 0 to ``MAX_COUNTER``."""

    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    def after(self, side: Side, phase: Phase, amount: int) -> "Counters":
        """Return the counters with one more entry, which may be above ``MAX_COUNTER``."""
        posts, holds = _EFFECT[phase]
        posted, pending = posts * amount, holds * amount
        if side is Side.DEBIT:
            return Counters(
                self.debits_posted + posted,
                self.credits_posted,
                self.debits_pending + pending,
                self.credits_pending,
            )
        return Counters(
            self.debits_posted,
            self.credits_posted + posted,
            self.debits_pending,
            self.credits_pending + pending,
        )

    @property
    def largest(self) -> int:
        """The largest of the four."""
        return max(
            self.debits_posted, self.credits_posted, self.debits_pending, self.credits_pending
        )


@frozen
class Balance:
    """What an account holds, in minor units, positive on its normal side.

    ``posted`` is final. ``pending`` is what pending transactions would add to it (below zero:
    take from it). ``available`` is ``posted`` less what pending transactions would take;
    pending money coming in is not available.
    """

    posted: int
    pending: int
    available: int

    @property
    def held(self) -> int:
        """What pending transactions would take."""
        return self.posted - self.available


def balance(counters: Counters, normal_side: Side) -> Balance:
    """Derive the balance of an account from its counters."""
    posted = counters.credits_posted - counters.debits_posted
    incoming, outgoing = counters.credits_pending, counters.debits_pending
    if normal_side is Side.DEBIT:
        posted, incoming, outgoing = -posted, outgoing, incoming
    return Balance(posted, incoming - outgoing, posted - outgoing)


@frozen
class Account:
    """One account of a ledger, in one currency.

    ``floor`` is the least that may be available after a movement that takes from the account;
    ``None`` means no limit. A closed account (``is_open`` false) takes part in no new
    transaction, while what is pending may still settle. ``version`` counts its entries, and
    ``sequence`` is the journal number of the last event that concerned it.
    """

    id: AccountId
    kind: AccountKind
    currency: str
    floor: int | None
    counters: Counters = Counters()
    version: int = 0
    sequence: int = 0
    is_open: bool = True

    def after(self, side: Side, phase: Phase, amount: int, sequence: int) -> "Account":
        """Return the account with one more entry, which event number ``sequence`` tells of.

        Raises ``BalanceOverflow``.
        """
        counters = self.counters.after(side, phase, amount)
        if counters.largest > MAX_COUNTER:
            detail = "The wallet cannot count that much; use another wallet."
            raise BalanceOverflow(detail, subject=self.id)
        # In the order of the fields: ``evolve`` costs three times as much, at every entry.
        return Account(
            self.id,
            self.kind,
            self.currency,
            self.floor,
            counters,
            self.version + 1,
            sequence,
            self.is_open,
        )

    @property
    def normal_side(self) -> Side:
        """The side that increases the account."""
        return NORMAL_SIDE[self.kind]

    @property
    def balance(self) -> Balance:
        """The present balance."""
        return balance(self.counters, self.normal_side)

    @property
    def available(self) -> int:
        """What the present balance has available."""
        # Without the balance itself: the engine asks at every entry.
        counters = self.counters
        if NORMAL_SIDE[self.kind] is Side.DEBIT:
            return counters.debits_posted - counters.credits_posted - counters.credits_pending
        return counters.credits_posted - counters.debits_posted - counters.debits_pending


def check_account_id(account_id: AccountId) -> None:
    """Refuse an id that is not 1 to 100 letters, digits and ``_ : . -``.

    Raises ``InvalidAccountId``.
    """
    if not _ACCOUNT_ID.fullmatch(account_id):
        detail = "An account id has 1 to 100 ASCII letters, digits and the characters _ : . -"
        raise InvalidAccountId(detail, subject=account_id)


def system_account_id(kind: AccountKind, currency: str) -> AccountId:
    """Name the ledger's own account of that kind, such as ``partner_settlement:EUR``."""
    return AccountId(f"{kind.value}:{currency}")


def system_accounts(currency: str, settlement_floor: int | None) -> tuple[Account, ...]:
    """Open the accounts that a ledger needs for a currency besides its wallets.

    ``settlement_floor`` limits how far wallets may be credited without a payment method.
    """
    return tuple(
        Account(
            id=system_account_id(kind, currency),
            kind=kind,
            currency=currency,
            floor=settlement_floor if kind is AccountKind.PARTNER_SETTLEMENT else None,
        )
        for kind in AccountKind
        if kind is not AccountKind.WALLET
    )
