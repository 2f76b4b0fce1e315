"""Webhooks played at random: nothing is lost, nothing overtakes, and nothing is sent twice at once.

Commits, workers, partners and endpoints that fail go on in any order. Workers die with attempts
under way, and are replaced by others. At the end all endpoints are good and enabled, and what was
lost is recovered. ``PAYFLOW_SIMULATIONS`` says how many times that is done.
"""

import os
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from payflow_domain.ledger.journal import Event, EventType
from payflow_domain.webhooks.deliveries import DeliveryKey, DeliveryStatus
from payflow_domain.webhooks.dispatch import ATTEMPT_MAX
from payflow_domain.webhooks.endpoints import Endpoint, EndpointStatus
from payflow_domain.webhooks.rooms import WINDOW, WINDOWS_HELD
from tests.builders.times import TICK
from tests.builders.webhooks import BROKEN, GONE, OK, PostOffice, Worker, open_post_office

SIMULATIONS = int(os.environ.get("PAYFLOW_SIMULATIONS", "80"))
HOLD_MAX = WINDOWS_HELD * ATTEMPT_MAX
"""How long after it was taken a delivery has been attempted."""

PAUSES = [timedelta(seconds=s) for s in (1, 5, 40, 40, 61, 300, 86_400)]
STATUSES = [OK, OK, OK, BROKEN, None, GONE]
FILTERS = [frozenset(EventType), frozenset({EventType.WALLET_CREATED, EventType.PAYOUT_FAILED})]
A_YEAR = timedelta(days=365)
ATTEMPTS = 4
"""How many there are in the sandbox before a delivery is given up."""

ROUNDS_TO_REST = 100

workers = st.integers(0, 1)
endpoints = st.integers(0, len(FILTERS) - 1)
types = st.sampled_from([EventType.WALLET_CREATED, EventType.WALLET_UPDATED])


