"""Payments played at random: nothing is lost, doubled or pending for ever.

Requests, workers, notices and the gateway's dashboard go on in any order. The process dies at any
step, and is replaced by one that knows only what is stored. At the end all comes to rest, and the
books are compared with the gateway's. ``PAYFLOW_SIMULATIONS`` says how many times that is done.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from fractions import Fraction
from math import ceil

from attrs import define
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from payflow_adapters.gateways.mock_notices import SignedNotice
from payflow_adapters.gateways.mock_values import DESTINATIONS, PAYMENT_METHODS, Trouble
from payflow_domain.errors import Conflict, Invalid
from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.idempotency import Answer, Claim
from payflow_domain.payments.gateway import (
    GatewayUnavailable,
    Movement,
    MovementKind,
    OutcomeUnknown,
    PaymentKind,
)
from payflow_domain.payments.model import BACKOFF, NEVER_SEEN_AFTER, PaymentStatus
from payflow_domain.wallets.model import WalletStatus
from payflow_domain.wallets.movements import Note
from tests.builders.auditing import (
    ASKED_FOR,
    check_books,
    check_gateway_agrees,
    check_journal,
    check_nothing_is_pending,
    check_nothing_moved_twice,
)
from tests.builders.payments import PayFlow, Told, claim, open_payflow
from tests.builders.perils import Killed
from tests.contracts.gateway_harness import DECLINES

SIMULATIONS = int(os.environ.get("PAYFLOW_SIMULATIONS", "300"))
FUNDS = 1_000
WALLETS = 2
ROUNDS_TO_REST = 6
A_YEAR = timedelta(days=365)

# One decline stands for all, and a slow answer takes real time.
_REPEATED = {*DECLINES} - {"pm_card_chargeDeclined"}
METHODS = [
    each
    for each, behaviour in PAYMENT_METHODS.items()
    if behaviour.trouble is not Trouble.SLOW and each not in _REPEATED
]
BANKS = [each for each, behaviour in DESTINATIONS.items() if behaviour.trouble is not Trouble.SLOW]
TIMES = [timedelta(seconds=s) for s in (2, 2, 4, 90, 90, 900, 900, 7_200)]

wallets = st.integers(0, WALLETS - 1)
choices = st.integers(0, 30)
amounts = st.integers(1, 3_000)
parts = st.sampled_from([None, Fraction(1, 3), Fraction(1, 2), Fraction(2, 3)])
Ask = Callable[[Claim | None, Note], Told]


@define
class Asked:
    """Something that was asked for, and what was answered, once that is known."""

    ask: Callable[[], Told]
    answer: Answer | None = None


class Simulation(RuleBasedStateMachine):
    """A partner who asks, and all that goes on around it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = ExitStack()
        self.payflow: PayFlow = self.opened.enter_context(open_payflow())
        self.wallets: list[AccountId] = []
        self.with_keys: list[Asked] = []
        self.undelivered: dict[str, SignedNotice] = {}
        self.requests = 0

    @initialize()
    def open_wallets(self) -> None:
        self.wallets = [self.payflow.wallet(FUNDS) for _ in range(WALLETS)]

    @rule(which=wallets, method=st.sampled_from(METHODS), amount=amounts, keyed=st.booleans())
    def charge(self, which: int, method: str, amount: int, *, keyed: bool) -> None:
        wallet = self.wallets[which]
        self.ask(lambda *asked: self.payflow.charge(wallet, method, amount, *asked), keyed=keyed)

    @rule(which=wallets, amount=amounts, keyed=st.booleans(), is_given_up=st.booleans())
    def charge_over_a_slow_network(
        self, which: int, amount: int, *, keyed: bool, is_given_up: bool
    ) -> None:
        """The order arrives in the end, and often after it was given up."""
        self.payflow.perils.is_network_slow = True
        self.charge(which, "pm_card_refundFail", amount, keyed=keyed)
        self.payflow.perils.is_network_slow = False
        if is_given_up:
            self.time_passes(NEVER_SEEN_AFTER, works=True)

    @rule(which=wallets, bank=st.sampled_from(BANKS), amount=amounts, keyed=st.booleans())
    def pay_out(self, which: int, bank: str, amount: int, *, keyed: bool) -> None:
        wallet = self.wallets[which]
        self.ask(lambda *asked: self.payflow.pay_out(wallet, bank, amount, *asked), keyed=keyed)

    @rule(choice=choices, part=parts, keyed=st.booleans())
    def refund(self, choice: int, part: Fraction | None, *, keyed: bool) -> None:
        charges = self.charges()
        if charges:
            charge = charges[choice % len(charges)]
            money = self.payflow.transaction(charge).amount
            amount = None if part is None else ceil(money * part)
            self.ask(lambda *asked: self.payflow.refund(charge, amount, *asked), keyed=keyed)

    @rule(choice=choices)
    def ask_again(self, choice: int) -> None:
        """Ask the same with the same key: what was answered once is answered for ever."""
        if self.with_keys:
            self.request(self.with_keys[choice % len(self.with_keys)])

    @rule(choice=choices, part=parts)
    def refund_at_the_gateway(self, choice: int, part: Fraction | None) -> None:
        charges = self.at_the_gateway(MovementKind.CHARGE)
        if charges:
            charge = charges[choice % len(charges)]
            with suppress(ValueError):
                self.payflow.mock.refund_outside(
                    charge.gateway_id, ceil(charge.amount * (part or 1))
                )

    @rule(choice=choices)
    def dispute(self, choice: int) -> None:
        charges = self.at_the_gateway(MovementKind.CHARGE)
        if charges:
            with suppress(ValueError):
                self.payflow.mock.open_dispute(charges[choice % len(charges)].gateway_id)

    @rule(choice=choices, won=st.booleans())
    def decide_a_dispute(self, choice: int, *, won: bool) -> None:
        disputes = self.at_the_gateway(MovementKind.DISPUTE)
        if disputes:
            dispute = disputes[choice % len(disputes)]
            with suppress(ValueError):
                self.payflow.mock.close_dispute(dispute.gateway_id, won=won)

    @rule(time=st.sampled_from(TIMES), works=st.booleans())
    def time_passes(self, time: timedelta, *, works: bool) -> None:
        self.payflow.wait(time)
        if works:
            self.the_worker_works()

    @rule(chosen=st.lists(st.tuples(choices, st.booleans()), min_size=1, max_size=8))
    def some_notices_come(self, chosen: list[tuple[int, bool]]) -> None:
        """Some come now, in whatever order; some of those come again later."""
        self.take_notices()
        for choice, comes_again in chosen:
            if not self.undelivered:
                return
            notice = list(self.undelivered.values())[choice % len(self.undelivered)]
            with suppress(Killed):
                self.payflow.receive([notice])
                if not comes_again:
                    self.undelivered.pop(notice.id, None)

    @rule()
    def all_notices_come(self) -> None:
        with suppress(Killed):
            self.deliver_all()

    @rule()
    def the_worker_works(self) -> None:
        with suppress(Killed):
            self.work()

    @rule()
    def somebody_reconciles(self) -> None:
        with suppress(Killed, GatewayUnavailable, OutcomeUnknown):
            self.payflow.reconcile()

    @rule(steps=st.integers(1, 12))
    def the_process_is_to_die(self, steps: int) -> None:
        self.payflow.perils.kill_in = steps

    @rule(delivers=st.booleans())
    def another_process_is_to_go_on_meanwhile(self, *, delivers: bool) -> None:
        """While somebody asks the gateway, notices come or another worker works."""
        self.payflow.perils.meanwhile = self.deliver_all if delivers else self.work

    @rule(trouble=st.sampled_from([each for each in Trouble if each is not Trouble.SLOW]))
    def the_gateway_is_in_trouble(self, trouble: Trouble) -> None:
        self.payflow.mock.fail_next(trouble)

    @rule()
    def what_was_slow_arrives(self) -> None:
        self.payflow.gateway.arrive()

    @rule(which=wallets, status=st.sampled_from([WalletStatus.ACTIVE, WalletStatus.FROZEN]))
    def a_wallet_is_frozen_or_released(self, which: int, status: WalletStatus) -> None:
        self.payflow.set_status(self.wallets[which], status)

    @rule(which=wallets)
    def a_wallet_is_emptied_and_closed(self, which: int) -> None:
        wallet = self.wallets[which]
        balance = self.payflow.balance(wallet)
        if balance.posted:
            self.payflow.spend(wallet, balance.posted)
        with suppress(Invalid):
            self.payflow.set_status(wallet, WalletStatus.CLOSED)
            self.wallets[which] = self.payflow.wallet(FUNDS)

    @invariant()
    def the_books_are_sound(self) -> None:
        check_books(self.payflow)

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            check_books(self.payflow)
            check_journal(self.payflow)
            check_nothing_is_pending(self.payflow)
            check_gateway_agrees(self.payflow)
            check_nothing_moved_twice(self.payflow)
            self.check_answers()
        finally:
            self.opened.close()

    def check_answers(self) -> None:
        """Whoever was answered is answered the same once more."""
        for asked in self.with_keys:
            if asked.answer is not None:
                assert asked.ask() == Told(asked.answer, is_replay=True)

    def come_to_rest(self) -> None:
        """Let all that is under way come to its end, and nothing more go wrong."""
        self.payflow.perils.kill_in = self.payflow.perils.meanwhile = None
        self.payflow.gateway.arrive()
        self.end_all_troubles()
        for number in range(ROUNDS_TO_REST):
            self.payflow.wait(BACKOFF[-1])
            self.deliver_all()
            self.payflow.work()
            for dispute in self.at_the_gateway(MovementKind.DISPUTE):
                with suppress(ValueError):
                    self.payflow.mock.close_dispute(dispute.gateway_id, won=number % 2 == 0)

    def end_all_troubles(self) -> None:
        now = self.payflow.clock.now()
        while True:
            with suppress(GatewayUnavailable, OutcomeUnknown):
                self.payflow.mock.movements(now, now)
                return

    def work(self) -> None:
        self.payflow.work()

    def take_notices(self) -> None:
        self.undelivered |= {each.id: each for each in self.payflow.take_notices()}

    def deliver_all(self) -> None:
        """Deliver what was not delivered yet; another process may be doing so, too."""
        self.take_notices()
        for notice in list(self.undelivered.values()):
            self.payflow.receive([notice])
            self.undelivered.pop(notice.id, None)

    def ask(self, ask: Ask, *, keyed: bool) -> None:
        """Ask for something new; the words on it tell which request it is."""
        self.requests += 1
        key = claim(f"key-{self.requests}") if keyed else None
        note = Note(f"{ASKED_FOR}{self.requests}")
        asked = Asked(lambda: ask(key, note))
        if keyed:
            self.with_keys.append(asked)
        self.request(asked)

    def request(self, asked: Asked) -> None:
        with suppress(Killed, Invalid, Conflict, GatewayUnavailable):
            told = asked.ask()
            assert asked.answer in (None, told.answer)
            asked.answer = told.answer

    def charges(self) -> list[TransactionId]:
        """Return the charges that the books have as completed."""
        return [
            payment.transaction_id
            for payment in self.payflow.store._tables.payments.values()
            if (payment.kind, payment.status) == (PaymentKind.CHARGE, PaymentStatus.SUCCEEDED)
        ]

    def at_the_gateway(self, kind: MovementKind) -> list[Movement]:
        """Return what has moved money so, whatever trouble the gateway is in."""
        now = self.payflow.clock.now()
        with self.payflow.mock._book() as book:
            moved = book.movements(now - A_YEAR, now + A_YEAR)
        return [each for each in moved if each.kind is kind]


TestSimulation = Simulation.TestCase
TestSimulation.settings = settings(
    max_examples=SIMULATIONS,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
