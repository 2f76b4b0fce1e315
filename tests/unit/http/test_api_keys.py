"""API keys over HTTP."""

from datetime import timedelta

import pytest

from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from payflow_domain.ledger.published import publish_time
from tests.builders.times import TICK
from tests.unit.http.directory import NEW_KEY
from tests.unit.http.world import BASE, World


def test_a_key_is_told_once_and_listed_without_its_secret(world: World) -> None:
    world.clock.advance(TICK)
    made = world.post("/api-keys", NEW_KEY)

    assert made.status_code == 201
    key = made.json["key"]
    assert made.json["lastUsedAt"] is None
    assert world.get("/wallets", key=key).status_code == 200
    told = {name: value for name, value in made.json.items() if name not in {"key", "oldKey"}}
    told["lastUsedAt"] = publish_time(world.clock.now())
    assert world.get(f"/api-keys/{told['id']}").json == told
    listed = world.get("/api-keys")
    assert listed.json["data"][0] == told
    assert key not in listed.text
    assert (told["prefix"], told["lastFour"]) == ("sk_test_pf_", key[-4:])
    assert made.json["oldKey"] is None


def test_a_replay_does_not_know_the_secret(world: World) -> None:
    first, again = (world.post("/api-keys", NEW_KEY, idempotency_key="a") for _ in range(2))

    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == first.json | {"key": None}
    assert len(world.get("/api-keys").json["data"]) == 2


@pytest.mark.parametrize(
    ("members", "faults"),
    [
        ({"permissions": []}, {"/permissions": "invalid_length"}),
        ({"permissions": "wallets:read"}, {"/permissions": "invalid_type"}),
        (
            {"permissions": ["all", 1]},
            {"/permissions/0": "invalid_choice", "/permissions/1": "invalid_type"},
        ),
        ({"expiresAt": "tomorrow"}, {"/expiresAt": "invalid_time"}),
        ({"expiresAt": 1}, {"/expiresAt": "invalid_type"}),
        ({"allowedNetworks": []}, {"/allowedNetworks": "invalid_length"}),
        ({"allowedNetworks": ["192.0.2.0/24"] * 21}, {"/allowedNetworks": "invalid_length"}),
        ({"allowedNetworks": ["192.0.2.1/24"]}, {"/allowedNetworks/0": "invalid_network"}),
        ({"allowedNetworks": ["::ffff:192.0.2.0/120"]}, {"/allowedNetworks/0": "invalid_network"}),
        (
            {"allowedNetworks": ["x", 1]},
            {"/allowedNetworks/0": "invalid_network", "/allowedNetworks/1": "invalid_type"},
        ),
        ({"name": ""}, {"/name": "invalid_text"}),
        ({"ledgerId": 1}, {"/ledgerId": "unknown_member"}),
    ],
)
def test_a_key_that_is_not_as_asked_is_told_every_fault(
    world: World, members: dict[str, object], faults: dict[str, str]
) -> None:
    answer = world.post("/api-keys", NEW_KEY | members)

    assert answer.status_code == 400
    assert {each["pointer"]: each["code"] for each in answer.json["errors"]} == faults


def test_an_expiry_in_the_past_points_at_it(world: World) -> None:
    body = NEW_KEY | {"expiresAt": publish_time(world.clock.now())}

    answer = world.post("/api-keys", body)

    assert (answer.status_code, answer.json["code"]) == (422, "invalid_expiry")
    assert answer.json["errors"][0]["pointer"] == "/expiresAt"


def test_a_key_is_not_known_outside_its_networks(world: World) -> None:
    outside = world.post("/api-keys", NEW_KEY | {"allowedNetworks": ["192.0.2.0/24"]}).json["key"]
    # What the test client says of itself.
    inside = world.post("/api-keys", NEW_KEY | {"allowedNetworks": ["127.0.0.0/8"]}).json["key"]

    refused, unknown = world.get("/wallets", key=outside), world.get("/wallets", key="nonsense")

    assert world.get("/wallets", key=inside).status_code == 200
    assert refused.status_code == 401
    assert {**refused.json, "requestId": ""} == {**unknown.json, "requestId": ""}
    assert refused.headers.get("WWW-Authenticate") == unknown.headers.get("WWW-Authenticate")


def test_what_is_wrong_with_a_key_is_not_told(world: World) -> None:
    def made(**members: object) -> tuple[str, str]:
        answer = world.post("/api-keys", NEW_KEY | members)
        return answer.json["id"], answer.json["key"]

    _, expired = made(expiresAt=publish_time(world.clock.now() + timedelta(hours=1)))
    revoked_id, revoked = made()
    replaced_id, replaced = made()
    world.call("DELETE", f"/api-keys/{revoked_id}")
    world.post(f"/api-keys/{replaced_id}/rotate", {"oldKeyExpiresIn": 0})
    world.clock.advance(timedelta(hours=1))

    keys = [expired, revoked, replaced, revoked[:-1], "", "sk_test_pf_"]
    answers = [world.get("/wallets", key=key) for key in keys]

    assert {answer.status_code for answer in answers} == {401}
    assert len({str({**answer.json, "requestId": ""}) for answer in answers}) == 1


def test_rotating_tells_the_new_key_and_when_the_old_one_ends(world: World) -> None:
    old = world.post("/api-keys", NEW_KEY).json

    answer = world.post(f"/api-keys/{old['id']}/rotate", {"oldKeyExpiresIn": 3600})

    assert answer.status_code == 201
    ends = publish_time(world.clock.now() + timedelta(hours=1))
    assert answer.json["oldKey"] == {"id": old["id"], "expiresAt": ends}
    assert world.get(f"/api-keys/{old['id']}").json["replacedBy"] == answer.json["id"]
    assert world.get("/wallets", key=old["key"]).status_code == 200
    assert world.get("/wallets", key=answer.json["key"]).status_code == 200
    again = world.post(f"/api-keys/{old['id']}/rotate")
    assert (again.status_code, again.json["code"]) == (409, "api_key_not_live")


@pytest.mark.parametrize("seconds", [-1, 604_801, 1.0, "60", True])
def test_an_old_key_works_on_for_a_week_at_most(world: World, seconds: object) -> None:
    answer = world.post("/api-keys/key_1/rotate", {"oldKeyExpiresIn": seconds})

    assert answer.status_code == 400
    assert answer.json["errors"][0]["pointer"] == "/oldKeyExpiresIn"


def test_a_revoked_key_opens_nothing_from_the_next_request_on(world: World) -> None:
    made = world.post("/api-keys", NEW_KEY).json
    client = world.client
    headers = {"Authorization": f"Bearer {made['key']}"}
    own = {"Authorization": f"Bearer {world.key}"}

    assert client.simulate_get(f"{BASE}/wallets", headers=headers).status_code == 200
    revoked = client.simulate_delete(f"{BASE}/api-keys/{made['id']}", headers=own)
    assert revoked.json["revokedAt"] == publish_time(world.clock.now())
    assert client.simulate_get(f"{BASE}/wallets", headers=headers).status_code == 401


def test_a_key_grants_no_permission_that_it_lacks(world: World) -> None:
    keeper = world.key_with(*ALL_PERMISSIONS - {Permission.PAYOUTS_WRITE})
    body = NEW_KEY | {"permissions": ["wallets:read", "payouts:write"]}

    answer = world.call("POST", "/api-keys", body, key=keeper)

    assert (answer.status_code, answer.json["permission"]) == (403, "payouts:write")
