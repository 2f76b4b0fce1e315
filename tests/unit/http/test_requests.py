"""What every request meets: keys, permissions, bodies, paths, headers."""

import asyncio

import falcon
import falcon.testing
import pytest

from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from payflow_http.incoming import ApiRequest
from payflow_http.problems import Problem
from tests.unit.http.world import World, transfer

WALLET = b'{"name":"Anna","currency":"EUR"}'
ENDPOINTS = [
    ("GET", "/wallets", Permission.WALLETS_READ),
    ("POST", "/wallets", Permission.WALLETS_WRITE),
    ("GET", "/wallets/w", Permission.WALLETS_READ),
    ("PATCH", "/wallets/w", Permission.WALLETS_WRITE),
    ("GET", "/wallets/external/e", Permission.WALLETS_READ),
    ("GET", "/wallets/w/balance", Permission.WALLETS_READ),
    ("GET", "/wallets/w/transactions", Permission.TRANSACTIONS_READ),
    ("POST", "/wallets/w/credit", Permission.TRANSACTIONS_WRITE),
    ("POST", "/wallets/w/debit", Permission.TRANSACTIONS_WRITE),
    ("POST", "/transfers", Permission.TRANSFERS_WRITE),
    ("POST", "/transfers/batch", Permission.TRANSFERS_WRITE),
    ("GET", "/transactions", Permission.TRANSACTIONS_READ),
    ("GET", "/transactions/t", Permission.TRANSACTIONS_READ),
    ("POST", "/transactions/t/reverse", Permission.TRANSACTIONS_WRITE),
    ("GET", "/events", Permission.EVENTS_READ),
]
Events = list[dict[str, object]]

endpoints = pytest.mark.parametrize(("method", "path", "permission"), ENDPOINTS)


@endpoints
def test_each_endpoint_asks_for_a_key_before_anything_else(
    world: World, method: str, path: str, permission: Permission
) -> None:
    answer = world.call(method, path, b"{nonsense", key="sk_test_pf_nonsense")

    assert (answer.status_code, answer.json["code"]) == (401, "invalid_api_key"), permission
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@endpoints
def test_each_endpoint_names_the_permission_that_the_key_lacks(
    world: World, method: str, path: str, permission: Permission
) -> None:
    key = world.key_with(*ALL_PERMISSIONS - {permission})
    body = None if method == "GET" else b"{nonsense"

    answer = world.call(method, path, body, key=key)

    assert (answer.status_code, answer.json["code"]) == (403, "missing_permission")
    assert answer.json["permission"] == permission.value


@pytest.mark.parametrize("header", ["", "Bearer", "Basic {key}", "Bearer {key}x", "Bearer \xff"])
def test_anything_but_a_good_bearer_key_is_401(world: World, header: str) -> None:
    headers = {"Authorization": header.format(key=world.key)}

    answer = world.client.simulate_get("/api/v1/wallets", headers=headers)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"nonsense", "invalid_json"),
        (b'{"a":NaN}', "invalid_json"),
        (b'{"a":Infinity}', "invalid_json"),
        (b'{"a":1e400}', "invalid_json"),
        (b'{"a":' + b"9" * 5000 + b"}", "invalid_json"),
        (b'\xef\xbb\xbf{"a":1}', "invalid_json"),
        (b'{"a":"\xff"}', "invalid_json"),
        (b'{"a":"\\ud800"}', "invalid_json"),
        (b"[" * 50_000 + b"]" * 50_000, "invalid_json"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "invalid_json"),
        (b"[]", "invalid_type"),
        (b"null", "invalid_type"),
        (b'{"name":"a","name":"b","currency":"EUR"}', "duplicate_member"),
        (b'{"name":"a","n\\u0061me":"b","currency":"EUR"}', "duplicate_member"),
        (b'{"name":"a","currency":"EUR","metadata":{"k":"1","k":"1"}}', "duplicate_member"),
        (b'{"name":"a","currency":"EUR","x":1}', "unknown_member"),
        (b'{"name":"a"}', "missing_member"),
        (b'{"name":1,"currency":"EUR"}', "invalid_type"),
    ],
)
def test_a_body_that_is_not_as_asked_is_400_and_changes_nothing(
    world: World, body: bytes, code: str
) -> None:
    answer = world.post("/wallets", body)

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert [fault["code"] for fault in answer.json["errors"]] == [code]
    assert world.get("/wallets").json["data"] == []


