"""Limiters of several processes, told apart and brought together."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import falcon.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from payflow_adapters.memory import MemoryStore
from payflow_domain.access.limit_service import Limits
from payflow_domain.access.limits import LedgerLimits, Limit
from payflow_domain.access.permissions import Actor
from payflow_domain.access.shared_limits import overshoot_max
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.partners.service import Partners
from payflow_http.addresses import ClientAddresses
from payflow_http.exchanging import LimitExchange
from payflow_http.incoming import ApiRequest
from payflow_http.limiting import Limiter
from payflow_http.meters import Meters
from payflow_http.problems import Problem
from payflow_http.threads import Threads
from tests.builders.times import START, TICK, CountingIds, SettableClock

SECOND_US = 1_000_000
LIMIT = Limit(rate=10, burst=20)
ACTOR = Actor(KeyId("key_1"), PartnerId("ptr_1"), LedgerId(1), Environment.SANDBOX, frozenset())


P = ParamSpec("P")
R = TypeVar("R")


class Inline(Threads):
    """Calls at once."""

    def __init__(self) -> None:
        super().__init__(1, 1)

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return call(*args, **kwargs)


class Processes:
    """As many limiters as there would be processes, on one store and in one time."""

    def __init__(self, count: int, limit: Limit = LIMIT) -> None:
        self.clock = SettableClock()
        self.store = MemoryStore(self.clock)
        limits = {Environment.SANDBOX: LedgerLimits(api=limit, money=limit)}
        self.limiters = [self._limiter(limits) for _ in range(count)]
        self.exchanges = [
            LimitExchange(limiter, Limits(self.store), Inline()) for limiter in self.limiters
        ]

    def _limiter(self, limits: dict[Environment, LedgerLimits]) -> Limiter:
        meters = Meters(now=lambda: (self.clock.at - START) // TICK)
        return Limiter(ClientAddresses(), limits, meters=meters)

    def pass_time(self, microseconds: int) -> None:
        self.clock.advance(microseconds * TICK)

    def ask(self, process: int) -> bool:
        req = ApiRequest(falcon.testing.create_scope(), falcon.testing.ASGIRequestEventEmitter())
        req.uri_template = "/api/v1/wallets"
        try:
            self.limiters[process].admit(req, ACTOR)
        except Problem:
            return False
        return True

    def ask_until_refused(self, process: int) -> int:
        count = 0
        while self.ask(process):
            count += 1
        return count

    def exchange(self, process: int) -> None:
        asyncio.run(self.exchanges[process].exchange())


def test_what_one_process_let_through_another_one_counts() -> None:
    both = Processes(2)
    assert both.ask_until_refused(0) == 20
    both.exchange(0)

    assert both.ask(1)
    both.exchange(1)

    assert not both.ask(1)


def test_what_was_too_much_has_to_come_back_first() -> None:
    both = Processes(2)
    for process in (0, 1):
        assert both.ask_until_refused(process) == 20
    for process in (0, 1, 0):
        both.exchange(process)
        assert not both.ask(process)

    both.pass_time(2 * SECOND_US)
    assert not both.ask(0)
    assert not both.ask(1)
    both.pass_time(SECOND_US // 10)
    assert both.ask(0)


def test_a_process_alone_is_exact_whenever_it_exchanges() -> None:
    alone, never = Processes(1), Processes(1)
    for number in range(200):
        for one in (alone, never):
            one.pass_time(37_000)
        assert alone.ask(0) == never.ask(0)
        if number % 7 == 0:
            alone.exchange(0)


def test_a_new_process_hears_what_was_taken_before_it_began() -> None:
    both = Processes(2)
    both.ask_until_refused(0)
    both.exchange(0)
    both.ask(1)
    both.exchange(1)

    assert not both.ask(1)


def test_what_nobody_takes_any_more_is_not_told_any_more() -> None:
    one = Processes(1)
    one.ask(0)
    one.exchange(0)

    assert one.limiters[0].meters.untold(10) == []


def test_limits_that_staff_changed_are_heard_of_and_forgotten_again() -> None:
    one = Processes(1)
    _, ledger = Partners(one.store.begin, one.store, one.clock, CountingIds()).approve("Bank")
    assert ledger.id == ACTOR.ledger_id
    for limit, most in ((Limit(1, 3), 3), (None, 20)):
        one.pass_time(SECOND_US)
        with one.store.begin() as uow:
            uow.keep_limits(ledger.id, limit, None)

        one.exchange(0)

        assert one.ask_until_refused(0) == most


EXCHANGE_US = SECOND_US // 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 4),
    st.builds(Limit, st.integers(1, 40), st.integers(1, 30)),
    st.data(),
)
def test_processes_together_let_through_no_more_than_the_bound(
    count: int, limit: Limit, data: st.DataObject
) -> None:
    """Each exchanges every half second, at a time of its own, and is asked whenever it may be."""
    together = Processes(count, limit)
    phases = data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    asked = st.lists(st.booleans(), min_size=count, max_size=count)
    step_us, let_through = EXCHANGE_US // 5, 0
    for step in range(60):
        for process, is_asked in enumerate(data.draw(asked)):
            let_through += together.ask_until_refused(process) if is_asked else 0
            if step % 5 == phases[process]:
                together.exchange(process)
        together.pass_time(step_us)

        came_back = limit.rate * (step + 1) * step_us / SECOND_US
        bound = overshoot_max(limit, count, EXCHANGE_US / SECOND_US)
        assert let_through <= limit.burst + came_back + bound
