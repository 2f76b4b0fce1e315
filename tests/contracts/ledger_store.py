"""The suite for stores of the ledger: derive from ``LedgerStoreContract``."""

from tests.contracts.ledger_keys import LedgerKeys
from tests.contracts.ledger_lists import LedgerLists
from tests.contracts.ledger_locks import LedgerLocks
from tests.contracts.ledger_reads import LedgerReads
from tests.contracts.ledger_refusals import LedgerRefusals
from tests.contracts.ledger_writes import LedgerWrites


class LedgerStoreContract(
    LedgerReads, LedgerLists, LedgerWrites, LedgerRefusals, LedgerKeys, LedgerLocks
):
    """What ``UnitOfWork`` and ``LedgerReader`` promise."""
