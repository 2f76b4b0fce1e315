"""Who asks too often gets 429, and what every answer tells of limits."""

import asyncio

import falcon.inspect
import falcon.testing
import pytest
from attrs import evolve

from payflow_domain.access.limits import FAILED_AUTHENTICATION, LedgerLimits, Limit
from payflow_domain.access.permissions import ALL_PERMISSIONS
from payflow_domain.ledger.ledgers import Environment
from payflow_http.addresses import ClientAddresses
from payflow_http.app import create_app
from payflow_http.incoming import ApiRequest
from payflow_http.limiting import MONEY_ROUTES, Limiter
from payflow_http.meters import Meters
from payflow_http.problems import Problem
from tests.unit.http.world import BASE, SETTINGS, World, transfer

SECOND_US = 1_000_000
# Slow enough to come back that a busy machine makes no difference.
FIVE = {Environment.SANDBOX: LedgerLimits(api=Limit(1, 5, 60), money=Limit(1, 2, 60))}
ROOMY = {Environment.SANDBOX: LedgerLimits(api=Limit(1, 50, 60), money=Limit(1, 50, 60))}


class Caller:
    """Calls one and the same application again and again."""

    def __init__(self, world: World) -> None:
        self.world = world
        settings = evolve(SETTINGS, limits=FIVE, trusted_proxies=("127.0.0.0/8",))
        self.client = falcon.testing.TestClient(create_app(world.services, settings))

    def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> falcon.testing.Result:
        sent = {"Authorization": f"Bearer {self.world.key}", **headers}
        return self.client.simulate_request(method, BASE + path, headers=sent, json=body)

    def get(self, path: str, **headers: str) -> falcon.testing.Result:
        return self.call("GET", path, **headers)


def posted(
    world: World,
    limits: dict[Environment, LedgerLimits],
    calls: list[tuple[str, object]],
    idempotency_key: str = "key",
) -> list[falcon.testing.Result]:
    """Post to one application, one call after another, with keys that end with their numbers."""

    async def call_all() -> list[falcon.testing.Result]:
        app = create_app(world.services, evolve(SETTINGS, limits=limits))
        answers = []
        async with falcon.testing.ASGIConductor(app) as conductor:
            for number, (path, body) in enumerate(calls, 1):
                headers = {
                    "Authorization": f"Bearer {world.key}",
                    "Idempotency-Key": f"{idempotency_key}{number}",
                }
                method = "GET" if body is None else "POST"
                call = conductor.simulate_request(method, BASE + path, headers=headers, json=body)
                answers.append(await call)
        return answers

    return asyncio.run(call_all())


