"""How payments are booked: which commands each step of one gives the ledger."""

from collections.abc import Mapping

from attrs import evolve

from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import AccountKind, Side, system_account_id
from payflow_domain.ledger.transactions import (
    Draft,
    Failure,
    Hold,
    Post,
    Reverse,
    Settle,
    Status,
    Transaction,
    TransactionType,
    Unit,
    Void,
    two_legged,
)
from payflow_domain.money import Money
from payflow_domain.wallets.movements import Note

NOTHING: Unit = ()


def clearing(currency: str) -> AccountId:
    """Name the account of what the gateway holds for the partner."""
    return system_account_id(AccountKind.GATEWAY_CLEARING, currency)


def settlement(currency: str) -> AccountId:
    """Name the account that stands in where a wallet cannot."""
    return system_account_id(AccountKind.PARTNER_SETTLEMENT, currency)


def _in_transit(currency: str) -> AccountId:
    return system_account_id(AccountKind.PAYOUTS_IN_TRANSIT, currency)


def _suspense(currency: str) -> AccountId:
    return system_account_id(AccountKind.SUSPENSE, currency)


def hold_charge(wallet_id: AccountId, money: Money, note: Note) -> Unit:
    """Dr gateway clearing / Cr wallet, pending."""
    draft = _noted(
        _draft(TransactionType.CREDIT, money, debit=clearing(money.currency), credit=wallet_id),
        note,
    )
    # The wallet first: a currency that it is not kept in may have no clearing account.
    return (Hold(evolve(draft, postings=draft.postings[::-1])),)


def hold_payout(wallet_id: AccountId, money: Money, note: Note) -> Unit:
    """Dr wallet / Cr payouts in transit, pending: the money is no longer available."""
    transit = _in_transit(money.currency)
    draft = _draft(TransactionType.PAYOUT, money, debit=wallet_id, credit=transit)
    return (Hold(_noted(draft, note)),)


def hold_refund(charge_id: TransactionId, amount: int | None, note: Note) -> Unit:
    """Dr wallet / Cr gateway clearing, pending: its part of the charge is reserved."""
    return (Reverse(charge_id, amount, note.description, note.metadata, is_held=True),)


def settle(held: Transaction) -> Unit:
    """Make a charge or a refund final."""
    return (Settle(held.id),)


def void(held: Transaction, failure: Failure | None) -> Unit:
    """Undo what failed."""
    return (Void(held.id, failure),)


def pay(payout: Transaction) -> Unit:
    """Make a payout final, and then Dr payouts in transit / Cr gateway clearing."""
    paid = _draft(
        TransactionType.PAYOUT_SETTLEMENT,
        payout.money,
        debit=_in_transit(payout.currency),
        credit=clearing(payout.currency),
    )
    return (Settle(payout.id), Post(paid))


def take_payout_back(payout: Transaction, instead: Mapping[AccountId, AccountId]) -> Unit:
    """Give the wallet its money back, and then Dr gateway clearing / Cr payouts in transit."""
    came_back = _draft(
        TransactionType.ADJUSTMENT,
        payout.money,
        debit=clearing(payout.currency),
        credit=_in_transit(payout.currency),
    )
    returned = Reverse(payout.id, instead=instead, description="Payout returned")
    return (returned, Post(came_back))


def take_refund_back(refund: Transaction, instead: Mapping[AccountId, AccountId]) -> Unit:
    """Dr gateway clearing / Cr where it was taken from: what was refunded came back."""
    payer = _account_on(Side.DEBIT, refund)
    draft = _draft(
        TransactionType.ADJUSTMENT,
        refund.money,
        debit=clearing(refund.currency),
        credit=instead.get(payer, payer),
    )
    return (Post(evolve(draft, description="Refund failed")),)


def refund_made_elsewhere(
    charge: Transaction, money: Money, instead: Mapping[AccountId, AccountId]
) -> Unit:
    """Dr where the charge went / Cr gateway clearing: the gateway has given it back already.

    It reverses the charge, unless the books have nothing to reverse: the charge had been given
    up, or earlier refunds of it came back. Refunds that are under way may yet make room.
    """
    description = "Refunded at the gateway"
    left = charge.amount - charge.reversed_amount - charge.reversing_amount
    if charge.status is Status.POSTED and (money.amount <= left or charge.reversing_amount):
        return (Reverse(charge.id, money.amount, description, instead=instead),)
    return _take_for(charge, TransactionType.ADJUSTMENT, money, description, instead)


def take_disputed(
    charge: Transaction, money: Money, instead: Mapping[AccountId, AccountId]
) -> Unit:
    """Dr where the charge went / Cr gateway clearing: the gateway has taken it."""
    return _take_for(charge, TransactionType.DISPUTE, money, "Disputed at the gateway", instead)


def give_disputed_back(dispute: Transaction, instead: Mapping[AccountId, AccountId]) -> Unit:
    """Dr gateway clearing / Cr where it was taken from."""
    return (Reverse(dispute.id, description="Dispute won", instead=instead),)


def keep_in_suspense(money: Money) -> Unit:
    """Dr gateway clearing / Cr suspense: money that came after its transaction had failed."""
    draft = _draft(
        TransactionType.ADJUSTMENT,
        money,
        debit=clearing(money.currency),
        credit=_suspense(money.currency),
    )
    return (Post(evolve(draft, description="Charged after it had been given up")),)


def pay_fee(money: Money, description: str) -> Unit:
    """Dr gateway fees / Cr gateway clearing."""
    draft = _draft(
        TransactionType.FEE,
        money,
        debit=system_account_id(AccountKind.GATEWAY_FEES, money.currency),
        credit=clearing(money.currency),
    )
    return (Post(evolve(draft, description=description)),)


def _take_for(
    charge: Transaction,
    type_: TransactionType,
    money: Money,
    description: str,
    instead: Mapping[AccountId, AccountId],
) -> Unit:
    """Dr where the charge went / Cr gateway clearing."""
    holder = _account_on(Side.CREDIT, charge)
    if charge.status is Status.VOIDED:
        holder = _suspense(money.currency)
    draft = _draft(type_, money, debit=instead.get(holder, holder), credit=clearing(money.currency))
    beyond = frozenset(instead.values())
    return (Post(evolve(draft, beyond_floor=beyond, description=description)),)


def _account_on(side: Side, transaction: Transaction) -> AccountId:
    """Return the account on that side of a transaction of two postings."""
    (account_id,) = [p.account_id for p in transaction.postings if p.side is side]
    return account_id


def _draft(type_: TransactionType, money: Money, *, debit: AccountId, credit: AccountId) -> Draft:
    return two_legged(type_, money, debit=debit, credit=credit)


def _noted(draft: Draft, note: Note) -> Draft:
    return evolve(draft, description=note.description, metadata=note.metadata)
