"""Webhook endpoints over HTTP."""

from datetime import timedelta

import pytest

from payflow_domain.webhooks.endpoints import ENDPOINTS_MAX
from tests.unit.http.test_lists import all_of
from tests.unit.http.world import World

PATH = "/webhook-endpoints"
URL = "https://example.com/hook?partner=1"
NO_SUCH = f"{PATH}/whk_00000000000000000000000001"
NOW, IN_A_DAY = "2026-01-31T12:00:00.123456Z", "2026-02-01T12:00:00.123456Z"


@pytest.fixture
def item(world: World) -> str:
    """The path of an endpoint."""
    return f"{PATH}/{world.post(PATH, {'url': URL}).json['id']}"


def test_a_new_endpoint_answers_201_with_its_secret_this_once(world: World) -> None:
    events = ["wallet.created", "payout.failed"]

    answer = world.post(PATH, {"url": URL, "events": events, "description": "Ours"})

    made = answer.json
    secret = made.pop("secret")
    assert answer.status_code == 201
    assert secret.startswith("whsec_")
    assert made == {
        "id": made["id"],
        "url": URL,
        "events": ["payout.failed", "wallet.created"],
        "description": "Ours",
        "status": "enabled",
        "disabledReason": None,
        "disabledAt": None,
        "failingSince": None,
        "previousSecretExpiresAt": None,
        "environment": "sandbox",
        "createdAt": NOW,
    }
    assert made["id"].startswith("whk_")
    assert world.get(f"{PATH}/{made['id']}").json == made
    assert world.get(PATH).json["data"] == [made]


@pytest.mark.parametrize("members", [{}, {"events": None}, {"events": ["*"]}])
def test_an_endpoint_hears_of_everything_unless_told_otherwise(
    world: World, members: dict[str, object]
) -> None:
    answer = world.post(PATH, {"url": URL, **members})

    assert (answer.status_code, answer.json["events"]) == (201, ["*"])
    assert answer.json["description"] is None


@pytest.mark.parametrize(
    ("members", "status", "code", "pointer"),
    [
        ({"url": "http://example.com"}, 422, "unsafe_url", "/url"),
        ({"url": "https://127.0.0.1/"}, 422, "unsafe_url", "/url"),
        ({"url": "https://a:b@example.com"}, 422, "unsafe_url", "/url"),
        ({"url": ""}, 400, "invalid_text", "/url"),
        ({"url": "https://example.com/" + "x" * 2_029}, 400, "invalid_text", "/url"),
        ({"url": None}, 400, "invalid_type", "/url"),
        ({"events": "*"}, 400, "invalid_type", "/events"),
        ({"events": []}, 400, "invalid_length", "/events"),
        ({"events": ["wallet.created"] * 12}, 400, "invalid_length", "/events"),
        ({"events": ["wallet.created", "wallet.lost"]}, 400, "invalid_choice", "/events/1"),
        ({"events": ["webhook_endpoint.test"]}, 400, "invalid_choice", "/events/0"),
        ({"events": [["wallet.created"]]}, 400, "invalid_choice", "/events/0"),
        ({"events": ["wallet.created", "*"]}, 400, "invalid_choice", "/events/1"),
        ({"description": ""}, 400, "invalid_text", "/description"),
        ({"description": "x" * 501}, 400, "invalid_text", "/description"),
        ({"secret": "whsec_mine"}, 400, "unknown_member", "/secret"),
        ({"status": "disabled"}, 400, "unknown_member", "/status"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_cannot_be_points_at_the_member_at_fault(
    world: World,
    item: str,
    method: str,
    members: dict[str, object],
    status: int,
    code: str,
    pointer: str,
) -> None:
    before = world.get(PATH).json
    path, body = (PATH, {"url": URL}) if method == "POST" else (item, {})

    answer = world.call(method, path, body | members)

    assert answer.status_code == status
    assert [(each["pointer"], each["code"]) for each in answer.json["errors"]] == [(pointer, code)]
    assert world.get(PATH).json == before


def test_the_url_is_required(world: World) -> None:
    answer = world.post(PATH, {"events": ["*"]})

    assert answer.status_code == 400
    assert [(each["pointer"], each["code"]) for each in answer.json["errors"]] == [
        ("/url", "missing_member")
    ]


def test_a_change_leaves_what_it_does_not_name(world: World, item: str) -> None:
    before = world.get(item).json

    answer = world.call("PATCH", item, {"events": ["wallet.updated"]})

    assert answer.status_code == 200
    assert answer.json == before | {"events": ["wallet.updated"]} == world.get(item).json
    whole = {"url": "https://example.org", "events": ["*"], "description": "Mine"}
    assert world.call("PATCH", item, whole).json == before | whole


def test_a_description_may_be_taken_away(world: World, item: str) -> None:
    described = world.call("PATCH", item, {"description": "Mine"}).json

    answer = world.call("PATCH", item, {"description": None})

    assert (described["description"], answer.status_code) == ("Mine", 200)
    assert answer.json == described | {"description": None} == world.get(item).json


@pytest.mark.parametrize("member", ["url", "events"])
def test_what_an_endpoint_must_have_is_not_taken_away(world: World, item: str, member: str) -> None:
    before = world.get(item).json

    answer = world.call("PATCH", item, {"description": None, member: None})

    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json["errors"]] == [f"/{member}"]
    assert world.get(item).json == before


def test_a_change_says_what_to_change(world: World, item: str) -> None:
    answer = world.call("PATCH", item, {})

    assert (answer.status_code, answer.json["errors"][0]["code"]) == (400, "missing_member")


def test_an_endpoint_is_disabled_and_enabled(world: World, item: str) -> None:
    before = world.get(item).json

    disabled = world.post(f"{item}/disable")
    enabled = world.post(f"{item}/enable", {})

    assert (disabled.status_code, enabled.status_code) == (200, 200)
    assert disabled.json == before | {
        "status": "disabled",
        "disabledReason": "requested",
        "disabledAt": NOW,
    }
    assert enabled.json == before == world.get(item).json


@pytest.mark.parametrize("action", ["disable", "enable", "test"])
def test_where_there_is_nothing_to_say_nothing_may_be_said(
    world: World, item: str, action: str
) -> None:
    answer = world.post(f"{item}/{action}", {"reason": "holidays"})

    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, "/reason")


@pytest.mark.parametrize(
    ("body", "expires_at"),
    [
        (None, IN_A_DAY),
        ({}, IN_A_DAY),
        ({"overlapSeconds": None}, IN_A_DAY),
        ({"overlapSeconds": 0}, None),
        ({"overlapSeconds": 604_800}, "2026-02-07T12:00:00.123456Z"),
    ],
)
def test_a_new_secret_is_told_this_once(world: World, body: object, expires_at: str | None) -> None:
    made = world.post(PATH, {"url": URL}).json
    item = f"{PATH}/{made['id']}"

    answer = world.post(f"{item}/rotate-secret", body)

    assert answer.status_code == 200
    assert answer.json["secret"].startswith("whsec_")
    assert answer.json["secret"] != made["secret"]
    assert answer.json["previousSecretExpiresAt"] == expires_at
    shown = world.get(item)
    assert b"whsec_" not in shown.content
    assert answer.json == shown.json | {"secret": answer.json["secret"]}


@pytest.mark.parametrize("seconds", [-1, 604_801, "60", 1.5, True])
def test_secrets_overlap_for_a_week_at_most(world: World, item: str, seconds: object) -> None:
    answer = world.post(f"{item}/rotate-secret", {"overlapSeconds": seconds})

    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json["errors"]] == ["/overlapSeconds"]


