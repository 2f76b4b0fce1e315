"""Counting requests, and GET /usage that tells of them."""

import asyncio
from datetime import date
from typing import NoReturn

import falcon.testing
import pytest
from attrs import evolve

from payflow_domain.access.limits import LedgerLimits, Limit
from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from payflow_domain.access.usage import ADDRESSES_MAX, OTHER, Flush, Use
from payflow_domain.access.usage_service import Usage, UsageStore
from payflow_domain.errors import Unavailable
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.volumes import Volume, VolumeOf
from payflow_http.addresses import ClientAddresses
from payflow_http.app import create_app
from payflow_http.counting import RequestCounter
from payflow_http.incoming import ApiRequest
from payflow_http.threads import Threads
from tests.unit.http.world import BASE, SETTINGS, World

TODAY = "2026-01-31"
FEW = {Environment.SANDBOX: LedgerLimits(api=Limit(1, 5, 60), money=Limit(1, 5, 60))}


def served(world: World, paths: list[str], *, key: str | None = None) -> None:
    """Ask one application for each of ``paths``, then stop it."""

    async def ask() -> None:
        settings = evolve(SETTINGS, limits=FEW, trusted_proxies=("127.0.0.1",))
        async with falcon.testing.ASGIConductor(create_app(world.services, settings)) as conductor:
            for path in paths:
                headers = {"Authorization": f"Bearer {key or world.key}"}
                await conductor.simulate_get(BASE + path, headers=headers)

    asyncio.run(ask())


def usage(world: World, query: str = "") -> dict[str, list[dict[str, object]]]:
    answer = world.get("/usage", query)
    assert answer.status_code == 200, answer.json
    told: dict[str, list[dict[str, object]]] = answer.json
    return told


def test_what_was_asked_is_told_by_route_and_day(world: World) -> None:
    wallet = world.wallet()
    world.services.usage.store._days.clear()  # type: ignore[attr-defined]
    served(world, ["/wallets", f"/wallets/{wallet}", "/wallets/wal_nobody", "/wallets"])

    told = {one["route"]: one for one in usage(world)["requests"]}

    assert told.keys() == {"GET /api/v1/wallets", "GET /api/v1/wallets/{wallet_id}"}
    item = told["GET /api/v1/wallets/{wallet_id}"]
    assert (item["day"], item["count"], item["limited"]) == (TODAY, 2, 0)
    assert item["errors"] == {"client": 1, "server": 0}
    assert told["GET /api/v1/wallets"]["count"] == 2


def test_what_was_refused_for_asking_too_often_is_counted_apart(world: World) -> None:
    served(world, ["/wallets"] * 8)

    (told,) = usage(world)["requests"]

    assert (told["count"], told["limited"]) == (8, 3)
    assert told["errors"] == {"client": 0, "server": 0}


def test_a_period_of_one_day_has_its_minutes(world: World) -> None:
    served(world, ["/wallets"] * 2)

    (minute,) = usage(world, f"from={TODAY}&to={TODAY}")["minutes"]

    assert (minute["minute"], minute["count"]) == ("2026-01-31T12:00:00.000000Z", 2)
    assert usage(world)["minutes"] == []


def test_keys_are_told_apart_and_when_they_were_last_used(world: World) -> None:
    second = world.key_with(Permission.WALLETS_READ)
    served(world, ["/wallets"] * 2)
    served(world, ["/wallets"], key=second)

    told = usage(world)["keys"]

    days = [one["days"] for one in told]
    assert sorted(str(each) for each in days) == sorted(
        str(
            [
                {
                    "day": TODAY,
                    "count": count,
                    "routes": {"GET /api/v1/wallets": count},
                    "addresses": {"127.0.0.1": count},
                }
            ]
        )
        for count in (1, 2)
    )
    keys = world.services.access.reader._tables.keys.values()  # type: ignore[attr-defined]
    assert [key.last_used_at for key in keys] == [world.clock.at] * 2


def test_another_ledgers_use_is_not_told(world: World) -> None:
    served(world, ["/wallets"], key=world.other_partner_key())

    assert usage(world)["requests"] == []


def test_who_is_not_known_is_not_counted(world: World) -> None:
    served(world, ["/wallets"], key="nonsense")

    assert usage(world)["requests"] == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=2026-01-01", 200, None),
        ("from=2025-12-27", 422, "invalid_period"),
        ("to=2026-02-01&from=2026-02-02", 422, "invalid_period"),
        ("from=yesterday", 400, "invalid_request"),
        ("from=2026-02-30", 400, "invalid_request"),
        ("until=2026-01-01", 400, "invalid_request"),
        ("to=0001-01-01", 200, None),
        ("from=9999-12-31&to=9999-12-31", 200, None),
    ],
)
def test_a_period_is_bounded(world: World, query: str, status: int, code: str | None) -> None:
    answer = world.get("/usage", query)

    assert (answer.status_code, answer.json.get("code")) == (status, code)


