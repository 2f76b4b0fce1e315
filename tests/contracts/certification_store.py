"""The suite for readers of certification: derive from ``CertificationStoreContract``."""

from contextlib import AbstractContextManager
from typing import Protocol

import pytest
from attrs import evolve

from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.access.ports import KeyUnitOfWork
from payflow_domain.ids import WALLET, AccountId, DeliveryId, EndpointId, KeyId, LedgerId
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Changes, LedgerReader, Wanted
from payflow_domain.ledger.service import Ledgers, load_ledger
from payflow_domain.ledger.transactions import Failure
from payflow_domain.money import Money
from payflow_domain.partners.certification import CertificationItem
from payflow_domain.partners.ports import CertificationReader, PartnerUnitOfWork
from payflow_domain.payments.gateway import PaymentKind
from payflow_domain.payments.model import Payment, PaymentStatus
from payflow_domain.payments.ports import PaymentUnitOfWork
from payflow_domain.wallets.model import NewWallet, open_wallet
from payflow_domain.wallets.ports import WalletUnitOfWork
from payflow_domain.webhooks.deliveries import Delivery, DeliveryStatus
from payflow_domain.webhooks.endpoints import Endpoint, EndpointStatus
from payflow_domain.webhooks.ports import EndpointUnitOfWork
from tests.builders.ledger import (
    PARTNER_ID,
    FundedLedger,
    ledgers_over,
    open_funded_ledger,
    transfer,
)
from tests.builders.times import START, TICK, CountingIds, SettableClock
from tests.contracts.key_journeys import another, api_key

ALL = frozenset(CertificationItem)
ITEM = CertificationItem
DECLINED = Failure("card_declined", "The card was declined.")
NOT_ASKED = Failure("gateway_unavailable", "The gateway cannot be asked.")


class CertificationUnitOfWork(
    PartnerUnitOfWork,
    KeyUnitOfWork,
    PaymentUnitOfWork,
    WalletUnitOfWork,
    EndpointUnitOfWork,
    Protocol,
):
    """One database transaction on all that certification looks at."""


class CertificationStore(LedgerReader, CertificationReader, Protocol):
    """Keeps all that certification looks at."""

    def begin(self) -> AbstractContextManager[CertificationUnitOfWork]: ...


