"""Who may do what: every route asks for a key, for a permission, and keeps partners apart."""

import falcon.inspect
import pytest

from payflow_bootstrap.server import build_app
from payflow_bootstrap.settings import read_settings
from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from tests.builders.api_server import SESSION_SECRET, ApiServer
from tests.builders.http_client import BASE, Client
from tests.integration.scene import Scene, assert_problem

OPEN = {("GET", "/health"), ("GET", "/ready")}
SIGNED = {("POST", "/webhooks/stripe")}
"""Without a key, but with a signature over the body: see test_payments."""
ROUTES = {
    ("GET", "/wallets"): Permission.WALLETS_READ,
    ("POST", "/wallets"): Permission.WALLETS_WRITE,
    ("GET", "/wallets/{wallet_id}"): Permission.WALLETS_READ,
    ("PATCH", "/wallets/{wallet_id}"): Permission.WALLETS_WRITE,
    ("GET", "/wallets/external/{external_wallet_id:path}"): Permission.WALLETS_READ,
    ("GET", "/wallets/{wallet_id}/balance"): Permission.WALLETS_READ,
    ("GET", "/wallets/{wallet_id}/transactions"): Permission.TRANSACTIONS_READ,
    ("POST", "/wallets/{wallet_id}/credit"): Permission.TRANSACTIONS_WRITE,
    ("POST", "/wallets/{wallet_id}/debit"): Permission.TRANSACTIONS_WRITE,
    ("POST", "/payouts"): Permission.PAYOUTS_WRITE,
    ("POST", "/transfers"): Permission.TRANSFERS_WRITE,
    ("POST", "/transfers/batch"): Permission.TRANSFERS_WRITE,
    ("GET", "/transactions"): Permission.TRANSACTIONS_READ,
    ("GET", "/transactions/{transaction_id}"): Permission.TRANSACTIONS_READ,
    ("POST", "/transactions/{transaction_id}/reverse"): Permission.TRANSACTIONS_WRITE,
    ("GET", "/events"): Permission.EVENTS_READ,
}
MONEY = {"amount": 100, "currency": "EUR"}
MOVE = {"fromWalletId": "$foreign", "toWalletId": "$rich", **MONEY}
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("POST", "/wallets"): {"name": "Anna", "currency": "EUR"},
    ("PATCH", "/wallets/{wallet_id}"): {"name": "Mine"},
    ("POST", "/wallets/{wallet_id}/credit"): MONEY,
    ("POST", "/wallets/{wallet_id}/debit"): MONEY,
    ("POST", "/payouts"): {"walletId": "$foreign", "destination": "ba_paid", **MONEY},
    ("POST", "/transfers"): MOVE,
    ("POST", "/transfers/batch"): {"mode": "atomic", "transfers": [MOVE]},
    ("POST", "/transactions/{transaction_id}/reverse"): {"amount": 1},
}
OF_ANOTHERS = [
    route for route in ROUTES if "{" in route[1] or route[1] in {"/payouts", "/transfers"}
] + [("POST", "/transfers/batch")]

routes = pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")


def path_to(scene: Scene, path: str, *, foreign: bool) -> str:
    """Name an object in the place of each parameter, of the partner or of the stranger."""
    ids = scene.ids
    wallet, made = (ids["foreign"], ids["foreign_made"]) if foreign else (ids["rich"], ids["made"])
    filled = path.replace("{wallet_id}", wallet).replace("{transaction_id}", made)
    return BASE + filled.replace("{external_wallet_id:path}", "theirs" if foreign else "poor")


def body_for(scene: Scene, route: tuple[str, str]) -> bytes | None:
    body = BODIES.get(route)
    return None if body is None else scene.fill(str(body).replace("'", '"')).encode()


def test_every_route_of_the_api_is_listed_here(api: ApiServer) -> None:
    settings = {"PAYFLOW_DATABASE_URL": api.database_url, "SESSION_SECRET": SESSION_SECRET}

    found = {
        (method.method, route.path.removeprefix(BASE))
        for route in falcon.inspect.inspect_routes(build_app(read_settings(settings)))
        for method in route.methods
        if not method.internal
    }

    assert found == ROUTES.keys() | OPEN | SIGNED


@pytest.mark.parametrize("path", [path for _, path in OPEN])
def test_health_and_readiness_ask_for_no_key(api: ApiServer, path: str) -> None:
    answer = api.client().send("GET", path)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


@routes
def test_without_a_key_every_route_is_401(scene: Scene, route: tuple[str, str]) -> None:
    method, path = route

    with scene.nothing_changes():
        answer = scene.api.client().send(
            method, path_to(scene, path, foreign=False), body_for(scene, route)
        )

    assert_problem(answer, 401, "invalid_api_key")


@routes
def test_without_the_permission_every_route_is_403_and_names_it(
    scene: Scene, route: tuple[str, str]
) -> None:
    method, path = route
    key = scene.partner.key_with(*ALL_PERMISSIONS - {ROUTES[route]})

    with scene.nothing_changes():
        answer = scene.api.client(key).send(
            method, path_to(scene, path, foreign=False), body_for(scene, route)
        )

    assert_problem(answer, 403, "missing_permission")
    assert answer.json["permission"] == ROUTES[route].value
    assert ROUTES[route].value in answer.json["detail"]


@routes
def test_with_the_permission_alone_every_route_does_not_say_403(
    scene: Scene, route: tuple[str, str]
) -> None:
    method, path = route
    client = scene.api.client(scene.partner.key_with(ROUTES[route]))

    answer = client.send(method, path_to(scene, path, foreign=True), body_for(scene, route))

    assert answer.status in {200, 201, 404}


@pytest.mark.parametrize("route", OF_ANOTHERS, ids=lambda route: f"{route[0]} {route[1]}")
def test_what_belongs_to_another_partner_is_404(scene: Scene, route: tuple[str, str]) -> None:
    method, path = route

    with scene.nothing_changes():
        answer = scene.partner.client.send(
            method, path_to(scene, path, foreign=True), body_for(scene, route)
        )

    kind = "transaction" if "{transaction_id}" in path else "wallet"
    assert_problem(answer, 404, f"{kind}_not_found")


@pytest.mark.parametrize("path", ["/wallets", "/transactions", "/events"])
def test_a_list_has_nothing_of_another_partner(scene: Scene, path: str) -> None:
    mine, theirs = (listed(each.client, path) for each in (scene.partner, scene.stranger))

    assert mine
    assert theirs
    assert not mine & theirs


def test_another_partners_external_id_is_free(scene: Scene) -> None:
    body = {"name": "Anna", "currency": "EUR", "externalWalletId": "theirs"}

    answer = scene.api.new_partner().client.post("/wallets", body)

    assert answer.status == 201


def listed(client: Client, path: str) -> set[str]:
    return {item["id"] for item in client.get(f"{path}?limit=100").json["data"]}
