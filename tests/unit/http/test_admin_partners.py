"""Partners and their API keys, for staff, over HTTP."""

from datetime import timedelta

import pytest

from payflow_domain.access.operators import Role
from payflow_domain.ledger.transactions import Status
from tests.builders.times import TICK
from tests.unit.http.directory import APPLICATION, ITEMS, NEW_KEY, NEW_PARTNER, staff
from tests.unit.http.world import BASE, World


def test_staff_take_a_partner_in_and_see_all_of_it(world: World) -> None:
    admin = world.log_in()

    made = staff(world, admin, "POST", "/partners", NEW_PARTNER)

    assert (made.status_code, made.json["status"]) == (201, "approved")
    seen = staff(world, admin, "GET", f"/partners/{made.json['id']}").json
    assert seen.items() >= made.json.items()
    assert [ledger["environment"] for ledger in seen["ledgers"]] == ["sandbox"]
    assert [change["after"] for change in seen["changes"]] == ["approved"]
    assert not seen["certification"]["complete"]
    assert seen["liveKeys"] == 0


def test_staff_find_partners_by_status_and_name(world: World) -> None:
    admin = world.log_in()
    pending = world.post("/partner-applications", APPLICATION).json["id"]

    def found(query: str) -> list[str]:
        answer = staff(world, admin, "GET", "/partners", query=query)
        return [partner["id"] for partner in answer.json["data"]]

    assert found("status=pending") == [pending]
    assert found("name=ltd") == [pending]
    assert len(found("")) == 2
    assert staff(world, admin, "GET", "/partners", query="status=odd").status_code == 400


def test_activation_lists_what_is_open_unless_it_is_overridden(world: World) -> None:
    reviewer = world.log_in(Role.REVIEWER)
    path = f"/partners/{world.ledger.partner_id}/status"

    refused = staff(world, reviewer, "PATCH", path, {"status": "active"})
    unexplained = staff(world, reviewer, "PATCH", path, {"status": "active", "override": True})
    wish = {"status": "active", "override": True, "reason": "As agreed."}
    done = staff(world, reviewer, "PATCH", path, wish)

    assert (refused.status_code, refused.json["code"]) == (409, "certification_open")
    assert refused.json["open"] == ITEMS
    assert (unexplained.status_code, unexplained.json["code"]) == (422, "reason_missing")
    assert (done.status_code, done.json["status"]) == (200, "active")


def test_who_saw_another_status_is_told_the_present_one(world: World) -> None:
    admin = world.log_in()
    path = f"/partners/{world.ledger.partner_id}/status"
    wish = {"status": "closed", "expectedStatus": "active"}

    answer = staff(world, admin, "PATCH", path, wish)

    assert (answer.status_code, answer.json["code"]) == (409, "status_changed")
    assert answer.json["status"] == 409
    assert "approved" in answer.json["detail"]


def test_a_suspended_partners_keys_are_403_from_the_next_request_on(world: World) -> None:
    admin, client = world.log_in(), world.client
    headers = {"Authorization": f"Bearer {world.key}"}
    path = f"/api/admin/partners/{world.ledger.partner_id}/status"
    active = {"status": "active", "override": True, "reason": "As agreed."}

    def code() -> str | None:
        answer = client.simulate_get(f"{BASE}/wallets", headers=headers)
        told: str | None = answer.json.get("code")
        return told

    def move(wish: object) -> None:
        assert client.simulate_patch(path, headers=admin, json=wish).status_code == 200

    codes = [code()]
    for wish in (active, {"status": "suspended"}, {"status": "active"}, {"status": "closed"}):
        move(wish)
        codes.append(code())

    assert codes == [None, None, "partner_suspended", None, "partner_closed"]


def test_staff_keep_the_keys_of_a_partner(world: World) -> None:
    admin, partner_id = world.log_in(), world.ledger.partner_id
    body = NEW_KEY | {"environment": "sandbox"}

    world.clock.advance(TICK)
    made = staff(world, admin, "POST", f"/partners/{partner_id}/api-keys", body)
    world.clock.advance(TICK)
    rotated = staff(world, admin, "POST", f"/api-keys/{made.json['id']}/rotate", {})
    revoked = staff(world, admin, "DELETE", f"/api-keys/{rotated.json['id']}")

    assert (made.status_code, rotated.status_code, revoked.status_code) == (201, 201, 200)
    assert world.get("/wallets", key=made.json["key"]).status_code == 200
    assert world.get("/wallets", key=rotated.json["key"]).status_code == 401
    listed = staff(world, admin, "GET", f"/partners/{partner_id}/api-keys")
    assert [key["id"] for key in listed.json["data"]][:2] == [rotated.json["id"], made.json["id"]]
    assert [entry.action for entry in world.audited()][:3] == [
        "api_key.refused",
        "api_key.revoked",
        "api_key.rotated",
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/partners/{}", None),
        ("PATCH", "/partners/{}/status", {"status": "active"}),
        ("GET", "/partners/{}/api-keys", None),
        ("POST", "/partners/{}/api-keys", NEW_KEY | {"environment": "sandbox"}),
    ],
)
@pytest.mark.parametrize("partner_id", ["nobody", "ptr_00000000000000000000000000"])
def test_a_partner_that_is_not_there_is_404(
    world: World, method: str, path: str, body: object, partner_id: str
) -> None:
    answer = staff(world, world.log_in(), method, path.format(partner_id), body)

    assert (answer.status_code, answer.json["code"]) == (404, "partner_not_found")


def test_a_key_for_an_environment_that_is_not_open_is_refused(world: World) -> None:
    path = f"/partners/{world.ledger.partner_id}/api-keys"

    answer = staff(world, world.log_in(), "POST", path, NEW_KEY | {"environment": "live"})

    assert (answer.status_code, answer.json["code"]) == (409, "environment_not_open")


@pytest.mark.parametrize("last", ["suspended", "closed"])
@pytest.mark.parametrize("told_by", ["notice", "worker"])
def test_money_on_its_way_still_settles_when_a_partner_is_stopped(
    world: World, last: str, told_by: str
) -> None:
    admin, wallet = world.log_in(), world.wallet(1000)
    payout = {"walletId": wallet, "amount": 400, "currency": "EUR", "destination": "ba_paid"}
    paid = world.post("/payouts", payout)
    assert paid.status_code == 202
    path = f"/partners/{world.ledger.partner_id}/status"
    for status in ("active", last):
        wish = {"status": status, "override": True, "reason": "As agreed."}
        assert staff(world, admin, "PATCH", path, wish).status_code == 200

    world.clock.advance(timedelta(minutes=5))
    if told_by == "notice":
        assert {answer.status_code for answer in world.deliver_notices()} == {200}
    else:
        world.resolver.resolve_due(10)

    made = world.services.ledgers.transaction(world.ledger.id, paid.json["id"])
    assert made.status is Status.POSTED
    refused = world.post("/payouts", payout)
    assert (refused.status_code, refused.json["code"]) == (403, f"partner_{last}")
