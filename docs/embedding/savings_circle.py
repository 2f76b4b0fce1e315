"""A savings circle on PayFlow's ledger, inside one Python program: no HTTP, no database.

Three members pay into a pot; the winner of the round is paid out through the bank. Run it with
``python docs/embedding/savings_circle.py``.
"""

# ruff: noqa: INP001, T201 - an example is no package, and it prints

from payflow_adapters.memory import memory_ledgers
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, LedgerId, PartnerId
from payflow_domain.ledger.accounts import Account, AccountKind
from payflow_domain.ledger.batch import Executed, Request
from payflow_domain.ledger.errors import InsufficientFunds
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Draft, Post, TransactionType, two_legged
from payflow_domain.money import Money, format_money

CURRENCIES = {"EUR": 2}  # and so many decimal places
MEMBERS = tuple(AccountId(name) for name in ("ana", "ben", "chi"))
POT = AccountId("pot")
FUNDING = AccountId("funding")
BANK = AccountId("bank")
IN_TRANSIT = AccountId("in_transit")


def main() -> None:
    ledgers = memory_ledgers()
    ledger = ledgers.open_ledger(PartnerId("circle"), Environment.SANDBOX, None)
    open_accounts(ledgers, ledger.id)
    fund_members(ledgers, ledger.id)
    show_balances(ledgers, ledger.id, "Funded")
    contribute(ledgers, ledger.id)
    show_balances(ledgers, ledger.id, "Contributed")
    overspend(ledgers, ledger.id)
    pay_out(ledgers, ledger.id)
    show_statement(ledgers, ledger.id)


def open_accounts(ledgers: Ledgers, ledger_id: LedgerId) -> None:
    """Open an account for each member and the pot, none of which may go below zero.

    The three others are the program's own, and have no floor: where members' money comes from,
    what is in the bank, and what is on its way there.
    """
    for name in (*MEMBERS, POT):
        ledgers.open_account(ledger_id, Account(name, AccountKind.WALLET, "EUR", floor=0))
    for name, kind in (
        (FUNDING, AccountKind.PARTNER_SETTLEMENT),
        (BANK, AccountKind.GATEWAY_CLEARING),
        (IN_TRANSIT, AccountKind.PAYOUTS_IN_TRANSIT),
    ):
        ledgers.open_account(ledger_id, Account(name, kind, "EUR", floor=None))


def fund_members(ledgers: Ledgers, ledger_id: LedgerId) -> None:
    """Post a credit to each member."""
    for member in MEMBERS:
        ledgers.post(ledger_id, move(TransactionType.CREDIT, 50_00, FUNDING, member, "Savings"))


def contribute(ledgers: Ledgers, ledger_id: LedgerId) -> None:
    """Let everybody pay 20 euros into the pot: all of them, or nobody."""
    unit = tuple(
        Post(move(TransactionType.TRANSFER, 20_00, member, POT, "Round 1")) for member in MEMBERS
    )
    (result,) = ledgers.execute([Request(ledger_id, (unit,))])
    if not isinstance(result, Executed) or not result.took_effect:
        raise SystemExit(f"The round was refused: {result}")


def overspend(ledgers: Ledgers, ledger_id: LedgerId) -> None:
    """Try to take more than there is: it is refused, and nothing changes."""
    try:
        ledgers.post(ledger_id, move(TransactionType.TRANSFER, 31_00, MEMBERS[1], POT))
    except InsufficientFunds as refusal:
        short = show(int(str(refusal.facts["shortfall"])))
        print(f"Ben cannot pay 31.00 EUR more: {refusal.code}, {short} short\n")


def pay_out(ledgers: Ledgers, ledger_id: LedgerId) -> None:
    """Give the pot to Chi, hold the payout while the bank works on it, and settle it."""
    ledgers.post(ledger_id, move(TransactionType.TRANSFER, 60_00, POT, MEMBERS[2], "Round 1 pot"))
    draft = move(TransactionType.PAYOUT, 60_00, MEMBERS[2], IN_TRANSIT, "Round 1 payout")
    held = ledgers.hold(ledger_id, draft)
    show_balances(ledgers, ledger_id, "Payout held")
    ledgers.settle(ledger_id, held.transaction.id)
    ledgers.post(ledger_id, move(TransactionType.PAYOUT, 60_00, IN_TRANSIT, BANK))
    show_balances(ledgers, ledger_id, "Payout settled")


def move(
    type_: TransactionType,
    amount: int,
    debit: AccountId,
    credit: AccountId,
    description: str | None = None,
) -> Draft:
    """Draft a movement of ``amount`` cents from one account to another."""
    money = Money(amount, "EUR")
    return two_legged(type_, money, debit=debit, credit=credit, description=description)


def show_balances(ledgers: Ledgers, ledger_id: LedgerId, title: str) -> None:
    print(f"{title:<16}{'posted':>12}{'pending':>12}{'available':>12}")
    rows = [(ledger_id, name) for name in (*MEMBERS, POT)]
    for balance in ledgers.balances(rows):
        if isinstance(balance, PayFlowError):
            raise balance
        held = balance.balance
        cells = (show(amount) for amount in (held.posted, held.pending, held.available))
        print(f"  {balance.account_id:<14}" + "".join(f"{cell:>12}" for cell in cells))
    print()


def show_statement(ledgers: Ledgers, ledger_id: LedgerId) -> None:
    print("Chi's statement, newest first")
    for entry, transaction, after in ledgers.statement(ledger_id, MEMBERS[2], Page(limit=10)):
        sign = "-" if entry.side.value == "debit" else "+"
        moved, left = sign + show(entry.amount), show(after.posted)
        print(f"  {transaction.description:<16}{moved:>12}{left:>12}")


def show(amount: int) -> str:
    return format_money(amount, "EUR", CURRENCIES)


if __name__ == "__main__":
    main()
