"""What a database's constraints would refuse of a write."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from payflow_adapters.memory.tables import Tables
from payflow_domain.ids import AccountId, LedgerId, TransactionId
from payflow_domain.ledger.accounts import Account, Phase, Side
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ports import Changes
from payflow_domain.ledger.transactions import Entry, Transaction


def require(condition: object, detail: str) -> None:
    """Raise ``CommitFailed`` unless ``condition`` holds."""
    if not condition:
        raise CommitFailed(f"The books could not be written: {detail}.")


def check_journal(tables: Tables, changes: Changes) -> None:
    """Refuse events that do not follow the ledger's last one, number by number."""
    new = changes.ledger
    stored = tables.ledgers.get(new.id)
    require(stored, "there is no such ledger")
    last = stored.sequence if stored else 0
    numbers = [event.sequence for event in changes.events]
    require(numbers == list(range(last + 1, new.sequence + 1)), "the journal has moved on")


def check_opened(tables: Tables, ledger_id: LedgerId, opened: Iterable[Account]) -> None:
    """Refuse accounts that are there."""
    for account in opened:
        require((ledger_id, account.id) not in tables.accounts, "the account exists")


def check_accounts(tables: Tables, changes: Changes) -> None:
    """Refuse accounts that are not the stored ones with the new entries added.

    An account may also be written without an entry: when it is closed, say.
    """
    entered = Counter(entry.account_id for entry in changes.entries)
    for account in changes.changed_accounts:
        stored = tables.accounts.get((changes.ledger.id, account.id))
        require(
            stored is not None
            and account.sequence > stored.sequence
            and account.version == stored.version + entered.pop(account.id, 0),
            "an account has moved on",
        )
    require(not entered, "an entry is of an account that was not written")


def check_transactions(tables: Tables, changes: Changes) -> None:
    """Refuse to make what is there, and to replace what is not."""
    for made in changes.new_transactions:
        require(not _has(tables, changes, made), "the transaction exists")
    for replaced in changes.changed_transactions:
        require(_has(tables, changes, replaced), "there is no such transaction")


def _has(tables: Tables, changes: Changes, transaction: Transaction) -> bool:
    return (changes.ledger.id, transaction.id) in tables.transactions


def check_entries(tables: Tables, ledger_id: LedgerId, entries: Iterable[Entry]) -> None:
    """Refuse entries that are there, and transactions whose debits and credits differ."""
    net: defaultdict[tuple[TransactionId, Phase, str], int] = defaultdict(int)
    for entry in entries:
        row = (ledger_id, entry.account_id, entry.version)
        require(row not in tables.entries, "an account has moved on")
        currency = _currency(tables, ledger_id, entry.account_id)
        signed = entry.amount if entry.side is Side.DEBIT else -entry.amount
        net[entry.transaction_id, entry.phase, currency] += signed
    require(not any(net.values()), "debits and credits differ")


def _currency(tables: Tables, ledger_id: LedgerId, account_id: AccountId) -> str:
    account = tables.accounts.get((ledger_id, account_id))
    if account is None:
        raise CommitFailed("The books could not be written: there is no such account.")
    return account.currency
