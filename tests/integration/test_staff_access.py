"""Who of staff may do what: every route of theirs asks for a session, its token, and a role."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from attrs import evolve

from payflow_domain.access.operators import MissingRole, Role, StaffActor, StaffPermission
from payflow_domain.access.permissions import ALL_PERMISSIONS
from payflow_domain.ids import OperatorId
from tests.builders.api_server import ApiServer
from tests.builders.http_client import Answer, Client
from tests.integration.routes import PARTNER, ROUTES, STAFF_ROUTES, Route, StaffRoute, with_strays
from tests.integration.scene import Scene, assert_problem, faults, query_faults

UNSAFE = [route for route in STAFF_ROUTES if route.method != "GET"]
OF_AN_ENVIRONMENT = {
    "DELETE /api/admin/partners/{partner_id}/limits",
    "GET /api/admin/partners/{partner_id}/usage",
}
every = pytest.mark.parametrize("route", STAFF_ROUTES, ids=str)
unsafe = pytest.mark.parametrize("route", UNSAFE, ids=str)


@pytest.fixture(scope="module")
def sessions(api: ApiServer) -> dict[Role, Client]:
    """A session of each role, for tests that leave it as it is."""
    return {role: api.log_in(role) for role in Role}


def ask(client: Client, route: StaffRoute) -> Answer:
    """Send a request for an object that is not there: who asks is looked at first."""
    return client.send(route.method, re.sub(r"\{\w+\}", "unknown", route.path), route.body)


def may(role: Role, permission: StaffPermission) -> bool:
    try:
        StaffActor(OperatorId(""), "", role).require(permission)
    except MissingRole:
        return False
    return True


@pytest.mark.parametrize("route", [r for r in STAFF_ROUTES if "{" in r.path], ids=str)
def test_a_name_in_a_path_that_is_not_utf8_is_404(
    sessions: dict[Role, Client], route: StaffRoute
) -> None:
    path = re.sub(r"\{\w+\}", "%ff", route.path)
    query = "?environment=sandbox" if str(route) in OF_AN_ENVIRONMENT else ""

    assert sessions[Role.ADMIN].send(route.method, path + query, route.body).status == 404


@every
def test_a_parameter_that_no_route_has_is_refused_by_each(
    sessions: dict[Role, Client], route: StaffRoute
) -> None:
    asked = evolve(route, path=f"{route.path}?nonsense=1")

    answer = ask(sessions[Role.ADMIN], asked)

    assert_problem(answer, 400, "invalid_request")
    assert query_faults(answer) == ["nonsense unknown_parameter"]


def refused() -> Iterator[object]:
    """List each route with each role that must not use it."""
    for route in STAFF_ROUTES:
        for role in Role:
            if route.permission is not None and not may(role, route.permission):
                yield pytest.param(route, role, id=f"{route} {role.value}")


@every
def test_without_a_session_every_route_is_401(api: ApiServer, route: StaffRoute) -> None:
    assert_problem(ask(api.client(), route), 401, "not_logged_in")


@every
def test_with_a_partners_key_every_route_is_401(scene: Scene, route: StaffRoute) -> None:
    client = scene.api.client(scene.partner.key_with(*ALL_PERMISSIONS))

    assert_problem(ask(client, route), 401, "not_logged_in")


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_with_a_session_every_route_of_partners_is_401(
    scene: Scene, sessions: dict[Role, Client], route: Route
) -> None:
    mine = scene.mine.objects

    with scene.nothing_changes():
        answer = sessions[Role.ADMIN].send(route.method, route.url(mine), route.content(mine))

    assert_problem(answer, 401, "invalid_api_key")


@unsafe
@pytest.mark.parametrize("token", [None, "", "foreign"])
def test_without_the_sessions_own_token_nothing_is_changed(
    api: ApiServer, sessions: dict[Role, Client], route: StaffRoute, token: str | None
) -> None:
    session = sessions[Role.ADMIN]
    client = api.client()
    client.own = {"Cookie": session.own["Cookie"]}
    if token is not None:
        foreign = sessions[Role.SUPPORT].own["X-CSRF-Token"]
        client.own = {**client.own, "X-CSRF-Token": token and foreign}

    assert_problem(ask(client, route), 403, "invalid_csrf_token")
    assert session.send("GET", "/api/auth/me").status == 200


@pytest.mark.parametrize(("route", "role"), list(refused()))
def test_a_role_without_the_permission_is_refused_and_told_which(
    sessions: dict[Role, Client], route: StaffRoute, role: Role
) -> None:
    answer = ask(sessions[role], route)

    assert_problem(answer, 403, "missing_role")
    assert route.permission is not None
    assert answer.json["permission"] == route.permission.value


@pytest.mark.parametrize("route", [one for one in UNSAFE if one.body is not None], ids=str)
def test_no_body_of_staff_sets_what_is_not_theirs_to_set(
    scene: Scene, sessions: dict[Role, Client], route: StaffRoute
) -> None:
    body, places = with_strays(route.body)

    with scene.nothing_changes():
        answer = ask(sessions[Role.ADMIN], evolve(route, body=body))

    assert_problem(answer, 400, "invalid_request")
    assert sorted(faults(answer)) == [f"{place} unknown_member" for place in places]


@pytest.mark.parametrize(
    "path",
    [
        "GET partners/%00",
        "GET partners/%00/api-keys",
        "GET partners/%00/limits",
        "GET partners/%00/usage?environment=sandbox",
        "DELETE partners/%00/limits?environment=sandbox",
        "DELETE api-keys/%00",
        "POST gateway-events/%00/sandbox/evt/replay",
        "POST gateway-events/mock/sandbox/%00/replay",
    ],
)
def test_a_name_that_no_database_can_hold_is_of_nothing(
    sessions: dict[Role, Client], path: str
) -> None:
    method, _, place = path.partition(" ")

    answer = sessions[Role.ADMIN].send(method, f"/api/admin/{place}")

    assert answer.status == 404, answer.json


def test_the_figures_of_a_real_server_are_complete(sessions: dict[Role, Client]) -> None:
    told = sessions[Role.SUPPORT].send("GET", "/api/admin/system/stats").json

    assert told["unavailable"].keys() == {"statements"}
    assert told["statements"] is None
    assert [one["gateway"] for one in told["gateways"]] == ["mock"]
    assert told["connections"]["writers"]["max"] == 2
    assert len(told["pending"]) == 4


def test_of_two_that_ask_at_once_with_one_key_one_makes_a_partner(
    api: ApiServer, sessions: dict[Role, Client]
) -> None:
    name, headers = f"Twice {uuid4().hex}", {"Idempotency-Key": uuid4().hex}
    clients = [api.client() for _ in range(4)]
    for client in clients:
        client.own = {**sessions[Role.ADMIN].own, **headers}

    def make(client: Client) -> Answer:
        return client.send("POST", "/api/admin/partners", PARTNER | {"name": name})

    with ThreadPoolExecutor(len(clients)) as threads:
        answers = list(threads.map(make, clients))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert [answer.headers["Idempotent-Replayed"] for answer in answers].count(None) == 1
    listed = sessions[Role.ADMIN].send("GET", f"/api/admin/partners?name={name[6:]}")
    assert len(listed.json["data"]) == 1
