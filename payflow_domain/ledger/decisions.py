"""What the posting engine is given, and what it makes of it."""

from collections.abc import Mapping

from attrs import field, frozen

from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import Account, AccountKind, Phase
from payflow_domain.ledger.transactions import Entry, Transaction

MOVES = frozenset({Phase.POSTED, Phase.SETTLED})
"""What an entry does where it moves the posted balance."""


@frozen
class Books:
    """The part of a ledger that a batch of commands can touch.

    ``sequence`` is the number of the last event of the journal.
    """

    sequence: int
    accounts: Mapping[AccountId, Account]
    transactions: Mapping[TransactionId, Transaction] = field(factory=dict)


@frozen
class Applied:
    """A command that took effect.

    ``accounts`` has the account of each of ``entries`` as that entry left it. ``reversed`` is
    the original of a final reversal, as it is now, and ``payout`` the payout that came to an end.
    The journal numbers of its events follow one another: the first, ``transaction.sequence``,
    tells of the transaction, then one tells of each wallet whose posted balance moved, then one
    of ``reversed`` and the last one of ``payout``.
    """

    transaction: Transaction
    entries: tuple[Entry, ...]
    accounts: tuple[Account, ...]
    reversed: Transaction | None = None
    payout: Transaction | None = None

    @property
    def wallet_moves(self) -> list[Entry]:
        """The entries that moved the posted balance of a wallet: each wallet's last, if any."""
        return [
            entry
            for entry, account in zip(self.entries, self.accounts, strict=True)
            if account.kind is AccountKind.WALLET and entry.phase in MOVES
        ]

    @property
    def wallets(self) -> list[Account]:
        """The wallets it touched, as it left them."""
        last = {a.id: a for a in self.accounts if a.kind is AccountKind.WALLET}
        return list(last.values())


Outcome = tuple[Applied, ...] | PayFlowError
"""What became of a unit: all of its commands applied, or the reason that none was.

The reason's ``position`` tells which command was refused.
"""


@frozen
class Decisions:
    """What became of a batch: an outcome for each unit, and the new states."""

    outcomes: list[Outcome]
    sequence: int
    accounts: Mapping[AccountId, Account]
    transactions: Mapping[TransactionId, Transaction]
