"""How payments are booked: which commands each step of one gives the ledger."""

from collections.abc import Mapping

from attrs import evolve

from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import AccountKind, system_account_id
from payflow_domain.ledger.transactions import (
    Draft,
    Failure,
    Hold,
    Post,
    Reverse,
    Settle,
    TransactionType,
    Unit,
    Void,
    two_legged,
)
from payflow_domain.money import Money
from payflow_domain.payments.model import Payment
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


def settle(payment: Payment) -> Unit:
    """Make a charge or a refund final."""
    return (Settle(payment.transaction_id),)


def void(payment: Payment, failure: Failure | None) -> Unit:
    """Undo what failed."""
    return (Void(payment.transaction_id, failure),)


def pay(payment: Payment) -> Unit:
    """Make a payout final, and then Dr payouts in transit / Cr gateway clearing."""
    currency = payment.money.currency
    paid = _draft(
        TransactionType.PAYOUT_SETTLEMENT,
        payment.money,
        debit=_in_transit(currency),
        credit=clearing(currency),
    )
    return (Settle(payment.transaction_id), Post(paid))


def take_payout_back(payment: Payment, instead: Mapping[AccountId, AccountId]) -> Unit:
    """Give the wallet its money back, and then Dr gateway clearing / Cr payouts in transit."""
    currency = payment.money.currency
    came_back = _draft(
        TransactionType.ADJUSTMENT,
        payment.money,
        debit=clearing(currency),
        credit=_in_transit(currency),
    )
    returned = Reverse(payment.transaction_id, instead=instead, description="Payout returned")
    return (returned, Post(came_back))


def take_refund_back(payment: Payment, instead: Mapping[AccountId, AccountId]) -> Unit:
    """Dr gateway clearing / Cr wallet: what was refunded came back."""
    wallet = instead.get(payment.wallet_id, payment.wallet_id)
    draft = _draft(
        TransactionType.ADJUSTMENT,
        payment.money,
        debit=clearing(payment.money.currency),
        credit=wallet,
    )
    return (Post(evolve(draft, description="Refund failed")),)


def refund_made_elsewhere(
    charge: Payment, money: Money, instead: Mapping[AccountId, AccountId]
) -> Unit:
    """Dr wallet / Cr gateway clearing: the gateway has given it back already."""
    description = "Refunded at the gateway"
    return (Reverse(charge.transaction_id, money.amount, description, instead=instead),)


def take_disputed(charge: Payment, money: Money, instead: Mapping[AccountId, AccountId]) -> Unit:
    """Dr wallet / Cr gateway clearing: the gateway has taken it."""
    wallet = instead.get(charge.wallet_id, charge.wallet_id)
    draft = _draft(TransactionType.DISPUTE, money, debit=wallet, credit=clearing(money.currency))
    beyond = frozenset(instead.values())
    return (Post(evolve(draft, beyond_floor=beyond, description="Disputed at the gateway")),)


def give_disputed_back(payment: Payment, instead: Mapping[AccountId, AccountId]) -> Unit:
    """Dr gateway clearing / Cr where it was taken from."""
    return (Reverse(payment.transaction_id, description="Dispute won", instead=instead),)


def keep_in_suspense(money: Money) -> Unit:
    """Dr gateway clearing / Cr suspense: money that came after its transaction had failed."""
    draft = _draft(
        TransactionType.ADJUSTMENT,
        money,
        debit=clearing(money.currency),
        credit=system_account_id(AccountKind.SUSPENSE, money.currency),
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


def _draft(type_: TransactionType, money: Money, *, debit: AccountId, credit: AccountId) -> Draft:
    return two_legged(type_, money, debit=debit, credit=credit)


def _noted(draft: Draft, note: Note) -> Draft:
    return evolve(draft, description=note.description, metadata=note.metadata)
