"""Books with a transaction in every state that there is, and ways to spoil them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from attrs import frozen

from payflow_adapters.encoding import encode_json
from payflow_adapters.postgres.store import PostgresStore
from payflow_adapters.postgres.verify import Fault, verify
from payflow_domain.ids import AccountId, LedgerId, TransactionId
from payflow_domain.ledger.accounts import Account, AccountKind, system_account_id
from payflow_domain.ledger.batch import Executed, Request
from payflow_domain.ledger.journal import link
from payflow_domain.ledger.ledgers import GENESIS, Environment
from payflow_domain.ledger.ports import Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Reverse
from payflow_domain.payments.gateway import MovementKind
from payflow_domain.payments.model import Leg
from payflow_domain.payments.ports import BeginPayments
from payflow_domain.webhooks.deliveries import Outcome
from payflow_domain.webhooks.dispatch import Dispatcher
from tests.builders.deciding import split
from tests.builders.ledger import (
    EUR,
    FundedLedger,
    open_funded_ledger,
    settlement,
    transfer,
    wallet,
)
from tests.builders.times import START, CountingIds
from tests.contracts.webhook_suite import new_endpoint


@frozen
class Made:
    """Some of what is in the books that every test starts from."""

    ledger_id: LedgerId
    debtor: AccountId
    creditor: AccountId
    transferred: TransactionId
    held: TransactionId
    settled: TransactionId
    voided: TransactionId
    charged: TransactionId
    charging: TransactionId
    fee: TransactionId


def keep_books(ledgers: Ledgers, store: PostgresStore) -> Made:
    """Keep the books of two ledgers, with a transaction in every state that there is.

    A webhook endpoint was disabled meanwhile, of which the journal tells too.
    """
    ledger = open_funded_ledger(ledgers, wallets=3)
    first, second, _ = ledger.wallets

    def hold() -> TransactionId:
        return ledgers.hold(ledger.id, ledger.transfer(50)).transaction.id

    transferred = ledgers.post(ledger.id, ledger.transfer(100)).transaction.id
    ledgers.reverse(ledger.id, transferred, 30)
    held, settled, settled_in_part, voided = hold(), hold(), hold(), hold()
    ledgers.settle(ledger.id, settled)
    ledgers.settle(ledger.id, settled_in_part, 20)
    ledgers.void(ledger.id, voided)
    ledgers.post(ledger.id, split(wallet(1), [(wallet(2), 40), (wallet(3), 60)]))
    keep_dollars(ledgers, ledger)
    keep_held_reversals(ledgers, ledger, transferred)
    lose_endpoint(store, ledger)
    open_funded_ledger(ledgers, environment=Environment.LIVE)
    made = transferred, held, settled, voided
    return Made(ledger.id, first, second, *made, *keep_payments(ledgers, store.begin, ledger))


def keep_held_reversals(ledgers: Ledgers, ledger: FundedLedger, original: TransactionId) -> None:
    """Leave one that takes back 8 pending, void another, and settle 5 of a third."""

    def hold(amount: int) -> TransactionId:
        request = Request(ledger.id, ((Reverse(original, amount, is_held=True),),))
        (result,) = ledgers.execute([request])
        assert isinstance(result, Executed)
        (outcome,) = result.outcomes
        assert isinstance(outcome, tuple)
        return outcome[0].transaction.id

    hold(8)
    ledgers.void(ledger.id, hold(9))
    ledgers.settle(ledger.id, hold(10), 5)


def lose_endpoint(store: PostgresStore, ledger: FundedLedger) -> None:
    """Send an event to an endpoint that says it is gone."""
    with store.begin() as uow:
        uow.load({ledger.id: Wanted()})
        uow.add_endpoint(new_endpoint(ledger))
    dispatcher = Dispatcher(store.begin, store.clock, CountingIds(), encode_json, lambda: 0.5)
    errand = dispatcher.take("a worker", None, {}).errands[0]
    (gone,) = dispatcher.conclude([(errand, Outcome(START, 1, status=410))])
    dispatcher.disable(*gone)


def keep_payments(
    ledgers: Ledgers, begin: BeginPayments, ledger: FundedLedger
) -> tuple[TransactionId, TransactionId, TransactionId]:
    """Book a charge and its refund in part, a charge that is pending, and a fee."""
    clearing, spent = (
        ledgers.open_account(ledger.id, system_account(kind)).id
        for kind in (AccountKind.GATEWAY_CLEARING, AccountKind.GATEWAY_FEES)
    )

    def charge() -> TransactionId:
        return ledgers.hold(ledger.id, transfer(clearing, wallet(1).id, 200)).transaction.id

    charged, charging = charge(), charge()
    ledgers.settle(ledger.id, charged)
    refunded = ledgers.reverse(ledger.id, charged, 80).transaction.id
    fee = ledgers.post(ledger.id, transfer(spent, clearing, 7)).transaction.id
    with begin() as uow:
        uow.load({ledger.id: Wanted()})
        uow.add_leg(leg(ledger, charged, MovementKind.CHARGE, 200))
        uow.add_leg(leg(ledger, refunded, MovementKind.REFUND, -80))
        uow.add_leg(leg(ledger, fee, MovementKind.FEE, -7))
    return charged, charging, fee


def system_account(kind: AccountKind) -> Account:
    return Account(system_account_id(kind, EUR), kind, EUR, floor=None)


def leg(
    ledger: FundedLedger, transaction_id: TransactionId, kind: MovementKind, amount: int
) -> Leg:
    sandbox = Environment.SANDBOX
    return Leg(ledger.id, transaction_id, "mock", sandbox, kind, "id", amount, EUR, START)


def keep_dollars(ledgers: Ledgers, ledger: FundedLedger) -> None:
    source = ledgers.open_account(ledger.id, settlement("USD"))
    target = ledgers.open_account(ledger.id, wallet(9, currency="USD"))
    ledgers.post(ledger.id, transfer(source.id, target.id, 500, "USD"))


@frozen
class Books:
    """Those books, for tests that spoil them behind PayFlow's back and leave them as they were."""

    url: str
    owner_url: str
    made: Made

    @contextmanager
    def spoiling(self) -> Iterator[psycopg.Connection]:
        """Lend a connection to what nobody else will see, past triggers and foreign keys.

        A table stands before the view ``events``, so that events can be spoiled one by one.
        """
        with psycopg.connect(self.owner_url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("CREATE TEMP TABLE events AS SELECT * FROM public.events")
            yield connection
            connection.rollback()

    def fault_after(self, *statements: LiteralString, **values: object) -> Fault:
        """Return what is found after ``statements``."""
        with self.spoiling() as connection:
            for statement in statements:
                connection.execute(statement, values)
            return fault_found(connection)

    def fault_after_forging(self, statement: LiteralString, *values: object) -> Fault:
        """Return what is found after a change of events, with the journal linked anew."""
        with self.spoiling() as connection:
            connection.execute(statement, values)
            link_anew(connection)
            return fault_found(connection)

    def fault_after_writing(self, type_: str, path: str, value: object) -> Fault:
        """Return what is found after changing a member of the bodies of events of a type."""
        return self.fault_after_forging(
            "UPDATE events SET body = jsonb_set(body::jsonb, %s, %s) WHERE type = %s",
            path.split("."),
            json.dumps(value),
            type_,
        )


def fault_found(connection: psycopg.Connection) -> Fault:
    keep_events(connection)
    found = verify(connection)
    assert isinstance(found, Fault)
    return found


def keep_events(connection: psycopg.Connection) -> None:
    """Put the spoiled events into the journal."""
    connection.execute("DELETE FROM journal_blocks")
    connection.execute(
        "INSERT INTO journal_blocks (ledger_id, last_sequence, first_sequence, at, types, bodies,"
        " hashes) SELECT ledger_id, sequence, sequence, at, type, body, hash FROM events"
    )
    connection.execute("DROP TABLE events")


def link_anew(connection: psycopg.Connection) -> None:
    """Give every event the hash that its body calls for, as a forger would."""
    events = "SELECT ledger_id, sequence, body FROM events ORDER BY ledger_id, sequence"
    heads: dict[int, bytes] = {}
    for ledger_id, sequence, body in connection.execute(events).fetchall():
        head = heads[ledger_id] = link(heads.get(ledger_id, GENESIS), body.encode())
        connection.execute(
            "UPDATE events SET hash = %s WHERE ledger_id = %s AND sequence = %s",
            (head, ledger_id, sequence),
        )
    for ledger_id, head in heads.items():
        connection.execute("UPDATE ledgers SET head = %s WHERE id = %s", (head, ledger_id))