def test_every_fault_of_a_body_is_told_in_the_callers_spelling(world: World) -> None:
    body = {"fromWalletId": 1, "amount": 0, "metadata": {"a~b": 1, "c/d": 2}, "to/Wallet": "x"}

    answer = world.post("/transfers", body)

    told = {fault["pointer"]: fault["code"] for fault in answer.json["errors"]}
    assert told == {
        "/fromWalletId": "invalid_type",
        "/toWalletId": "missing_member",
        "/amount": "invalid_amount",
        "/currency": "missing_member",
        "/metadata/a~0b": "invalid_type",
        "/metadata/c~1d": "invalid_type",
        "/to~1Wallet": "unknown_member",
    }


def test_faults_without_end_do_not_make_an_answer_without_end(world: World) -> None:
    answer = world.post("/wallets", {f"member{i}": i for i in range(10_000)})

    assert answer.status_code == 400
    assert len(answer.json["errors"]) == 100


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON", 201),
        ("text/plain", 415),
        ("application/jsonp", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_is_application_json(world: World, content_type: str, status: int) -> None:
    headers = {"Content-Type": content_type}

    answer = world.call("POST", "/wallets", WALLET, headers=headers)

    assert answer.status_code == status
    assert answer.json.get("code") == (None if status == 201 else "unsupported_media_type")


@pytest.mark.parametrize("size", [2**20 + 1, 2**21])
def test_a_body_above_the_limit_is_413(world: World, size: int) -> None:
    answer = world.post("/wallets", b" " * size)

    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "route_not_found"),
        ("DELETE", "/wallets", 405, "method_not_allowed"),
        ("GET", "/transfers", 405, "method_not_allowed"),
        ("PUT", "/transactions/x/reverse", 405, "method_not_allowed"),
    ],
)
def test_what_there_is_not_is_told_as_a_problem(
    world: World, method: str, path: str, status: int, code: str
) -> None:
    answer = world.call(method, path)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["status"] == status
    assert answer.json["type"] == f"urn:payflow:problem:{code}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert ("Allow" in answer.headers) == (status == 405)


def test_every_request_has_an_id_of_its_own_whatever_the_caller_sends(world: World) -> None:
    headers = {"Payflow-Request-Id": "mine"}

    ids = [world.call("GET", "/wallets", headers=headers).headers["Payflow-Request-Id"]] + [
        world.get("/nothing").headers["Payflow-Request-Id"] for _ in range(2)
    ]

    assert len({*ids, "mine"}) == 4


def test_a_malformed_idempotency_key_is_refused(world: World) -> None:
    one, other = world.wallet(100), world.wallet()

    answer = world.post("/transfers", transfer(one, other), idempotency_key='"a')

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_idempotency_key")
    assert world.available(one) == 100


def test_health_needs_no_key_and_readiness_is_told(world: World) -> None:
    client: falcon.testing.TestClient = world.client

    assert client.simulate_get("/health").json == {"status": "ok"}
    assert client.simulate_get("/ready").json == {"status": "ready"}


@pytest.mark.parametrize("query", ["a=%ff", "a=\xff"])
def test_a_query_that_is_not_utf8_is_a_problem_like_any_other(world: World, query: str) -> None:
    answer = world.get("/wallets", query)

    assert answer.status_code == 400


def test_a_part_of_a_body_does_not_pass_for_the_whole() -> None:
    begun = {"type": "http.request", "body": b"", "more_body": True}
    events: Events = [begun, {"type": "http.disconnect"}]

    problem = read_content(events)

    assert isinstance(problem, Problem)
    assert [fault.code for fault in problem.faults] == ["incomplete_body"]


def test_a_body_in_pieces_is_read_whole_and_bounded() -> None:
    pieces: Events = [{"type": "http.request", "body": b"12", "more_body": True}] * 3
    last: dict[str, object] = {"type": "http.request", "body": b"3", "more_body": False}
    endless: Events = [{"type": "http.request", "body": b" " * 2**19, "more_body": True}] * 9

    assert read_content([*pieces, last]) == b"1212123"
    assert isinstance(problem := read_content(endless), Problem)
    assert problem.code == "body_too_large"


def read_content(events: Events) -> bytes | Problem:
    """Read the body that a server hands over as ``events``."""
    later = iter(events[1:])

    async def receive() -> dict[str, object]:
        return next(later)

    req = ApiRequest(falcon.testing.create_scope(method="POST"), receive, events[0])
    try:
        return asyncio.run(req.read_content())
    except Problem as problem:
        return problem


@pytest.mark.parametrize("path", ["/api/v1/wallets", "/nothing"])
def test_a_websocket_is_refused(world: World, path: str) -> None:
    async def main() -> None:
        async with (
            falcon.testing.ASGIConductor(world.client.app) as conductor,
            conductor.simulate_ws(path),
        ):
            pass

    with pytest.raises(falcon.WebSocketDisconnected):
        asyncio.run(main())
