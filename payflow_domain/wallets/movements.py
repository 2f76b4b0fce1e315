"""How the movements of wallets are booked."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from payflow_domain.ids import TRANSACTION, WALLET, AccountId, TransactionId, is_id
from payflow_domain.ledger.accounts import AccountKind, system_account_id
from payflow_domain.ledger.errors import TransactionNotFound
from payflow_domain.ledger.transactions import (
    Draft,
    Post,
    Reverse,
    TransactionType,
    Unit,
    two_legged,
)
from payflow_domain.money import Money
from payflow_domain.texts import DESCRIPTION_LENGTH_MAX, check_metadata, check_text
from payflow_domain.wallets.model import WalletNotFound


@frozen
class Note:
    """What a caller writes on a movement; raises ``InvalidText`` out of bounds."""

    description: str | None = None
    metadata: Mapping[str, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Refuse words out of bounds."""
        if self.description is not None:
            check_text(self.description, DESCRIPTION_LENGTH_MAX)
        check_metadata(self.metadata)


NO_NOTE = Note()

REVERSIBLE = frozenset({TransactionType.CREDIT, TransactionType.DEBIT, TransactionType.TRANSFER})
"""The types of transactions that a partner may take back."""


def book_transfer(
    from_wallet_id: str, to_wallet_id: str, money: Money, note: Note = NO_NOTE
) -> Unit:
    """Dr one wallet / Cr the other; raises ``WalletNotFound``."""
    draft = _draft(
        TransactionType.TRANSFER,
        money,
        debit=wallet_account(from_wallet_id),
        credit=wallet_account(to_wallet_id),
        note=note,
    )
    return (Post(draft),)


def book_credit(wallet_id: str, money: Money, note: Note = NO_NOTE) -> Unit:
    """Dr partner settlement / Cr wallet; raises ``WalletNotFound``."""
    draft = _draft(
        TransactionType.CREDIT,
        money,
        debit=system_account_id(AccountKind.PARTNER_SETTLEMENT, money.currency),
        credit=wallet_account(wallet_id),
        note=note,
    )
    # The wallet first: a currency that it is not kept in may have no settlement account.
    return (Post(evolve(draft, postings=draft.postings[::-1])),)


def book_debit(wallet_id: str, money: Money, note: Note = NO_NOTE) -> Unit:
    """Dr wallet / Cr partner settlement; raises ``WalletNotFound``."""
    draft = _draft(
        TransactionType.DEBIT,
        money,
        debit=wallet_account(wallet_id),
        credit=system_account_id(AccountKind.PARTNER_SETTLEMENT, money.currency),
        note=note,
    )
    return (Post(draft),)


def book_reversal(transaction_id: str, amount: int | None = None, note: Note = NO_NOTE) -> Unit:
    """Take back ``amount`` minor units (``None``: what is left) of a completed transaction.

    Raises ``TransactionNotFound``.
    """
    if not is_id(transaction_id, TRANSACTION):
        raise TransactionNotFound(transaction_id)
    return (
        Reverse(
            TransactionId(transaction_id),
            amount,
            note.description,
            note.metadata,
            of_types=REVERSIBLE,
        ),
    )


def wallet_account(wallet_id: str) -> AccountId:
    """Return the account of a wallet; only a wallet's id will do. Raises ``WalletNotFound``."""
    if not is_id(wallet_id, WALLET):
        raise WalletNotFound(wallet_id)
    return AccountId(wallet_id)


def _draft(
    type_: TransactionType, money: Money, *, debit: AccountId, credit: AccountId, note: Note
) -> Draft:
    return two_legged(
        type_,
        money,
        debit=debit,
        credit=credit,
        description=note.description,
        metadata=note.metadata,
    )