def test_there_is_one_rotation_at_a_time(world: World, item: str) -> None:
    world.post(f"{item}/rotate-secret", {"overlapSeconds": 60})

    refused = world.post(f"{item}/rotate-secret", {"overlapSeconds": 60})
    world.clock.advance(timedelta(minutes=1))
    again = world.post(f"{item}/rotate-secret", {"overlapSeconds": 60})

    assert (refused.status_code, refused.json["code"]) == (409, "rotation_under_way")
    assert again.status_code == 200


def test_no_answer_but_those_two_shows_a_secret(world: World, item: str) -> None:
    world.post(f"{item}/rotate-secret", {"overlapSeconds": 60})

    answers = [
        world.get(item),
        world.get(PATH),
        world.call("PATCH", item, {"description": "Ours"}),
        world.post(f"{item}/disable"),
        world.post(f"{item}/enable"),
        world.post(f"{item}/test"),
        world.get(f"{item}/deliveries"),
        world.post(f"{item}/rotate-secret", {"overlapSeconds": 60}),
    ]

    assert [answer.status_code for answer in answers] == [200] * 5 + [202, 200, 409]
    assert not any(b"whsec_" in answer.content for answer in answers)


def test_a_removed_endpoint_is_not_found(world: World, item: str) -> None:
    answer = world.call("DELETE", item)

    assert (answer.status_code, answer.content) == (204, b"")
    assert world.get(PATH).json["data"] == []
    calls = [world.get(item), world.call("DELETE", item), world.get(f"{item}/deliveries")]
    assert {(call.status_code, call.json["code"]) for call in calls} == {
        (404, "webhook_endpoint_not_found")
    }


@pytest.mark.parametrize("path", [NO_SUCH, f"{PATH}/whk_1", f"{PATH}/%00"])
def test_an_endpoint_that_is_not_there_is_not_found(world: World, path: str) -> None:
    answers = [world.get(path), world.post(f"{path}/disable"), world.post(f"{path}/test")]

    assert {(each.status_code, each.json["code"]) for each in answers} == {
        (404, "webhook_endpoint_not_found")
    }


def test_there_are_only_so_many(world: World) -> None:
    for _ in range(ENDPOINTS_MAX):
        world.post(PATH, {"url": URL})

    answer = world.post(PATH, {"url": URL})

    assert (answer.status_code, answer.json["code"]) == (409, "too_many_webhook_endpoints")


def test_endpoints_are_listed_newest_first(world: World) -> None:
    ids = []
    for _ in range(5):
        ids.append(world.post(PATH, {"url": URL}).json["id"])
        world.clock.advance(timedelta(microseconds=1))

    assert [endpoint["id"] for endpoint in all_of(world, PATH, 2)] == ids[::-1]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/deliveries"), ("DELETE", ""), ("GET", "/deliveries/dlv_1")],
)
def test_parameters_that_there_are_not_are_named(
    world: World, item: str, method: str, path: str
) -> None:
    answer = world.call(method, item + path, query="colour=red")

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert [fault["parameter"] for fault in answer.json["errors"]] == ["colour"]
    assert world.get(item).status_code == 200
