"""What the suites on payments have in common."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.ledger.idempotency import Claim, IdempotencyKey
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.money import Money
from payflow_domain.payments.gateway import MovementKind, PaymentKind
from payflow_domain.payments.model import KeptNotice, Leg, Payment, PaymentStatus
from tests.builders.ledger import PARTNER_ID, FundedLedger, ledgers_over, open_funded_ledger
from tests.builders.times import START, SettableClock
from tests.contracts.stores import PaymentStore

MOCK = "mock"
SANDBOX, LIVE = Environment.SANDBOX, Environment.LIVE
SECOND = timedelta(seconds=1)
CLAIM = Claim(IdempotencyKey("order 66 ~\"'\\"), bytes(range(32)))


class Crash(Exception):
    """Something of the program's own went wrong."""


def keep(store: PaymentStore, *payments: Payment) -> None:
    with store.begin() as uow:
        uow.load({payment.ledger_id: Wanted() for payment in payments})
        for payment in payments:
            uow.add_payment(payment)


def keep_legs(store: PaymentStore, *legs: Leg) -> None:
    with store.begin() as uow:
        uow.load({leg.ledger_id: Wanted() for leg in legs})
        for leg in legs:
            uow.add_leg(leg)


def keep_notices(store: PaymentStore, *notices: KeptNotice) -> None:
    with store.begin() as uow:
        for notice in notices:
            uow.add_notice(notice)


def leg_of(payment: Payment, gateway_id: str = "ch_1") -> Leg:
    return Leg(
        ledger_id=payment.ledger_id,
        transaction_id=payment.transaction_id,
        gateway=payment.gateway,
        environment=payment.environment,
        kind=MovementKind.CHARGE,
        gateway_id=gateway_id,
        amount=payment.money.amount,
        currency=payment.money.currency,
        at=START,
    )


class PaymentSuite:
    """The fixtures of every suite on the ports of payments."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> PaymentStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def ledgers(self, store: PaymentStore, clock: SettableClock) -> Ledgers:
        return ledgers_over(store.begin, store, clock)

    @pytest.fixture
    def ledger(self, ledgers: Ledgers) -> FundedLedger:
        return open_funded_ledger(ledgers)

    @pytest.fixture
    def other(self, ledgers: Ledgers) -> FundedLedger:
        """The live ledger of the same partner."""
        return open_funded_ledger(ledgers, partner_id=PARTNER_ID, environment=LIVE)

    @pytest.fixture
    def payment(self, ledgers: Ledgers, ledger: FundedLedger) -> Payment:
        """A payment that is not given to the store yet; its transaction is."""
        return self.new_payment(ledgers, ledger)

    def new_payment(
        self, ledgers: Ledgers, ledger: FundedLedger, environment: Environment = SANDBOX
    ) -> Payment:
        held = ledgers.hold(ledger.id, ledger.transfer(50)).transaction
        return Payment(
            ledger_id=ledger.id,
            transaction_id=held.id,
            environment=environment,
            gateway=MOCK,
            kind=PaymentKind.CHARGE,
            status=PaymentStatus.PENDING,
            wallet_id=ledger.wallets[0],
            money=Money(50, "EUR"),
            created_at=START,
        )

    def due_payments(
        self, ledgers: Ledgers, ledger: FundedLedger, *seconds: int
    ) -> tuple[Payment, ...]:
        """Make payments that are due so many seconds after the start."""
        return tuple(
            evolve(self.new_payment(ledgers, ledger), next_attempt_at=START + after * SECOND)
            for after in seconds
        )