def test_a_sum_beyond_64_bits_is_told_as_it_is(world: World) -> None:
    of = VolumeOf(date(2026, 1, 31), "EUR", "credit")
    with world.volume_roller.begin() as uow:
        uow.add_volumes(world.ledger.id, {of: Volume(2, 2**64 + 1)}, 1)

    (told,) = world.get("/usage").json["volumes"]["days"]

    assert told["amount"] == 2**64 + 1


@pytest.mark.parametrize(
    ("query", "cost"), [("", 7), ("from=2026-01-31", 1), ("from=2026-01-01", 31)]
)
def test_usage_costs_a_unit_for_each_day(world: World, query: str, cost: int) -> None:
    told = world.get("/usage", query).headers["RateLimit"]

    assert told.startswith(f'"api";r={500 - cost};')


def test_usage_wants_its_permission(world: World) -> None:
    key = world.key_with(*ALL_PERMISSIONS - {Permission.USAGE_READ})

    assert world.get("/usage", key=key).status_code == 403


class Away:
    """A store that is away at first."""

    def __init__(self) -> None:
        self.kept: list[Use] = []
        self.offered: list[tuple[Use, Flush]] = []
        self.is_away = True

    def add_use(self, use: Use, flush: Flush) -> None:
        self.offered.append((use, flush))
        if self.is_away:
            raise Unavailable("It is away.")
        self.kept.append(use)

    def __getattr__(self, name: str) -> NoReturn:
        raise NotImplementedError(name)


async def counted(counter: RequestCounter, world: World, address: str) -> None:
    scope = falcon.testing.create_scope(path="/api/v1/wallets", remote_addr=address)
    req = ApiRequest(scope, falcon.testing.ASGIRequestEventEmitter())
    req.uri_template = "/api/v1/wallets"
    req.actor = world.services.access.authenticate(world.key)
    await counter.process_response(req, falcon.asgi.Response(), None, _succeeded=True)


def test_what_could_not_be_kept_is_kept_later(world: World) -> None:
    store = Away()

    async def main() -> None:
        threads = Threads(1, 10)
        threads.open("tests")
        counter = RequestCounter(Usage(store, world.clock), ClientAddresses(), threads)
        await counted(counter, world, "192.0.2.1")
        with pytest.raises(Unavailable):
            await counter.keep()
        await counted(counter, world, "192.0.2.1")
        store.is_away = False
        for _ in range(2):
            await counter.keep()
        await threads.close()

    asyncio.run(main())

    first, second = store.kept
    for use in (first, second):
        assert [one.requests for one in use.minutes.values()] == [1]
        assert list(use.keys.values()) == [1, 1]
    in_vain, again, other = store.offered
    assert in_vain == again
    assert other[1].number == again[1].number + 1


class Forgetful:
    """A store that adds what it is given, and loses its answer the first time."""

    def __init__(self, store: UsageStore) -> None:
        self.store = store
        self.is_lost = True

    def add_use(self, use: Use, flush: Flush) -> None:
        self.store.add_use(use, flush)
        if self.is_lost:
            self.is_lost = False
            raise Unavailable("Nobody knows.")

    def __getattr__(self, name: str) -> NoReturn:
        raise NotImplementedError(name)


def test_what_may_have_been_kept_is_not_counted_twice(world: World) -> None:
    store = Forgetful(world.services.usage.store)

    async def main() -> None:
        threads = Threads(1, 10)
        threads.open("tests")
        counter = RequestCounter(Usage(store, world.clock), ClientAddresses(), threads)
        await counted(counter, world, "192.0.2.1")
        with pytest.raises(Unavailable):
            await counter.keep()
        await counted(counter, world, "192.0.2.1")
        await counter.keep()
        await threads.close()

    asyncio.run(main())

    (told,) = usage(world)["requests"]
    assert told["count"] == 2


def test_addresses_beyond_so_many_are_counted_together(world: World) -> None:
    store = Away()
    store.is_away = False

    async def main() -> None:
        threads = Threads(1, 10)
        threads.open("tests")
        counter = RequestCounter(Usage(store, world.clock), ClientAddresses(), threads)
        for number in range(ADDRESSES_MAX + 5):
            await counted(counter, world, f"192.0.2.{number}")
        await counter.keep()
        await threads.close()

    asyncio.run(main())

    (use,) = store.kept
    addresses = {one.address: count for one, count in use.keys.items() if one.address}
    assert len(addresses) == ADDRESSES_MAX + 1
    assert addresses[OTHER] == 5
