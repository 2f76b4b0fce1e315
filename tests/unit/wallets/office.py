"""Wallets over books in memory, with one partner's actor."""

from attrs import frozen

from payflow_adapters.currencies import iso_currencies
from payflow_adapters.encoding import encode_json
from payflow_adapters.memory import MemoryStore
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor, Permission
from payflow_domain.ids import KeyId
from payflow_domain.ledger.batch import Executed, Request
from payflow_domain.ledger.decisions import Applied, Outcome
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Unit
from payflow_domain.money import Money
from payflow_domain.wallets.history import History
from payflow_domain.wallets.model import NewWallet, Wallet
from payflow_domain.wallets.movements import NO_NOTE
from payflow_domain.wallets.service import Wallets
from tests.builders.ledger import EUR, PARTNER_ID
from tests.builders.times import CountingIds, SettableClock


@frozen
class Office:
    """The use cases of wallets, and an actor with a ledger of its own."""

    wallets: Wallets
    ledgers: Ledgers
    history: History
    store: MemoryStore
    clock: SettableClock
    actor: Actor

    def open(self, name: str = "Alice", funds: int = 0) -> Wallet:
        """Open a wallet in EUR and credit it."""
        opened = self.wallets.create(self.actor, NewWallet(name, EUR))
        if not isinstance(opened, Wallet):
            raise TypeError(opened)
        if funds:
            self.apply(self.wallets.book_credit(self.actor, opened.id, Money(funds, EUR), NO_NOTE))
        return opened

    def decide(self, unit: Unit) -> Outcome:
        """Give a unit to the ledger."""
        (result,) = self.ledgers.execute([Request(self.actor.ledger_id, (unit,))])
        if not isinstance(result, Executed):
            raise TypeError(result)
        return result.outcomes[0]

    def apply(self, unit: Unit) -> Applied:
        """Give the ledger a unit that it accepts."""
        outcome = self.decide(unit)
        if isinstance(outcome, tuple):
            return outcome[0]
        raise outcome


def make_office(
    environment: Environment = Environment.SANDBOX,
    settlement_limit: int | None = None,
) -> Office:
    """Set up an office whose actor may do everything."""
    clock = SettableClock()
    store, ids = MemoryStore(clock), CountingIds()
    ledgers = Ledgers(store.begin, store, clock, ids, encode_json)
    wallets = Wallets(store.begin, store, clock, ids, encode_json, iso_currencies())
    ledger = ledgers.open_ledger(PARTNER_ID, environment, settlement_limit)
    actor = Actor(KeyId("key_1"), PARTNER_ID, ledger.id, environment, ALL_PERMISSIONS)
    return Office(wallets, ledgers, History(ledgers), store, clock, actor)


def without(actor: Actor, permission: Permission) -> Actor:
    """Return the actor with all permissions but one."""
    rest = ALL_PERMISSIONS - {permission}
    return Actor(actor.key_id, actor.partner_id, actor.ledger_id, actor.environment, rest)