class CertificationStoreContract:
    """What ``CertificationReader`` promises, and the unit of work of what is done."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> CertificationStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def ledgers(self, store: CertificationStore, clock: SettableClock) -> Ledgers:
        return ledgers_over(store.begin, store, clock)

    @pytest.fixture
    def ledger(self, ledgers: Ledgers) -> FundedLedger:
        """A ledger with accounts but no wallet, to which nothing was credited."""
        return open_funded_ledger(ledgers, funds=0)

    @pytest.fixture
    def other(self, ledgers: Ledgers) -> FundedLedger:
        """Another ledger of the same partner, whose wallets were credited."""
        return open_funded_ledger(ledgers, environment=Environment.LIVE)

    def test_empty_books_show_nothing(
        self, store: CertificationStore, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        assert store.evidence(ledger.id, ALL) == {}
        assert store.evidence(other.id, ALL).keys() == {ITEM.CREDIT_COMPLETED}

    def test_what_was_not_asked_for_is_not_looked_up(
        self, store: CertificationStore, other: FundedLedger
    ) -> None:
        assert store.evidence(other.id, ALL - {ITEM.CREDIT_COMPLETED}) == {}
        assert store.evidence(other.id, frozenset()) == {}

    def test_the_first_credit_is_shown(
        self, store: CertificationStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        credit = transfer(ledger.settlement, ledger.wallets[0], 5)
        first = ledgers.post(ledger.id, credit).transaction
        ledgers.post(ledger.id, transfer(ledger.wallets[0], ledger.settlement, 5))
        ledgers.post(ledger.id, credit)

        assert store.evidence(ledger.id, ALL) == {ITEM.CREDIT_COMPLETED: first.created_at}

    def test_the_first_wallet_is_shown(
        self, store: CertificationStore, clock: SettableClock, ledger: FundedLedger
    ) -> None:
        actor = Actor(KeyId("key_1"), PARTNER_ID, ledger.id, Environment.SANDBOX, ALL_PERMISSIONS)
        ids = CountingIds()
        with store.begin() as uow:
            books = load_ledger(uow, ledger.id, Wanted())
            at = books.ledger.next_moment(clock.now())
            wallets = [
                open_wallet(AccountId(ids.minting(at)(WALLET)), NewWallet("A wallet", "EUR"), at, n)
                for n in (1, 2)
            ]
            uow.write([Changes(books.ledger, new_accounts=[wallet.account for wallet in wallets])])
            for wallet in wallets:
                uow.add_wallet(actor.ledger_id, wallet)

        assert store.evidence(ledger.id, ALL) == {ITEM.WALLET_OPENED: wallets[0].created_at}

    @pytest.mark.parametrize(
        ("kind", "status", "failure", "item"),
        [
            (PaymentKind.CHARGE, PaymentStatus.SUCCEEDED, None, ITEM.CREDIT_COMPLETED),
            (PaymentKind.CHARGE, PaymentStatus.PENDING, None, None),
            (PaymentKind.CHARGE, PaymentStatus.FAILED, DECLINED, ITEM.DECLINE_HANDLED),
            (PaymentKind.CHARGE, PaymentStatus.FAILED, NOT_ASKED, None),
            (PaymentKind.PAYOUT, PaymentStatus.SUCCEEDED, None, ITEM.PAYOUT_COMPLETED),
            (PaymentKind.PAYOUT, PaymentStatus.RETURNED, None, ITEM.PAYOUT_COMPLETED),
            (PaymentKind.PAYOUT, PaymentStatus.PENDING, None, None),
            (PaymentKind.PAYOUT, PaymentStatus.FAILED, DECLINED, ITEM.DECLINE_HANDLED),
            (PaymentKind.REFUND, PaymentStatus.SUCCEEDED, None, None),
            (PaymentKind.REFUND, PaymentStatus.FAILED, DECLINED, None),
        ],
    )
    def test_payments_show_how_they_ended(
        self,
        store: CertificationStore,
        ledgers: Ledgers,
        ledger: FundedLedger,
        kind: PaymentKind,
        status: PaymentStatus,
        failure: Failure | None,
        item: CertificationItem | None,
    ) -> None:
        held = ledgers.hold(ledger.id, transfer(ledger.settlement, ledger.wallets[0], 50))
        made = held.transaction
        if status is PaymentStatus.FAILED:
            made = ledgers.void(ledger.id, made.id, failure).transaction
        elif status is not PaymentStatus.PENDING:
            made = ledgers.settle(ledger.id, made.id).transaction
        payment = Payment(
            ledger_id=ledger.id,
            transaction_id=made.id,
            environment=Environment.SANDBOX,
            gateway="mock",
            kind=kind,
            status=status,
            wallet_id=ledger.wallets[0],
            money=Money(50, "EUR"),
            created_at=START,
        )
        with store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            uow.add_payment(payment)

        # What settles moves the settlement account too, which is another item's.
        looked_at = ALL if kind is PaymentKind.CHARGE else ALL - {ITEM.CREDIT_COMPLETED}
        found = store.evidence(ledger.id, looked_at)

        assert found == ({} if item is None else {item: made.completed_at})

    def test_a_key_that_was_replaced_is_shown(
        self, store: CertificationStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        books = ledgers.reader.ledger(ledger.id)
        assert books is not None
        old = api_key(books)
        new = evolve(another(old), created_at=START + TICK)
        with store.begin() as uow:
            uow.add_key(evolve(old, replaced_by=new.id))
            uow.add_key(new)

        assert store.evidence(ledger.id, ALL) == {ITEM.KEY_ROTATED: START + TICK}

    @pytest.mark.parametrize("status", DeliveryStatus)
    def test_a_webhook_that_was_answered_is_shown(
        self, store: CertificationStore, ledger: FundedLedger, status: DeliveryStatus
    ) -> None:
        endpoint = Endpoint(
            ledger_id=ledger.id,
            environment=Environment.SANDBOX,
            id=EndpointId("whk_1"),
            url="https://rosabank.example/hook",
            events=frozenset(),
            description=None,
            status=EndpointStatus.ENABLED,
            secret="whsec_dGhpcyBpcyBhIHNlY3JldCBvZiBhIHRlc3Q",
            created_at=START,
            planned_through=0,
        )
        delivery = Delivery(
            ledger_id=ledger.id,
            endpoint_id=endpoint.id,
            id=DeliveryId("dlv_1"),
            sequence=1,
            event_id="evt_1",
            event_type="wallet.created",
            status=status,
            created_at=START + TICK,
            next_attempt_at=START if status is DeliveryStatus.PENDING else None,
        )
        with store.begin() as uow:
            uow.load({ledger.id: Wanted()})
            uow.add_endpoint(endpoint)
            uow.add_delivery(delivery)

        found = store.evidence(ledger.id, ALL)

        is_answered = status is DeliveryStatus.DELIVERED
        assert found == ({ITEM.WEBHOOK_RECEIVED: START + TICK} if is_answered else {})

    def test_what_is_done_is_kept_from_the_first_time_on(
        self, store: CertificationStore, ledger: FundedLedger, other: FundedLedger
    ) -> None:
        for at in (START, START + TICK):
            with store.begin() as uow:
                uow.add_certified(ledger.id, ITEM.TRANSFER_REPLAYED, at)

        assert store.certified(ledger.id) == {ITEM.TRANSFER_REPLAYED: START}
        assert store.certified(other.id) == {}

    def test_what_is_done_is_of_a_ledger_that_exists(
        self, store: CertificationStore, other: FundedLedger
    ) -> None:
        def add() -> None:
            with store.begin() as uow:
                uow.add_certified(LedgerId(other.id + 1), ITEM.KEY_ROTATED, START)

        with pytest.raises(CommitFailed):
            add()
