"""What a courier attempts of what it holds, in which order and how much at once."""

import asyncio
from collections.abc import Collection, Coroutine

import pytest
from attrs import Factory, define, evolve

from payflow_bootstrap.lanes import Lanes
from payflow_domain.ids import LedgerId
from payflow_domain.webhooks.endpoints import EndpointChange
from payflow_domain.webhooks.rooms import WINDOW, WINDOWS_HELD
from payflow_domain.webhooks.taking import Errand, Errands
from tests.builders.webhooks import PostOffice, open_post_office

HELD = WINDOWS_HELD * WINDOW


@define
class Attempts:
    """Attempts that end when a test says so."""

    begun: list[Errand] = Factory(list)
    looked_into: list[LedgerId] = Factory(list)
    lanes: Lanes = Factory(lambda self: Lanes(self.attempt, self.look_into), takes_self=True)
    _ends: list[asyncio.Event] = Factory(list)

    async def attempt(self, errand: Errand) -> None:
        self.begun.append(errand)
        end = asyncio.Event()
        self._ends.append(end)
        await end.wait()
        self.lanes.let_go(errand.delivery.key)

    def look_into(self, ledgers: Collection[LedgerId]) -> None:
        self.looked_into += ledgers

    async def end(self, count: int) -> None:
        """End so many of those that began first."""
        for event in self._ends[:count]:
            event.set()
        del self._ends[:count]
        await rest()

    @property
    def sequences(self) -> list[int]:
        return [errand.delivery.sequence for errand in self.begun]


async def rest() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def run(main: Coroutine[None, None, None]) -> None:
    asyncio.run(main)


@pytest.fixture
def office() -> PostOffice:
    return open_post_office()


def take(office: PostOffice, lanes: Lanes) -> Errands:
    return office.dispatcher.take("anna", None, lanes.held_of_each())


def numbers(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


def test_as_many_begin_as_the_window_has_and_the_next_ones_as_they_end(office: PostOffice) -> None:
    async def main() -> None:
        attempts = Attempts()
        endpoint = office.endpoint()
        office.create_wallets(HELD)
        attempts.lanes.start(take(office, attempts.lanes))
        await rest()
        assert attempts.sequences == numbers(1, WINDOW)

        await attempts.end(3)

        assert attempts.sequences == numbers(1, WINDOW + 3)
        assert attempts.lanes.held_of_each() == {endpoint.key: HELD - 3}
        assert attempts.lanes.held == HELD - 3
        await attempts.lanes.end(0)

    run(main())


def test_more_is_looked_for_when_a_window_of_it_has_been_attempted(office: PostOffice) -> None:
    async def main() -> None:
        attempts = Attempts()
        endpoint = office.endpoint()
        office.create_wallets(HELD + 1)
        attempts.lanes.start(take(office, attempts.lanes))
        await rest()
        await attempts.end(WINDOW - 1)
        assert attempts.looked_into == []

        await attempts.end(2)

        assert attempts.looked_into == [endpoint.ledger_id]
        await attempts.lanes.end(0)

    run(main())


def test_a_retry_of_what_is_under_way_is_made_after_it(office: PostOffice) -> None:
    async def main() -> None:
        attempts = Attempts()
        office.endpoint()
        office.create_wallets(1)
        taken = take(office, attempts.lanes)
        attempts.lanes.start(taken)
        await rest()
        attempts.lanes.start(taken)
        await rest()
        assert (attempts.sequences, attempts.lanes.held) == ([1], 2)

        await attempts.end(1)
        assert (attempts.sequences, attempts.lanes.held) == ([1, 1], 1)
        await attempts.end(1)

        assert attempts.lanes.held == 0
        assert attempts.lanes.held_of_each() == {}
        assert attempts.lanes.are_idle

    run(main())


def test_nothing_more_is_attempted_of_one_that_is_dropped(office: PostOffice) -> None:
    async def main() -> None:
        attempts = Attempts()
        endpoint = office.endpoint()
        office.create_wallets(HELD)
        attempts.lanes.start(take(office, attempts.lanes))
        await rest()

        attempts.lanes.drop(endpoint.key)
        await attempts.end(WINDOW)

        assert attempts.sequences == numbers(1, WINDOW)
        assert attempts.lanes.held == 0

    run(main())


def test_what_waits_goes_where_the_endpoint_is_by_then(office: PostOffice) -> None:
    async def main() -> None:
        attempts = Attempts()
        endpoint = office.endpoint()
        office.create_wallets(WINDOW + 1)
        attempts.lanes.start(take(office, attempts.lanes))
        await rest()

        moved = office.change(endpoint, EndpointChange(url="https://example.org"))
        attempts.lanes.start(take(office, attempts.lanes))
        await attempts.end(1)

        assert attempts.begun[-2].endpoint.url == endpoint.url
        assert attempts.begun[-1].endpoint == evolve(moved, planned_through=WINDOW + 1)
        await attempts.lanes.end(0)

    run(main())


def test_what_is_not_begun_at_the_end_is_left(office: PostOffice) -> None:
    async def main() -> None:
        attempts = Attempts()
        office.endpoint()
        office.create_wallets(HELD)
        attempts.lanes.start(take(office, attempts.lanes))
        await rest()

        left = await attempts.lanes.end(0.01)

        assert [errand.delivery.sequence for errand in left] == numbers(WINDOW + 1, HELD)
        assert attempts.lanes.are_idle

    run(main())
