"""Ledgers to start from: as the engine's pure books, and as open ledgers of a store."""

from collections.abc import Sequence

from attrs import evolve, frozen

from payflow_adapters.encoding import encode_json
from payflow_domain.clock import Clock
from payflow_domain.ids import AccountId, LedgerId, PartnerId
from payflow_domain.ledger.accounts import (
    Account,
    AccountKind,
    Counters,
    system_account_id,
)
from payflow_domain.ledger.decisions import Books
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Begin, LedgerReader
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Draft, TransactionType, two_legged
from payflow_domain.money import Money
from tests.builders.times import CountingIds, wallet_id

EUR = "EUR"
PARTNER_ID = PartnerId("ptr_00000000000000000000000001")


def wallet(number: int, funds: int = 0, *, floor: int | None = 0, currency: str = EUR) -> Account:
    """Return the account of a wallet that had ``funds`` (0 or more) credited."""
    return Account(
        id=wallet_id(number),
        kind=AccountKind.WALLET,
        currency=currency,
        floor=floor,
        counters=Counters(credits_posted=funds),
    )


def settlement(currency: str = EUR, floor: int | None = None, owed: int = 0) -> Account:
    """Return the partner settlement account; ``owed`` is what wallets were credited from it."""
    return Account(
        id=system_account_id(AccountKind.PARTNER_SETTLEMENT, currency),
        kind=AccountKind.PARTNER_SETTLEMENT,
        currency=currency,
        floor=floor,
        counters=Counters(debits_posted=owed),
    )


def books_of(accounts: Sequence[Account]) -> Books:
    """Return books without transactions, whose journal is empty."""
    return Books(0, {account.id: account for account in accounts})


def funded_books(wallets: int, funds: int = 1000, currency: str = EUR) -> Books:
    """Return balanced books: wallets numbered from 1 with ``funds`` each, and the settlement."""
    opened = [wallet(n, funds, currency=currency) for n in range(1, wallets + 1)]
    return books_of([*opened, settlement(currency, owed=wallets * funds)])


def transfer(debit: AccountId, credit: AccountId, amount: int, currency: str = EUR) -> Draft:
    """Draft a transfer of ``amount`` minor units."""
    return two_legged(TransactionType.TRANSFER, Money(amount, currency), debit=debit, credit=credit)


def ledgers_over(begin: Begin, reader: LedgerReader, clock: Clock) -> Ledgers:
    """Return the ledger's use cases over a store, with ids that are the same in every run."""
    return Ledgers(begin, reader, clock, CountingIds(), encode_json)


@frozen
class FundedLedger:
    """An open ledger of a store: its wallets and where their money came from."""

    id: LedgerId
    wallets: tuple[AccountId, ...]
    settlement: AccountId

    def transfer(self, amount: int) -> Draft:
        """Draft a transfer from the first wallet to the second."""
        return transfer(self.wallets[0], self.wallets[1], amount)


def open_funded_ledger(
    ledgers: Ledgers,
    wallets: int = 2,
    funds: int = 1000,
    *,
    partner_id: PartnerId = PARTNER_ID,
    environment: Environment = Environment.SANDBOX,
) -> FundedLedger:
    """Open a ledger in EUR with wallets numbered from 1 that may not go below zero.

    Each is credited ``funds`` minor units (0: nothing is posted).
    """
    ledger = ledgers.open_ledger(partner_id, environment, None)
    source = ledgers.open_account(ledger.id, settlement())
    opened = [ledgers.open_account(ledger.id, wallet(n)) for n in range(1, wallets + 1)]
    for account in opened if funds else []:
        draft = evolve(transfer(source.id, account.id, funds), type=TransactionType.CREDIT)
        ledgers.post(ledger.id, draft)
    return FundedLedger(ledger.id, tuple(account.id for account in opened), source.id)
