"""What the ledger refuses, and why."""

from payflow_domain.errors import Conflict, Invalid, NotFound, Unavailable


class AccountNotFound(NotFound):
    """No such account in this ledger; ``subject`` is the id that was asked for."""

    code = "wallet_not_found"

    def __init__(self, account_id: str) -> None:
        super().__init__("There is no such wallet; check its id.", subject=account_id)


class TransactionNotFound(NotFound):
    """No such transaction in this ledger; ``subject`` is the id that was asked for."""

    code = "transaction_not_found"

    def __init__(self, transaction_id: str) -> None:
        super().__init__("There is no such transaction; check its id.", subject=transaction_id)


class LedgerNotFound(NotFound):
    """No such ledger."""

    code = "ledger_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such ledger.")


class AccountNotOpen(Invalid):
    """The account is frozen or closed; ``subject`` is its id."""

    code = "wallet_not_active"


class InvalidAccountId(Invalid):
    """The id of an account has characters that ids do not have; ``subject`` is that id."""

    code = "invalid_account_id"


class AccountExists(Conflict):
    """The ledger has an account of that id already."""

    code = "account_exists"


class CurrencyMismatch(Invalid):
    """The account is kept in another currency; ``subject`` is its id."""

    code = "currency_mismatch"


class SameAccount(Invalid):
    """One transaction names an account twice; ``subject`` is its id."""

    code = "same_wallet"


class Unbalanced(Invalid):
    """Debits and credits differ, or there are fewer than two postings."""

    code = "unbalanced"


class InsufficientFunds(Invalid):
    """The account has not enough available.

    ``facts`` has ``required``, ``available``, ``shortfall`` and ``held`` in minor units;
    ``subject`` is the account's id. It may succeed later.
    """

    code = "insufficient_funds"


class BalanceOverflow(Invalid):
    """A counter of the account would pass 2**63 - 1; ``subject`` is its id."""

    code = "balance_overflow"


class NotPending(Conflict):
    """Only a pending transaction can be settled or voided."""

    code = "transaction_not_pending"


class SettlementExceedsHold(Invalid):
    """More was to be settled than was held."""

    code = "settlement_exceeds_hold"


class NotReversible(Conflict):
    """Only a completed transaction that is not itself a reversal can be reversed."""

    code = "transaction_not_reversible"


class AlreadyReversed(Conflict):
    """The whole transaction has been reversed before."""

    code = "transaction_already_reversed"


class ReversalExceedsOriginal(Invalid):
    """More was to be reversed than is left of the transaction.

    ``facts`` has ``required`` and ``reversible`` in minor units.
    """

    code = "reversal_exceeds_original"


class NotDivisible(Invalid):
    """A transaction of more than two postings is settled and reversed only whole."""

    code = "transaction_not_divisible"


class IdempotencyKeyReused(Invalid):
    """The idempotency key belongs to a different request; use a new key."""

    code = "idempotency_key_reused"


class IdempotencyInFlight(Conflict):
    """The first request with this idempotency key is still running; ask again shortly."""

    code = "idempotency_in_flight"


class CommitFailed(Unavailable):
    """The books could not be written, or the database did not say whether they were.

    Asking again with the same idempotency key is safe: what took effect is not done twice.
    """

    code = "commit_failed"
