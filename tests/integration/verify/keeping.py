"""Books with a transaction in every state that there is."""

from attrs import evolve, frozen

from payflow_adapters.currencies import iso_currencies
from payflow_adapters.encoding import encode_json
from payflow_adapters.postgres.store import PostgresStore
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ids import AccountId, KeyId, LedgerId, TransactionId
from payflow_domain.ledger.accounts import system_accounts
from payflow_domain.ledger.batch import Executed, Request, record
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Wanted
from payflow_domain.ledger.service import Ledgers, load_ledger
from payflow_domain.ledger.transactions import Reverse, TransactionType
from payflow_domain.ledger.volumes import VolumeRoller
from payflow_domain.payments.desk import Desk
from payflow_domain.wallets.model import NewWallet, WalletChange, open_wallet
from payflow_domain.wallets.published import publish_wallet
from payflow_domain.wallets.service import Wallets
from payflow_domain.webhooks.deliveries import Outcome
from payflow_domain.webhooks.dispatch import Dispatcher
from tests.builders.deciding import split
from tests.builders.ledger import EUR, PARTNER_ID, FundedLedger, settlement, transfer, wallet
from tests.builders.times import START, CountingIds
from tests.contracts.webhook_suite import new_endpoint
from tests.integration.verify.keeping_payments import keep_payments

LIMIT = 1_000_000


@frozen
class Made:
    """Some of what is in the books that every test starts from."""

    ledger_id: LedgerId
    debtor: AccountId
    creditor: AccountId
    holder: AccountId
    transferred: TransactionId
    held: TransactionId
    settled: TransactionId
    voided: TransactionId
    credited: TransactionId
    credited_next: TransactionId
    charged: TransactionId
    charging: TransactionId
    fee: TransactionId


def keep_books(ledgers: Ledgers, store: PostgresStore) -> Made:
    """Keep the books of two ledgers, with a transaction in every state that there is.

    A webhook endpoint was disabled meanwhile, of which the journal tells too.
    """
    ledger = open_ledger(ledgers, store, wallets=3)
    first, second, third = ledger.wallets

    def hold() -> TransactionId:
        return ledgers.hold(ledger.id, ledger.transfer(50)).transaction.id

    transferred = ledgers.post(ledger.id, ledger.transfer(100)).transaction.id
    ledgers.reverse(ledger.id, transferred, 30)
    held, settled, settled_in_part, voided = hold(), hold(), hold(), hold()
    ledgers.settle(ledger.id, settled)
    ledgers.settle(ledger.id, settled_in_part, 20)
    ledgers.void(ledger.id, voided)
    in_parts = split(wallet(1), [(wallet(2), 40), (wallet(3), 60)])
    ledgers.post(ledger.id, evolve(in_parts, type=TransactionType.TRANSFER))
    keep_dollars(ledgers, store, ledger)
    keep_held_reversals(ledgers, ledger, transferred)
    lose_endpoint(store, ledger)
    VolumeRoller(store.begin, store).roll_up()  # and nobody does later
    rename_wallet(ledgers, store, ledger)
    open_ledger(ledgers, store, wallets=2, environment=Environment.LIVE)
    credited = credit(ledgers, ledger, third, 100)
    made = transferred, held, settled, voided, credited, credit(ledgers, ledger, third, 200)
    payments = keep_payments(Desk(store.begin, ledgers, store.clock), ledger)
    return Made(ledger.id, first, second, third, *made, *payments)


def open_ledger(
    ledgers: Ledgers,
    store: PostgresStore,
    wallets: int,
    environment: Environment = Environment.SANDBOX,
) -> FundedLedger:
    """Open a ledger in EUR with wallets numbered from 1, each credited 1,000 cents."""
    limit = LIMIT if environment is Environment.LIVE else None
    ledger = ledgers.open_ledger(PARTNER_ID, environment, limit)
    for account in system_accounts(EUR, ledger.settlement_floor):
        ledgers.open_account(ledger.id, account)
    opened = tuple(
        open_wallet_numbered(ledgers, store, ledger.id, n) for n in range(1, wallets + 1)
    )
    funded = FundedLedger(ledger.id, opened, settlement().id)
    for wallet_id in opened:
        credit(ledgers, funded, wallet_id, 1000)
    return funded


def open_wallet_numbered(
    ledgers: Ledgers, store: PostgresStore, ledger_id: LedgerId, number: int, currency: str = EUR
) -> AccountId:
    """Open a wallet as a partner would, under an id that a test can name."""
    with store.begin() as uow:
        ledger = load_ledger(uow, ledger_id, Wanted()).ledger
        at = ledger.next_moment(START)
        new = NewWallet(f"Wallet {number}", currency, "a user", f"{ledger_id}-{number}", {"a": "b"})
        opened = open_wallet(wallet(number).id, new, at, ledger.sequence + 1)
        facts = [(EventType.WALLET_CREATED, publish_wallet(opened, ledger.environment))]
        changes = record(ledger, facts, at, ledgers.ids.minting(at), encode_json)
        uow.write([evolve(changes, new_accounts=[opened.account])])
        uow.add_wallet(ledger_id, opened)
    return opened.id


def rename_wallet(ledgers: Ledgers, store: PostgresStore, ledger: FundedLedger) -> None:
    """Let the journal tell twice of one wallet."""
    clock, sandbox = store.clock, Environment.SANDBOX
    wallets = Wallets(store.begin, store, clock, ledgers.ids, encode_json, iso_currencies())
    actor = Actor(KeyId("key_1"), PARTNER_ID, ledger.id, sandbox, ALL_PERMISSIONS)
    wallets.change(actor, ledger.wallets[2], WalletChange(name="Renamed"))


def credit(
    ledgers: Ledgers, ledger: FundedLedger, wallet_id: AccountId, amount: int
) -> TransactionId:
    draft = evolve(
        transfer(ledger.settlement, wallet_id, amount),
        type=TransactionType.CREDIT,
        description="Given",
        metadata={"a": "b"},
    )
    return ledgers.post(ledger.id, draft).transaction.id


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


def keep_dollars(ledgers: Ledgers, store: PostgresStore, ledger: FundedLedger) -> None:
    for account in system_accounts("USD", None):
        ledgers.open_account(ledger.id, account)
    target = open_wallet_numbered(ledgers, store, ledger.id, 9, "USD")
    ledgers.post(ledger.id, transfer(settlement("USD").id, target, 500, "USD"))
