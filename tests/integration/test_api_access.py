"""Who may do what: every route asks for a key, for a permission, and keeps ledgers apart.

The routes are those of ``routes``; the first test fails where the program has another one.
"""

import falcon.inspect
import pytest
from attrs import evolve

from payflow_bootstrap.server import build_app
from payflow_bootstrap.settings import read_settings
from payflow_domain.access.permissions import ALL_PERMISSIONS
from tests.builders.api_server import SESSION_SECRET, ApiServer
from tests.builders.http_client import BASE, Client
from tests.integration.routes import (
    ANY_KEY,
    LOGIN,
    NOT_FOUND,
    OPEN,
    PUBLIC,
    ROUTES,
    SIGNED,
    STAFF_ROUTES,
    STRAY,
    Route,
    with_strays,
)
from tests.integration.scene import Books, Scene, assert_problem, faults, query_faults

routes = pytest.mark.parametrize("route", ROUTES, ids=str)
writing = pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.method not in {"GET", "DELETE"}], ids=str
)
objects = pytest.mark.parametrize(
    ("route", "name"),
    [pytest.param(route, name, id=f"{route} {name}") for route in ROUTES for name in route.names],
)
lists = pytest.mark.parametrize(
    "path", [r.path for r in ROUTES if r.method == "GET" and not r.names and r.path != "/usage"]
)
asking = pytest.mark.parametrize(
    ("asker", "owner"),
    [("mine", "theirs"), ("mine", "live"), ("theirs", "mine")],
    ids=["of another partner", "live, by a sandbox key", "of the partner, by the other"],
)


def test_every_route_is_classified(api: ApiServer) -> None:
    settings = {"PAYFLOW_DATABASE_URL": api.database_url, "SESSION_SECRET": SESSION_SECRET}

    app = falcon.inspect.inspect_app(build_app(read_settings(settings)))

    found = {
        (method.method, route.path)
        for route in app.routes
        for method in route.methods
        if not method.internal and method.method != "OPTIONS"
    }
    partners = {(route.method, BASE + route.path) for route in ROUTES}
    staff = {(route.method, route.path) for route in STAFF_ROUTES}
    assert found == partners | staff | OPEN | SIGNED | LOGIN | PUBLIC | ANY_KEY
    assert not app.sinks
    assert not app.static_routes


@pytest.mark.parametrize("path", [path for _, path in sorted(OPEN)])
def test_health_and_readiness_ask_for_no_key(api: ApiServer, path: str) -> None:
    answer = api.client().send("GET", path)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


@routes
def test_without_a_key_every_route_is_401(scene: Scene, route: Route) -> None:
    mine = scene.mine.objects

    with scene.nothing_changes():
        answer = scene.api.client().send(route.method, route.url(mine), route.content(mine))

    assert_problem(answer, 401, "invalid_api_key")


@routes
def test_without_the_permission_every_route_is_403_and_names_it(scene: Scene, route: Route) -> None:
    mine = scene.mine.objects
    client = scene.api.client(scene.partner.key_with(*ALL_PERMISSIONS - {route.permission}))

    with scene.nothing_changes():
        answer = client.send(route.method, route.url(mine), route.content(mine))

    assert_problem(answer, 403, "missing_permission")
    assert answer.json["permission"] == route.permission.value
    assert route.permission.value in answer.json["detail"]


@routes
def test_with_the_permission_alone_every_route_does_not_say_403(scene: Scene, route: Route) -> None:
    client = scene.api.client(scene.partner.key_with(route.permission))
    theirs = scene.theirs.objects

    answer = client.send(route.method, route.url(theirs), route.content(theirs))

    assert answer.status in ({404} if route.names else {200, 201})


@asking
@objects
def test_an_object_of_another_ledger_is_404(
    scene: Scene, asker: str, owner: str, route: Route, name: str
) -> None:
    """Of all that a request names, one thing is the other's and the rest the asker's own."""
    own, other = books(scene, asker), books(scene, owner)
    named = own.objects | {name: other.objects[name]}

    with scene.nothing_changes():
        answer = own.partner.client.send(route.method, route.url(named), route.content(named))

    assert_problem(answer, 404, NOT_FOUND[name])


@pytest.mark.parametrize("route", [r for r in ROUTES if "{" in r.path], ids=str)
def test_a_name_in_a_path_that_is_not_utf8_is_404(scene: Scene, route: Route) -> None:
    mine = scene.mine.objects
    url = route.url(dict.fromkeys(mine, "%ff"))

    with scene.nothing_changes():
        answer = scene.partner.client.send(route.method, url, route.content(mine))

    assert answer.status == 404
    assert answer.code in NOT_FOUND.values()


@asking
@lists
def test_a_list_has_nothing_of_another_ledger(
    scene: Scene, asker: str, owner: str, path: str
) -> None:
    own, others = (listed(books(scene, name).partner.client, path) for name in (asker, owner))

    assert own
    assert others
    assert not own & others


@asking
def test_a_list_filtered_by_a_wallet_of_another_ledger_is_empty(
    scene: Scene, asker: str, owner: str
) -> None:
    wallet_id = books(scene, owner).objects["wallet_id"]

    answer = books(scene, asker).partner.client.get(f"/transactions?walletId={wallet_id}")

    assert (answer.status, answer.json["data"]) == (200, [])


@writing
def test_no_body_sets_what_is_not_the_callers_to_set(scene: Scene, route: Route) -> None:
    body, places = with_strays(route.body)
    strayed, mine = evolve(route, body=body), scene.mine.objects

    with scene.nothing_changes():
        answer = scene.partner.client.send(route.method, route.url(mine), strayed.content(mine))

    assert_problem(answer, 400, "invalid_request")
    assert sorted(faults(answer)) == [f"{place} unknown_member" for place in places]


@pytest.mark.parametrize(("method", "path"), sorted(PUBLIC | LOGIN))
def test_no_body_of_who_has_no_key_sets_it_either(scene: Scene, method: str, path: str) -> None:
    with scene.nothing_changes():
        answer = scene.api.client().send(method, path, STRAY)

    assert_problem(answer, 400, "invalid_request")
    assert {f"/{name} unknown_member" for name in STRAY} <= {*faults(answer)}


@pytest.mark.parametrize(("method", "path"), sorted(ANY_KEY))
def test_what_any_key_may_ask_is_401_without_one(scene: Scene, method: str, path: str) -> None:
    assert_problem(scene.api.client().send(method, path), 401, "invalid_api_key")


@routes
@pytest.mark.parametrize("parameter", ["ledgerId", "environment"])
def test_no_query_chooses_the_ledger(scene: Scene, route: Route, parameter: str) -> None:
    mine = scene.mine.objects
    url = f"{route.url(mine)}?{parameter}=live"

    with scene.nothing_changes():
        answer = scene.partner.client.send(route.method, url, route.content(mine))

    assert_problem(answer, 400, "invalid_request")
    assert query_faults(answer) == [f"{parameter} unknown_parameter"]


def test_another_partners_external_id_is_free(scene: Scene) -> None:
    body = {"name": "Anna", "currency": "EUR", "externalWalletId": "theirs"}

    answer = scene.api.new_partner().client.post("/wallets", body)

    assert answer.status == 201


def books(scene: Scene, whose: str) -> Books:
    found = {"mine": scene.mine, "theirs": scene.theirs, "live": scene.live}
    return found[whose]


def listed(client: Client, path: str) -> set[str]:
    return {item["id"] for item in client.get(f"{path}?limit=100").json["data"]}
