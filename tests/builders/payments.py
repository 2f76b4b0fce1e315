"""The whole of PayFlow's payments in memory: a partner, a mock gateway, and a clock to set."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from attrs import define, evolve, frozen

from payflow_adapters.currencies import iso_currencies
from payflow_adapters.encoding import encode_json
from payflow_adapters.gateways.chosen import Gateways
from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.mock_notices import SignedNotice
from payflow_adapters.memory import MemoryStore
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, KeyId, TransactionId
from payflow_domain.ledger.accounts import AccountKind, Balance, system_account_id
from payflow_domain.ledger.batch import Render, Replayed, Request, Telling
from payflow_domain.ledger.idempotency import Answer, Claim, IdempotencyKey
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Transaction
from payflow_domain.money import Money
from payflow_domain.payments.desk import Desk
from payflow_domain.payments.model import KeptNotice, Payment
from payflow_domain.payments.notices import Notices
from payflow_domain.payments.reconciling import Reconciler, Reconciliation
from payflow_domain.payments.resolving import Resolver
from payflow_domain.payments.service import Asked, Payments
from payflow_domain.wallets.model import NewWallet, Wallet, WalletChange, WalletStatus
from payflow_domain.wallets.movements import NO_NOTE, Note, book_credit, book_transfer
from payflow_domain.wallets.service import Wallets
from tests.builders.ledger import EUR, PARTNER_ID
from tests.builders.perils import PerilousGateway, Perils, perilous
from tests.builders.times import START, CountingIds, SettableClock

SECRET = "a secret of the mock gateway"
AMOUNT = 5_000
LATER = timedelta(seconds=2)
"""After so long the mock knows an outcome, and after twice as long what follows it."""


def render(told: Sequence[Telling]) -> Answer:
    """Answer with the transaction; what was refused is answered by its error."""
    (outcome,) = told
    if isinstance(outcome, PayFlowError):
        return Answer(0, b"")
    return Answer(200, encode_json(outcome[0]))


def render_for(_: str) -> Render:
    return render


def claim(key: str, fingerprint: bytes = bytes(32)) -> Claim:
    return Claim(IdempotencyKey(key), fingerprint)


@frozen
class Told:
    """What whoever asked for a payment was told."""

    answer: Answer
    is_replay: bool

    @property
    def id(self) -> TransactionId:
        return TransactionId(json.loads(self.answer.body)["id"])

    @property
    def status(self) -> str:
        return str(json.loads(self.answer.body)["status"])

    @property
    def code(self) -> str | None:
        """Why it failed."""
        failure = json.loads(self.answer.body)["failure"]
        return failure and str(failure["code"])


@define
class PayFlow:
    """Payments of one partner in the sandbox; ``actor`` may do everything."""

    clock: SettableClock
    store: MemoryStore
    mock: MockGateway
    gateway: PerilousGateway
    perils: Perils
    ledgers: Ledgers
    wallets: Wallets
    payments: Payments
    notices: Notices
    resolver: Resolver
    reconciler: Reconciler
    actor: Actor

    def wallet(self, funds: int = 0) -> AccountId:
        """Open a wallet in EUR, with money from the partner's settlement account."""
        opened = self.wallets.create(self.actor, NewWallet("A wallet", EUR))
        assert isinstance(opened, Wallet)
        if funds:
            unit = book_credit(opened.id, Money(funds, EUR))
            self.ledgers.execute([Request(self.actor.ledger_id, (unit,))])
        return opened.id

    def set_status(self, wallet_id: AccountId, status: WalletStatus) -> None:
        self.wallets.change(self.actor, wallet_id, WalletChange(status=status))

    def spend(self, wallet_id: AccountId, amount: int) -> None:
        """Transfer money away."""
        unit = book_transfer(wallet_id, self.wallet(), Money(amount, EUR))
        self.ledgers.execute([Request(self.actor.ledger_id, (unit,))])

    def charge(
        self,
        wallet_id: AccountId,
        method: str = "pm_card_visa",
        amount: int = AMOUNT,
        key: Claim | None = None,
        note: Note = NO_NOTE,
    ) -> Told:
        money, asked = Money(amount, EUR), Asked(render, key)
        return _told(self.payments.credit(self.actor, wallet_id, money, method, asked, note))

    def pay_out(
        self,
        wallet_id: AccountId,
        destination: str = "ba_paid",
        amount: int = AMOUNT,
        key: Claim | None = None,
        note: Note = NO_NOTE,
    ) -> Told:
        money, asked = Money(amount, EUR), Asked(render, key)
        return _told(self.payments.pay_out(self.actor, wallet_id, money, destination, asked, note))

    def refund(
        self,
        charge_id: TransactionId,
        amount: int | None = None,
        key: Claim | None = None,
        note: Note = NO_NOTE,
    ) -> Told:
        charge = self.payments.charge_of(self.actor, charge_id)
        assert charge is not None
        asked = Asked(render, key)
        return _told(self.payments.refund(self.actor, charge, amount, asked, note))

    def wait(self, time: timedelta = LATER) -> None:
        self.clock.advance(time)

    def take_notices(self) -> list[SignedNotice]:
        """Take what the gateway has to tell by now off its hands, oldest first."""
        taken = []
        while due := self.mock.due_notices():
            for notice in due:
                self.mock.mark_delivered(notice.id)
            taken += due
        return taken

    def receive(self, notices: Iterable[SignedNotice]) -> list[KeptNotice]:
        """Bring notices to PayFlow in that order, signed again: they may have grown old."""
        return [
            self.notices.receive(each.payload, self.mock.sign(each.payload, self.clock.now()))
            for each in notices
        ]

    def deliver(self) -> list[KeptNotice]:
        """Bring all that the gateway has to tell by now."""
        return self.receive(self.take_notices())

    def work(self) -> int:
        """Do what a worker does, once; returns how much there was to do."""
        return self.resolver.resolve_due(100) + self.notices.retry_received()

    def reconcile(self) -> Reconciliation:
        """Compare all that has ever moved."""
        day = timedelta(days=1)
        return self.reconciler.reconcile(
            self.actor.environment, START - day, self.clock.now() + day
        )

    def transaction(self, transaction_id: TransactionId) -> Transaction:
        return self.ledgers.transaction(self.actor.ledger_id, transaction_id)

    def transactions(self) -> list[TransactionId]:
        """Return all there are, newest first."""
        listed = self.store.transactions(self.actor.ledger_id, TransactionFilter(), Page(101))
        return [each.id for each in listed]

    def payment(self, transaction_id: TransactionId) -> Payment:
        payment = self.store.payment_of(transaction_id)
        assert payment is not None
        return payment

    def gateway_id(self, transaction_id: TransactionId) -> str:
        """Return the gateway's id of a payment that it has told of."""
        gateway_id = self.payment(transaction_id).gateway_id
        assert gateway_id is not None
        return gateway_id

    def balance(self, account_id: AccountId) -> Balance:
        return self.ledgers.balance(self.actor.ledger_id, account_id).balance

    def posted(self, kind: AccountKind) -> int:
        """Return what is posted on one of the ledger's own accounts."""
        return self.balance(system_account_id(kind, EUR)).posted

    @property
    def is_in_step(self) -> bool:
        """Tell whether clearing is what the gateway holds, fees booked or not."""
        held = self.mock.held(EUR)
        fees = self.posted(AccountKind.GATEWAY_FEES)
        return self.posted(AccountKind.GATEWAY_CLEARING) + fees == held.balance

    def everything(self) -> object:
        """Return all that must be as it was where nothing was changed; not the counts."""
        tables = self.store._tables
        return (
            dict(tables.ledgers),
            dict(tables.accounts),
            dict(tables.transactions),
            dict(tables.spent),
            dict(tables.payments),
            dict(tables.legs),
            {row: evolve(notice, deliveries=1) for row, notice in tables.notices.items()},
        )


