"""Remembering keys for a moment."""

import asyncio
import threading
from collections.abc import Iterator

import falcon.testing
import pytest
from attrs import evolve

from payflow_domain.access.entry import PartnerSuspended
from payflow_domain.access.keys import InvalidApiKey, digest_of
from payflow_domain.access.limits import FAILED_AUTHENTICATION, LedgerLimits, Limit
from payflow_domain.access.permissions import Actor, Standing
from payflow_domain.ledger.ledgers import Environment
from payflow_http import authentication
from payflow_http.addresses import ClientAddresses
from payflow_http.authentication import Authenticator
from payflow_http.incoming import ApiRequest
from payflow_http.limiting import Limiter
from payflow_http.problems import Problem
from payflow_http.threads import Threads
from tests.unit.http.world import World

UNLIMITED = Limiter(ClientAddresses(), is_on=False)


class Lookups:
    """Counts look-ups of the world's keys."""

    def __init__(self, world: World) -> None:
        self.count = 0
        self._world = world

    def actor_of(self, digest: bytes) -> Actor:
        self.count += 1
        return self._world.services.access.actor_of(digest)


@pytest.fixture
def lookups(world: World) -> Lookups:
    return Lookups(world)


def asking(key: str) -> ApiRequest:
    scope = falcon.testing.create_scope(headers={"Authorization": f"bearer {key}"})
    return ApiRequest(scope, falcon.testing.ASGIRequestEventEmitter())


async def identify_many(authenticator: Authenticator, key: str, count: int) -> set[Actor]:
    return set(await asyncio.gather(*[authenticator.identify(asking(key)) for _ in range(count)]))


def test_requests_that_come_together_share_one_look_up(world: World, lookups: Lookups) -> None:
    async def main() -> None:
        threads = Threads(2, 10)
        threads.open("tests")
        authenticator = Authenticator(lookups.actor_of, threads, UNLIMITED, lambda *_: None)
        assert len(await identify_many(authenticator, world.key, 20)) == 1
        assert len(await identify_many(authenticator, world.key, 20)) == 1
        assert lookups.count == 1
        authenticator.invalidate(digest_of(world.key))
        await identify_many(authenticator, world.key, 1)
        authenticator.invalidate()
        await identify_many(authenticator, world.key, 1)
        assert lookups.count == 3
        await threads.close()

    asyncio.run(main())


def test_a_key_is_remembered_for_a_second_at_most(
    world: World, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: Iterator[float] = iter([0.0, 0.999, 1.0, 1.0])
    monkeypatch.setattr(authentication, "monotonic", lambda: next(times))

    async def main() -> None:
        threads = Threads(2, 10)
        threads.open("tests")
        authenticator = Authenticator(lookups.actor_of, threads, UNLIMITED, lambda *_: None)
        counts = []
        for _ in range(3):
            await authenticator.identify(asking(world.key))
            counts.append(lookups.count)
        assert counts == [1, 1, 2]
        await threads.close()

    asyncio.run(main())


def test_a_key_that_is_not_good_is_looked_up_each_time(world: World, lookups: Lookups) -> None:
    unknown = world.key_with()
    world.services.access.reader._tables.keys.clear()  # type: ignore[attr-defined]

    async def main() -> None:
        threads = Threads(2, 10)
        threads.open("tests")
        authenticator = Authenticator(lookups.actor_of, threads, UNLIMITED, lambda *_: None)
        for _ in range(2):
            with pytest.raises(InvalidApiKey):
                await authenticator.identify(asking(unknown))
        assert lookups.count == 2
        await threads.close()

    asyncio.run(main())


def test_what_was_read_before_a_change_is_not_kept_after_it(world: World) -> None:
    asked, changed = threading.Event(), threading.Event()
    lookups = Lookups(world)

    def slow(digest: bytes) -> Actor:
        actor = lookups.actor_of(digest)
        asked.set()
        assert changed.wait(30)
        return actor

    async def main() -> None:
        threads = Threads(2, 10)
        threads.open("tests")
        authenticator = Authenticator(slow, threads, UNLIMITED, lambda *_: None)
        early = asyncio.create_task(authenticator.identify(asking(world.key)))
        await asyncio.to_thread(asked.wait, 30)
        authenticator.invalidate()
        late = asyncio.create_task(authenticator.identify(asking(world.key)))
        await asyncio.sleep(0)
        changed.set()
        await asyncio.gather(early, late)
        assert lookups.count == 2
        await authenticator.identify(asking(world.key))
        assert lookups.count == 2
        await threads.close()

    asyncio.run(main())


def test_a_key_of_no_form_is_refused_without_a_look_up(world: World, lookups: Lookups) -> None:
    mistyped = world.key[:-1] + ("0" if world.key[-1] != "0" else "1")

    async def main() -> None:
        threads = Threads(2, 10)
        threads.open("tests")
        authenticator = Authenticator(lookups.actor_of, threads, UNLIMITED, lambda *_: None)
        for key in ("", "nonsense", world.key[:-1], world.key + "0", world.key.lower(), mistyped):
            with pytest.raises(InvalidApiKey):
                await authenticator.identify(asking(key))
        assert lookups.count == 0
        await threads.close()

    asyncio.run(main())


@pytest.mark.parametrize("is_known", [True, False])
def test_a_key_that_was_good_a_moment_ago_is_looked_up_at_an_address_that_failed_too_often(
    world: World,
    is_known: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    async def main() -> None:
        threads = Threads(2, 10)
        threads.open("tests")
        limiter = Limiter(ClientAddresses())
        access = world.services.access
        authenticator = Authenticator(access.actor_of, threads, limiter, lambda *_: None)
        await authenticator.identify(asking(world.key))
        for _ in range(FAILED_AUTHENTICATION.burst):
            with pytest.raises(InvalidApiKey):
                await authenticator.identify(asking("nonsense"))
        authenticator.invalidate(digest_of(world.key) if is_known else None)

        actor = await authenticator.identify(asking(world.key))

        assert actor.ledger_id == world.ledger.id
        with pytest.raises(Problem, match="Too many"):
            await authenticator.identify(asking(world.other_partner_key()))
        await threads.close()

    asyncio.run(main())


def test_who_is_suspended_counts_towards_the_limits_of_its_ledger(world: World) -> None:
    few = {Environment.SANDBOX: LedgerLimits(api=Limit(1, 2, 60), money=Limit(1, 2, 60))}

    def suspended(digest: bytes) -> Actor:
        return evolve(world.services.access.actor_of(digest), standing=Standing.SUSPENDED)

    async def main() -> None:
        threads = Threads(2, 10)
        threads.open("tests")
        limiter = Limiter(ClientAddresses(), few)
        authenticator = Authenticator(suspended, threads, limiter, lambda *_: None)
        for _ in range(2):
            with pytest.raises(PartnerSuspended):
                await authenticator.identify(asking(world.key))
        with pytest.raises(Problem) as refusal:
            await authenticator.identify(asking(world.key))
        assert refusal.value.status == 429
        await threads.close()

    asyncio.run(main())
