"""The ledger's use cases."""

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from payflow_domain.clock import Clock
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, IdSource, LedgerId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account, Balance, Counters, balance, check_account_id
from payflow_domain.ledger.batch import (
    Decided,
    Executed,
    Request,
    Result,
    decide_requests,
    load_for,
    tell,
)
from payflow_domain.ledger.decisions import Applied
from payflow_domain.ledger.errors import (
    AccountExists,
    AccountNotFound,
    LedgerNotFound,
    TransactionNotFound,
)
from payflow_domain.ledger.journal import Encode
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import (
    Begin,
    Changes,
    LedgerReader,
    Loaded,
    Page,
    UnitOfWork,
    Wanted,
)
from payflow_domain.ledger.transactions import (
    Command,
    Draft,
    Entry,
    Failure,
    Hold,
    Post,
    Reverse,
    Settle,
    Transaction,
    Void,
)


@frozen
class BalanceAt:
    """A balance and the moment it was true.

    Every event of the ledger's journal up to ``sequence`` that concerns the account is in it.
    """

    account_id: AccountId
    currency: str
    balance: Balance
    sequence: int
    as_of: datetime


@frozen
class Ledgers:
    """Keeps the books. The first argument of each use case says whose.

    ``post``, ``hold``, ``settle``, ``void`` and ``reverse`` raise what the engine refuses.
    """

    begin: Begin
    reader: LedgerReader
    clock: Clock
    ids: IdSource
    encode: Encode

    def open_ledger(
        self,
        partner_id: PartnerId,
        environment: Environment,
        settlement_limit: int | None,
    ) -> Ledger:
        """Make an empty ledger; ``settlement_limit`` is in minor units, ``None`` for no limit."""
        with self.begin() as uow:
            return uow.add_ledger(partner_id, environment, settlement_limit, self.clock.now())

    def open_account(self, ledger_id: LedgerId, account: Account) -> Account:
        """Add an account without entries.

        Raises ``AccountExists``, ``LedgerNotFound``, ``InvalidAccountId``.
        """
        check_account_id(account.id)
        with self.begin() as uow:
            loaded = load_ledger(uow, ledger_id, Wanted(accounts={account.id}))
            if account.id in loaded.accounts:
                detail = "The ledger has an account of this id already."
                raise AccountExists(detail, subject=account.id)
            fresh = evolve(account, counters=Counters(), version=0, sequence=0)
            uow.write([Changes(loaded.ledger, new_accounts=[fresh])])
        return fresh

    def post(self, ledger_id: LedgerId, draft: Draft) -> Applied:
        """Make a transaction that is final at once."""
        return self._one(ledger_id, Post(draft))

    def hold(self, ledger_id: LedgerId, draft: Draft) -> Applied:
        """Make a pending transaction."""
        return self._one(ledger_id, Hold(draft))

    def settle(
        self, ledger_id: LedgerId, transaction_id: TransactionId, amount: int | None = None
    ) -> Applied:
        """Make a pending transaction final, in part or whole; what is not settled is released."""
        return self._one(ledger_id, Settle(transaction_id, amount))

    def void(
        self, ledger_id: LedgerId, transaction_id: TransactionId, failure: Failure | None = None
    ) -> Applied:
        """Undo a pending transaction."""
        return self._one(ledger_id, Void(transaction_id, failure))

    def reverse(
        self, ledger_id: LedgerId, transaction_id: TransactionId, amount: int | None = None
    ) -> Applied:
        """Take back a transaction, in part or whole."""
        return self._one(ledger_id, Reverse(transaction_id, amount))

    def execute(self, requests: Sequence[Request]) -> list[Result]:
        """Decide many requests in one database transaction; a result for each, in their order.

        One refused request never harms another.
        """
        with self.begin() as uow:
            return self.execute_in(uow, requests)

    def execute_in(self, uow: UnitOfWork, requests: Sequence[Request]) -> list[Result]:
        """Do as ``execute`` within a unit of work, which goes on."""
        by_ledger: dict[LedgerId, list[int]] = {}
        for index, request in enumerate(requests):
            by_ledger.setdefault(request.ledger_id, []).append(index)
        results: list[Result] = [LedgerNotFound()] * len(requests)
        loaded = load_for(uow, requests)
        decided = [
            self._decide(books, [requests[index] for index in by_ledger[ledger_id]])
            for ledger_id, books in loaded.items()
        ]
        # The store may work on these while the journal is being written.
        uow.write([one.moved for one in decided if one.moved])
        told = [tell(one, self.encode) for one in decided]
        uow.write([one.journal for one in told if one.journal])
        for ledger_id, one in zip(loaded, told, strict=True):
            for index, result in zip(by_ledger[ledger_id], one.results, strict=True):
                results[index] = result
        return results

    def balances(
        self, wanted: Sequence[tuple[LedgerId, AccountId]]
    ) -> list[BalanceAt | PayFlowError]:
        """Return the present balance of each account, or ``AccountNotFound``, in their order."""
        now = self.clock.now()
        return [
            _present(account, now) if account else AccountNotFound(account_id)
            for (_, account_id), account in zip(wanted, self.reader.accounts(wanted), strict=True)
        ]

    def balance(self, ledger_id: LedgerId, account_id: AccountId) -> BalanceAt:
        """Return the present balance; raises ``AccountNotFound``."""
        return _present(self._account(ledger_id, account_id), self.clock.now())

    def balance_at(self, ledger_id: LedgerId, account_id: AccountId, at: datetime) -> BalanceAt:
        """Return the balance as it was at ``at``; raises ``AccountNotFound``."""
        account = self._account(ledger_id, account_id)
        entry = self.reader.account_at(ledger_id, account_id, at)
        counters, sequence = (entry.after, entry.sequence) if entry else (Counters(), 0)
        then = balance(counters, account.normal_side)
        return BalanceAt(account_id, account.currency, then, sequence, at)

    def statement(
        self, ledger_id: LedgerId, account_id: AccountId, page: Page
    ) -> list[tuple[Entry, Transaction, Balance]]:
        """Return what moved the posted balance, newest first, each with the balance after it.

        Raises ``AccountNotFound``.
        """
        side = self._account(ledger_id, account_id).normal_side
        lines = self.reader.statement(ledger_id, account_id, page)
        return [(entry, of, balance(entry.after, side)) for entry, of in lines]

    def transaction(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Transaction:
        """Return one transaction; raises ``TransactionNotFound``."""
        transaction = self.reader.transaction(ledger_id, transaction_id)
        if transaction is None:
            raise TransactionNotFound(transaction_id)
        return transaction

    def _account(self, ledger_id: LedgerId, account_id: AccountId) -> Account:
        (account,) = self.reader.accounts([(ledger_id, account_id)])
        if account is None:
            raise AccountNotFound(account_id)
        return account

    def _one(self, ledger_id: LedgerId, command: Command) -> Applied:
        (result,) = self.execute([Request(ledger_id, ((command,),))])
        outcome = result.outcomes[0] if isinstance(result, Executed) else result
        if isinstance(outcome, tuple):
            return outcome[0]
        if isinstance(outcome, PayFlowError):
            raise outcome
        raise TypeError(outcome)

    def _decide(self, books: Loaded, requests: Sequence[Request]) -> Decided:
        at = books.ledger.next_moment(self.clock.now())
        return decide_requests(books, requests, at, self.ids.minting(at))


def load_ledger(uow: UnitOfWork, ledger_id: LedgerId, wanted: Wanted) -> Loaded:
    """Lock one ledger and load what is wanted of it; raises ``LedgerNotFound``."""
    loaded = uow.load({ledger_id: wanted}).get(ledger_id)
    if loaded is None:
        raise LedgerNotFound
    return loaded


def _present(account: Account, now: datetime) -> BalanceAt:
    return BalanceAt(account.id, account.currency, account.balance, account.sequence, now)