@pytest.fixture(autouse=True)
def slow_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much at once as ever, and slow enough to come back."""
    limit = evolve(FAILED_AUTHENTICATION, period_s=36_000)
    monkeypatch.setattr("payflow_http.limiting.FAILED_AUTHENTICATION", limit)


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world)


def test_an_answer_tells_the_limit_and_what_is_left_of_it(caller: Caller) -> None:
    answer = caller.get("/wallets")

    assert answer.headers["RateLimit-Policy"] == '"api";q=5;w=300'
    assert answer.headers["RateLimit"] == '"api";r=4;t=60'


def test_the_burst_is_served_and_one_more_is_429(caller: Caller) -> None:
    answers = [caller.get("/wallets") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert answers[-1].headers["RateLimit"] == '"api";r=0;t=60'
    told = answers[-1].json
    assert told["code"] == "rate_limited"
    assert (told["policy"], told["quota"], told["windowSeconds"]) == ("api", 5, 300)
    assert told["retryAfter"] == 60


def test_the_keys_of_a_ledger_share_its_limit_and_other_ledgers_have_their_own(
    caller: Caller, world: World
) -> None:
    for _ in range(5):
        caller.get("/wallets")
    second, other = world.key_with(*ALL_PERMISSIONS), world.other_partner_key()

    assert caller.get("/wallets", Authorization=f"Bearer {second}").status_code == 429
    assert caller.get("/wallets", Authorization=f"Bearer {other}").status_code == 200


def test_what_moves_money_has_a_tighter_limit_beside_the_other(world: World) -> None:
    body = transfer(world.wallet(100), world.wallet(), 1)

    *allowed, refused, read = posted(world, FIVE, [("/transfers", body)] * 3 + [("/wallets", None)])

    assert [answer.status_code for answer in allowed] == [201, 201]
    assert allowed[0].headers["RateLimit-Policy"] == '"api";q=5;w=300, "money";q=2;w=120'
    assert refused.status_code == 429
    assert refused.json["policy"] == "money"
    # What was refused as money took nothing of the other limit either.
    assert refused.headers["RateLimit"].startswith('"api";r=3;')
    assert read.headers["RateLimit"].startswith('"api";r=2;')


def test_what_is_refused_changes_nothing_and_spends_no_key(world: World) -> None:
    one, two = world.wallet(100), world.wallet()
    body = transfer(one, two, 1)

    *_, refused = posted(world, FIVE, [("/transfers", body)] * 3, idempotency_key="again")

    assert refused.status_code == 429
    assert world.available(two) == 2
    assert world.post("/transfers", body, idempotency_key="again3").status_code == 201


def test_a_large_batch_costs_more(world: World) -> None:
    one, two = world.wallet(1000), world.wallet()
    body = {"mode": "atomic", "transfers": [transfer(one, two, 1)] * 100}

    (answer,) = posted(world, ROOMY, [("/transfers/batch", body)])

    assert answer.status_code == 201
    assert [part.split(";")[1] for part in answer.headers["RateLimit"].split(", ")] == ["r=47"] * 2


@pytest.mark.parametrize("burst", [1, 2, 3])
def test_a_batch_that_costs_more_than_the_whole_bucket_takes_all_of_it(
    world: World, burst: int
) -> None:
    one, two = world.wallet(1000), world.wallet()
    body = {"mode": "atomic", "transfers": [transfer(one, two, 1)] * 150}
    limits = LedgerLimits(api=Limit(1, 50, 3600), money=Limit(1, burst, 3600))

    took, refused = posted(world, {Environment.SANDBOX: limits}, [("/transfers/batch", body)] * 2)

    assert (took.status_code, refused.status_code) == (201, 429)
    assert took.headers["RateLimit"].split(", ")[1].startswith('"money";r=0;')


def test_an_address_that_fails_too_often_is_refused_before_any_look_up(
    caller: Caller, world: World
) -> None:
    bad = {"Authorization": "Bearer nonsense"}
    statuses = [caller.get("/wallets", **bad).status_code for _ in range(21)]
    unknown = world.key_with()
    world.services.access.reader._tables.keys.clear()  # type: ignore[attr-defined]

    refused = caller.get("/wallets", Authorization=f"Bearer {unknown}")

    assert statuses == [401] * 20 + [429]
    assert refused.status_code == 429
    assert refused.json["policy"] == "authentication"
    assert int(refused.headers["Retry-After"]) <= 3600


def test_a_key_that_is_known_to_be_good_works_where_others_fail(caller: Caller) -> None:
    caller.get("/wallets")
    for _ in range(21):
        caller.get("/wallets", Authorization="Bearer nonsense")

    assert caller.get("/wallets").status_code == 200


def test_good_keys_do_not_count_as_failures(caller: Caller, world: World) -> None:
    keys = [world.other_partner_key() for _ in range(25)]

    answers = [caller.get("/wallets", Authorization=f"Bearer {key}") for key in keys]

    assert {answer.status_code for answer in answers} == {200}


def test_addresses_are_told_apart_and_an_ipv6_network_is_one(caller: Caller) -> None:
    def fail(address: str) -> int:
        headers = {"Authorization": "Bearer nonsense", "X-Forwarded-For": address}
        return caller.get("/wallets", **headers).status_code

    for number in range(20):
        fail(f"2001:db8::{number:x}")

    assert fail("2001:db8::ffff") == 429
    assert fail("2001:db8:0:1::") == 401
    assert fail("192.0.2.1") == 401


def test_without_limits_nothing_is_refused_and_nothing_told(world: World) -> None:
    settings = evolve(SETTINGS, limits=FIVE, limits_are_on=False)
    client = falcon.testing.TestClient(create_app(world.services, settings))

    answers = [
        client.simulate_get(f"{BASE}/wallets", headers={"Authorization": f"Bearer {key}"})
        for key in [world.key] * 10 + ["nonsense"] * 30
    ]

    assert {answer.status_code for answer in answers} == {200, 401}
    assert "RateLimit" not in answers[0].headers


def test_every_route_that_moves_money_is_one_of_the_api(world: World) -> None:
    app = create_app(world.services, SETTINGS)

    assert {route.path for route in falcon.inspect.inspect_routes(app)} >= MONEY_ROUTES


def test_a_public_route_is_limited_by_address() -> None:
    limiter = Limiter(ClientAddresses())
    req = ApiRequest(falcon.testing.create_scope(), falcon.testing.ASGIRequestEventEmitter())

    async def ask() -> None:
        for _ in range(20):
            limiter.admit_public(req)
        with pytest.raises(Problem):
            limiter.admit_public(req)

    asyncio.run(ask())
    assert req.rate_limit.startswith('"public";r=0')


def test_meters_are_bounded_and_those_that_are_whole_go_first() -> None:
    now_us = 0
    meters = Meters(now=lambda: now_us, count_max=10)
    req = ApiRequest(falcon.testing.create_scope(), falcon.testing.ASGIRequestEventEmitter())
    used = meters.find("api", "used", Limit(1, 5))
    for number in range(30):
        if number == 20:
            meters.take(req, [used], 5)
        meters.find("api", str(number), Limit(1, 5))
    meters.take(req, [used], 0)

    assert len(meters._kept) <= 10
