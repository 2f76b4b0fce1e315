"""Payments played at random, with deaths between any two steps; in the end everything agrees."""

from contextlib import ExitStack, suppress
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from payflow_adapters.gateways.mock_notices import SignedNotice
from payflow_adapters.gateways.mock_values import DESTINATIONS, PAYMENT_METHODS, Trouble
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.accounts import AccountKind
from payflow_domain.ledger.journal import link
from payflow_domain.ledger.ledgers import GENESIS
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.transactions import Status
from payflow_domain.payments.gateway import PaymentKind
from payflow_domain.payments.model import BACKOFF, NEVER_SEEN_AFTER, PaymentStatus
from tests.builders.payments import PayFlow, claim, open_payflow
from tests.builders.perils import Killed

# A slow answer takes real time, and tells nothing that the others do not.
QUICK = sorted(v for v, b in PAYMENT_METHODS.items() if b.trouble is not Trouble.SLOW)
BANKS = sorted(v for v, b in DESTINATIONS.items() if b.trouble is not Trouble.SLOW)
AMOUNTS = st.integers(min_value=100, max_value=5_000)
KILLS = st.none() | st.integers(min_value=1, max_value=9)
WALLETS = 3
ROUNDS_MAX = 40


class Simulation(RuleBasedStateMachine):
    """One partner's payments; every rule may be cut short by the death of the process."""

    def __init__(self) -> None:
        super().__init__()
        self._opened = ExitStack()
        self.payflow: PayFlow = self._opened.enter_context(open_payflow())
        self.wallets: list[AccountId] = []
        self.undelivered: list[SignedNotice] = []
        self.delivered: list[SignedNotice] = []
        self.keys = 0

    @initialize()
    def open_wallets(self) -> None:
        self.wallets = [self.payflow.wallet(funds=1_000) for _ in range(WALLETS)]

    @rule(wallet=st.integers(0, WALLETS - 1), method=st.sampled_from(QUICK), amount=AMOUNTS)
    def charge(self, wallet: int, method: str, amount: int) -> None:
        self.keys += 1
        key = claim(f"charge-{self.keys}")
        with suppress(PayFlowError, Killed):
            self.payflow.charge(self.wallets[wallet], method, amount, key)

    @rule(wallet=st.integers(0, WALLETS - 1), bank=st.sampled_from(BANKS), amount=AMOUNTS)
    def pay_out(self, wallet: int, bank: str, amount: int) -> None:
        with suppress(PayFlowError, Killed):
            self.payflow.pay_out(self.wallets[wallet], bank, amount)

    @rule(data=st.data(), amount=AMOUNTS)
    def refund(self, data: st.DataObject, amount: int) -> None:
        if charges := self.charges():
            with suppress(PayFlowError, Killed):
                self.payflow.refund(data.draw(st.sampled_from(charges)), amount)

    @rule(data=st.data(), amount=AMOUNTS)
    def refund_at_the_gateway(self, data: st.DataObject, amount: int) -> None:
        if charges := self.charges():
            charge = self.payflow.payment(data.draw(st.sampled_from(charges)))
            with suppress(ValueError):
                self.payflow.mock.refund_outside(charge.gateway_id or "", amount)

    @rule(data=st.data())
    def dispute(self, data: st.DataObject) -> None:
        if charges := self.charges():
            charge = self.payflow.payment(data.draw(st.sampled_from(charges)))
            with suppress(ValueError):
                self.payflow.mock.open_dispute(charge.gateway_id or "")

    @rule(seconds=st.sampled_from([1, 2, 4, 90, 300]))
    def time_passes(self, seconds: int) -> None:
        self.payflow.wait(timedelta(seconds=seconds))

    @rule(data=st.data())
    def some_notices_come(self, data: st.DataObject) -> None:
        self.undelivered += self.payflow.take_notices()
        known = self.undelivered + self.delivered[-5:]
        if not known:
            return
        for notice in data.draw(st.lists(st.sampled_from(known), max_size=6)):
            with suppress(PayFlowError, Killed):
                self.payflow.receive([notice])
                self.delivered.append(notice)

    @rule()
    def the_worker_works(self) -> None:
        with suppress(PayFlowError, Killed):
            self.payflow.work()

    @rule(kill_in=KILLS)
    def the_process_is_to_die(self, kill_in: int | None) -> None:
        self.payflow.perils.kill_in = kill_in

    def charges(self) -> list[TransactionId]:
        """Return the charges that the books have as completed."""
        payments = [self.payflow.store.payment_of(one) for one in self.payflow.transactions()]
        return [
            payment.transaction_id
            for payment in payments
            if payment
            and payment.kind is PaymentKind.CHARGE
            and payment.status is PaymentStatus.SUCCEEDED
        ]

    def teardown(self) -> None:
        try:
            self.settle()
            self.check()
        finally:
            self._opened.close()

    def settle(self) -> None:
        """Let no more go wrong, tell all there is to tell, and let the worker find out the rest."""
        self.payflow.perils.kill_in = None
        for _ in range(ROUNDS_MAX):
            self.payflow.wait(NEVER_SEEN_AFTER + BACKOFF[-1])
            fresh = self.payflow.take_notices()
            self.undelivered += fresh
            self.payflow.receive(self.undelivered)
            if not self.payflow.work() and not fresh:
                return

    def check(self) -> None:
        payflow, ledger_id = self.payflow, self.payflow.actor.ledger_id
        page = payflow.store.transactions(
            ledger_id, TransactionFilter(status=Status.PENDING), Page(101)
        )
        assert page == []
        assert payflow.is_in_step
        assert payflow.reconcile().unmatched == []
        assert payflow.posted(AccountKind.PAYOUTS_IN_TRANSIT) == 0
        for wallet in self.wallets:
            balance = payflow.balance(wallet)
            assert balance.available >= 0
            assert balance.pending == 0
        accounts = payflow.store._tables.accounts.values()
        assert sum(a.counters.debits_posted - a.counters.credits_posted for a in accounts) == 0
        assert sum(a.counters.debits_pending - a.counters.credits_pending for a in accounts) == 0
        head = GENESIS
        for event in payflow.store.events(ledger_id, 0, 100_000):
            head = link(head, event.body)
            assert event.hash == head


TestSimulation = Simulation.TestCase
TestSimulation.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
