"""Limits and usage of partners, for staff."""

import pytest

from payflow_domain.access.operators import Role
from tests.unit.http.directory import staff
from tests.unit.http.world import World

DEFAULT = {
    "environment": "sandbox",
    "rate": 100,
    "burst": 500,
    "moneyRate": 50,
    "moneyBurst": 250,
    "isDefault": True,
}
OWN = {"environment": "sandbox", "rate": 7, "burst": 9}


def path(world: World, what: str = "limits") -> str:
    return f"/partners/{world.ledger.partner_id}/{what}"


def test_without_limits_of_its_own_a_partner_has_its_environments(world: World) -> None:
    seen = staff(world, world.log_in(Role.SUPPORT), "GET", path(world))

    assert seen.json == {"limits": [DEFAULT]}


def test_staff_change_limits_and_return_to_the_environments(world: World) -> None:
    admin = world.log_in()

    changed = staff(world, admin, "PUT", path(world), OWN | {"moneyRate": 1, "moneyBurst": 2})
    policy = world.get("/wallets").headers["RateLimit-Policy"]
    reset = staff(world, admin, "DELETE", path(world), query="environment=sandbox")

    own = OWN | {"moneyRate": 1, "moneyBurst": 2, "isDefault": False}
    assert changed.json == {"limits": [own]}
    assert policy == '"api";q=9;w=2'
    assert reset.json == {"limits": [DEFAULT]}
    assert world.get("/wallets").headers["RateLimit-Policy"] == '"api";q=500;w=5'
    told = staff(world, admin, "GET", "/audit", query="subject=" + world.ledger.partner_id).json
    assert [(one["action"], one["before"], one["after"]) for one in told["data"]][:2] == [
        ("limits.reset", own, DEFAULT),
        ("limits.changed", DEFAULT, own),
    ]


def test_limits_for_money_may_be_left_as_they_are(world: World) -> None:
    changed = staff(world, world.log_in(), "PUT", path(world), OWN)

    (limits,) = changed.json["limits"]
    assert (limits["rate"], limits["moneyRate"]) == (7, 50)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"rate": 0}, "/rate invalid_integer"),
        ({"burst": 1_000_001}, "/burst invalid_integer"),
        ({"rate": True}, "/rate invalid_integer"),
        ({"moneyRate": 5}, "/moneyBurst missing_member"),
        ({"environment": "test"}, "/environment invalid_choice"),
        ({"ledgerId": 1}, "/ledgerId unknown_member"),
    ],
)
def test_limits_are_within_bounds(world: World, members: dict[str, object], fault: str) -> None:
    answer = staff(world, world.log_in(), "PUT", path(world), OWN | members)

    assert answer.status_code == 400
    (told,) = answer.json["errors"]
    assert f"{told['pointer']} {told['code']}" == fault


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_administrators_change_limits(world: World, method: str) -> None:
    body = OWN if method == "PUT" else None
    answer = staff(
        world, world.log_in(Role.REVIEWER), method, path(world), body, "environment=sandbox"
    )

    assert (answer.status_code, answer.json["code"]) == (403, "missing_role")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("environment=sandbox", 200, None),
        ("environment=live", 409, "environment_not_open"),
        ("", 400, "invalid_request"),
        ("environment=sandbox&from=2020-01-01", 422, "invalid_period"),
    ],
)
def test_staff_see_the_usage_of_a_partner(
    world: World, query: str, status: int, code: str | None
) -> None:
    world.get("/wallets")

    answer = staff(world, world.log_in(), "GET", path(world, "usage"), query=query)

    assert (answer.status_code, answer.json.get("code")) == (status, code)
    if code is None:
        assert [one["route"] for one in answer.json["requests"]] == ["GET /api/v1/wallets"]


@pytest.mark.parametrize("what", ["limits", "usage"])
@pytest.mark.parametrize("partner", ["ptr_nobody", "ptr_01jd0000000000000000000000"])
def test_a_partner_that_is_not_there_is_404(world: World, what: str, partner: str) -> None:
    query = "environment=sandbox" if what == "usage" else ""
    answer = staff(world, world.log_in(), "GET", f"/partners/{partner}/{what}", query=query)

    assert (answer.status_code, answer.json["code"]) == (404, "partner_not_found")