class Webhooks(RuleBasedStateMachine):
    """Two workers, two endpoints, and what is known of every attempt."""

    @initialize()
    def open(self) -> None:
        self.office: PostOffice = open_post_office()
        self.office.create_wallets(2)
        self.endpoints = [self.office.endpoint(*events) for events in FILTERS]
        self.workers = [self.office.worker("worker 0"), self.office.worker("worker 1")]
        self.hired = 2
        self.begun: dict[DeliveryKey, datetime] = {}
        self.arrived: set[DeliveryKey] = set()
        self.skipped: set[DeliveryKey] = set()
        self.owed: set[DeliveryKey] = set()
        self.last_first: dict[str, int] = {}

    @rule(
        happening=st.lists(types, min_size=1, max_size=4),
        times=st.sampled_from([1, 1, 1, 1, 60]),
        worker=st.none() | workers,
    )
    def commit(self, happening: list[EventType], times: int, worker: int | None) -> None:
        """Have something happen, which a worker may hear of at once."""
        self.office.happen(*happening * times)
        if worker is not None:
            self._take(self.workers[worker])

    @rule(worker=workers)
    def take(self, worker: int) -> None:
        self._take(self.workers[worker])

    @rule(worker=workers, statuses=st.lists(st.sampled_from(STATUSES), min_size=1, max_size=70))
    def answer(self, worker: int, statuses: list[int | None]) -> None:
        """End some attempts, the last ones first."""
        self._end(self.workers[worker], statuses)

    @rule(worker=workers, is_stopped=st.booleans())
    def replace(self, worker: int, *, is_stopped: bool) -> None:
        """Have a worker die, or stop as one should: then what is under way may end.

        What it has not begun with it leaves to others.
        """
        if is_stopped:
            leaving = self.workers[worker]
            self._end(leaving, [OK] * (len(leaving.under_way) // 2))
            self.office.dispatcher.release(leaving.name, list(leaving.under_way.values()))
        self.workers[worker] = self.office.worker(f"worker {self.hired}")
        self.hired += 1

    @rule(worker=workers, is_down=st.booleans())
    def serve(self, worker: int, *, is_down: bool) -> None:
        """Attempt what there is, for as long as it takes to give something up."""
        for _ in range(ATTEMPTS):
            self._take(self.workers[worker])
            under_way = self.workers[worker].under_way
            self._end(self.workers[worker], [BROKEN if is_down else OK] * len(under_way))
            self.wait(timedelta(minutes=6) if is_down else TICK)

    @rule(index=endpoints)
    def switch(self, index: int) -> None:
        """Disable an endpoint, or enable it."""
        endpoint = self.endpoints[index]
        if self._is_enabled(endpoint):
            self.office.disable(endpoint)
        else:
            self.office.enable(endpoint)

    @rule(index=endpoints, ago=st.sampled_from([timedelta(seconds=5), A_YEAR]))
    def recover(self, index: int, ago: timedelta) -> None:
        if self._is_enabled(self.endpoints[index]):
            self.office.recover(self.endpoints[index], ago)

    @rule(index=endpoints, place=st.integers(0, 1_000))
    def retry(self, index: int, place: int) -> None:
        deliveries = self.office.deliveries(self.endpoints[index])
        if deliveries and self._is_enabled(self.endpoints[index]):
            delivery = deliveries[-1 - place % len(deliveries)]
            self.office.retry(delivery)
            self.owed.add(delivery.key)

    @rule(pause=st.sampled_from(PAUSES))
    def wait(self, pause: timedelta) -> None:
        """Let time pass; nothing is held longer than it may be."""
        end = self.office.clock.now() + pause
        for worker in self.workers:
            late = [key for key in worker.under_way if self.begun[key] + HOLD_MAX < end]
            errands = [worker.under_way[key] for key in late]
            worker.conclude(errands, None)
        self.office.clock.at = end

    @invariant()
    def each_event_has_one_delivery_to_each_endpoint_that_hears_of_it(self) -> None:
        self.office.clock.advance(TICK)  # no two things happen at the same time
        for endpoint in self.endpoints:
            planned = self.office.look(endpoint).planned_through
            sequences = [one.sequence for one in self.office.deliveries(endpoint)]
            heard = [event.sequence for event in self._heard(endpoint)]
            assert sequences == [sequence for sequence in heard if sequence <= planned]

    @invariant()
    def nothing_waits_for_an_endpoint_that_is_disabled(self) -> None:
        for endpoint in self.endpoints:
            deliveries = self.office.deliveries(endpoint)
            waiting = {one.key for one in deliveries if one.status is DeliveryStatus.PENDING}
            skipped = {one.key for one in deliveries if one.status is DeliveryStatus.SKIPPED}
            assert self._is_enabled(endpoint) or not waiting
            assert waiting == {one.key for one in deliveries if one.next_attempt_at is not None}
            self.skipped |= skipped
            self.owed -= skipped

    def teardown(self) -> None:
        """Come to rest, with endpoints that are good."""
        if not hasattr(self, "office"):
            return
        for worker in self.workers:
            self._end(worker, [OK] * len(worker.under_way))
            self.office.dispatcher.release(worker.name)
        for endpoint in self.endpoints:
            self.office.enable(endpoint)
        self._run_dry()
        assert not self.owed
        for endpoint in self.endpoints:
            self.office.recover(endpoint, A_YEAR)
        self._run_dry()
        self.each_event_has_one_delivery_to_each_endpoint_that_hears_of_it()
        for endpoint in self.endpoints:
            deliveries = self.office.deliveries(endpoint)
            assert [one.sequence for one in deliveries] == [
                event.sequence for event in self._heard(endpoint)
            ]
            assert {one.status for one in deliveries} <= {DeliveryStatus.DELIVERED}
            assert {one.key for one in deliveries} <= self.arrived

    def _run_dry(self) -> None:
        for _ in range(ROUNDS_TO_REST):
            for worker in self.workers:
                while self._take(worker):
                    self._end(worker, [OK] * len(worker.under_way))
                    self.office.clock.advance(TICK)
            waiting = [
                one.next_attempt_at
                for endpoint in self.endpoints
                for one in self.office.deliveries(endpoint)
                if one.next_attempt_at is not None
            ]
            end = len(self.office.journal())
            planned = [self.office.look(endpoint).planned_through for endpoint in self.endpoints]
            if not waiting and min(planned) == end:
                return
            # Nor is it due, or planned, before a lease has ended.
            ends_at = self.office.clock.at + self.office.dispatcher.lease
            self.office.clock.at = max([ends_at, *waiting]) + TICK
        raise AssertionError("There is always something to do.")

    def _take(self, worker: Worker) -> bool:
        """Begin what is due; tell whether there was something to do."""
        elsewhere = {
            key for other in self.workers if other is not worker for key in other.under_way
        }
        errands = worker.take()
        for errand in errands:
            delivery = errand.delivery
            assert delivery.key not in elsewhere
            if delivery.key not in self.begun and delivery.key not in self.skipped:
                assert delivery.sequence > self.last_first.get(delivery.endpoint_id, 0)
                self.last_first[delivery.endpoint_id] = delivery.sequence
            self.begun[delivery.key] = self.office.clock.now()
            self.owed.discard(delivery.key)
        for endpoint in self.endpoints:
            assert sum(key[1] == endpoint.id for key in worker.under_way) <= WINDOWS_HELD * WINDOW
        return bool(errands or worker.last.behind)

    def _end(self, worker: Worker, statuses: list[int | None]) -> None:
        errands = list(worker.under_way.values())[::-1]
        ended = list(zip(errands, statuses, strict=False))
        self.arrived |= {errand.delivery.key for errand, status in ended if status == OK}
        worker.conclude_each(ended)

    def _is_enabled(self, endpoint: Endpoint) -> bool:
        return self.office.look(endpoint).status is EndpointStatus.ENABLED

    def _heard(self, endpoint: Endpoint) -> list[Event]:
        """Return the events since it was made that an endpoint is to hear of."""
        since = endpoint.planned_through
        return [e for e in self.office.journal() if e.sequence > since and endpoint.hears(e.type)]


TestWebhooks = Webhooks.TestCase
TestWebhooks.settings = settings(max_examples=SIMULATIONS, stateful_step_count=40, deadline=None)