@contextmanager
def open_payflow(settlement_limit: int | None = None) -> Iterator[PayFlow]:
    """Set up PayFlow; the gateway's and the store's time is the clock's."""
    clock, perils = SettableClock(), Perils()
    store, ids = MemoryStore(clock), CountingIds()
    mock = MockGateway(":memory:", clock, SECRET)
    gateway = PerilousGateway(mock, perils)
    gateways = Gateways(sandbox=gateway, live=None)
    begin = perilous(store.begin, perils)
    ledgers = Ledgers(store.begin, store, clock, ids, encode_json)
    desk = Desk(begin, ledgers, clock)
    ledger = ledgers.open_ledger(PARTNER_ID, Environment.SANDBOX, settlement_limit)
    try:
        yield PayFlow(
            clock=clock,
            store=store,
            mock=mock,
            gateway=gateway,
            perils=perils,
            ledgers=ledgers,
            wallets=Wallets(store.begin, store, clock, ids, encode_json, iso_currencies()),
            payments=Payments(desk, store, gateways, clock),
            notices=Notices(begin, store, desk, gateways, store, clock, render_for),
            resolver=Resolver(begin, desk, gateways, clock, render_for),
            reconciler=Reconciler(store, desk, gateways, clock),
            actor=Actor(
                KeyId("key_1"), PARTNER_ID, ledger.id, Environment.SANDBOX, ALL_PERMISSIONS
            ),
        )
    finally:
        mock.close()


def _told(answer: Answer | Replayed) -> Told:
    if isinstance(answer, Replayed):
        return Told(answer.answer, is_replay=True)
    return Told(answer, is_replay=False)
