"""Applications over HTTP, and certification."""

import pytest

from payflow_domain.access.limits import PUBLIC
from tests.unit.http.directory import APPLICATION, ITEMS, NEW_KEY, NEW_PARTNER, staff
from tests.unit.http.world import BASE, World, transfer


def test_an_application_is_taken_and_told_nothing_else(world: World) -> None:
    answer = world.post("/partner-applications", APPLICATION)

    assert answer.status_code == 201
    assert answer.json.keys() == {"id", "status", "createdAt"}
    assert answer.json["status"] == "pending"


def test_an_application_is_answered_again_whatever_became_of_it(world: World) -> None:
    admin = world.log_in()
    first = world.post("/partner-applications", APPLICATION, idempotency_key="a")
    path = f"/partners/{first.json['id']}/status"
    assert staff(world, admin, "PATCH", path, {"status": "approved"}).status_code == 200

    again = world.post("/partner-applications", APPLICATION, idempotency_key="a")

    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"
    other = world.post(
        "/partner-applications", {**APPLICATION, "country": "UG"}, idempotency_key="a"
    )
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("country", "Kenya", "invalid_country"),
        ("website", "http://rosabank.example", "invalid_website"),
        ("contactEmail", "nobody", "invalid_email"),
        ("useCase", "a" * 2001, "invalid_text"),
        ("businessType", "", "invalid_text"),
        ("expectedVolume", 5, "invalid_type"),
        ("status", "approved", "unknown_member"),
    ],
)
def test_an_application_that_is_not_as_asked_points_at_the_fault(
    world: World, member: str, value: object, code: str
) -> None:
    answer = world.post("/partner-applications", APPLICATION | {member: value})

    assert answer.status_code == 400
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(f"/{member}", code)]


def test_every_fault_of_an_expected_volume_is_told(world: World) -> None:
    body = APPLICATION | {"expectedVolume": {"amount": "5", "unit": "KES"}}

    answer = world.post("/partner-applications", body)

    assert {each["pointer"]: each["code"] for each in answer.json["errors"]} == {
        "/expectedVolume/amount": "invalid_amount",
        "/expectedVolume/currency": "missing_member",
        "/expectedVolume/unit": "unknown_member",
    }


def test_too_many_applications_are_429_without_telling_which_bound_was_met(world: World) -> None:
    for _ in range(3):
        assert world.post("/partner-applications", APPLICATION).status_code == 201

    answer = world.post("/partner-applications", APPLICATION)

    assert (answer.status_code, answer.json["code"]) == (429, "too_many_applications")
    assert int(answer.headers["Retry-After"]) > 0


def test_an_address_applies_as_often_as_public_routes_may_be_asked(world: World) -> None:
    client, path = world.client, f"{BASE}/partner-applications"

    codes = [client.simulate_post(path, json={}).json["code"] for _ in range(PUBLIC.burst + 1)]

    assert codes == ["invalid_request"] * PUBLIC.burst + ["rate_limited"]


def test_certification_is_ticked_off_as_the_sandbox_is_used(world: World) -> None:
    def done() -> list[str]:
        answer = world.get("/certification", key=world.key_with())
        assert answer.status_code == 200
        assert [item["code"] for item in answer.json["items"]] == ITEMS
        assert answer.json["complete"] is False
        return [item["code"] for item in answer.json["items"] if item["done"]]

    assert done() == []
    rich, poor = world.wallet(), world.wallet()
    assert done() == ["wallet_opened"]
    world.post(f"/wallets/{rich}/credit", {"amount": 500, "currency": "EUR"})
    assert done() == ["wallet_opened", "credit_completed"]
    for _ in range(2):
        assert (
            world.post("/transfers", transfer(rich, poor), idempotency_key="t").status_code == 201
        )
    assert done() == ["wallet_opened", "credit_completed", "transfer_replayed"]
    declined = {"amount": 5, "currency": "EUR", "paymentMethod": "pm_card_chargeDeclined"}
    assert world.post(f"/wallets/{rich}/credit", declined).status_code == 402
    key_id = world.get("/api-keys").json["data"][0]["id"]
    assert world.post(f"/api-keys/{key_id}/rotate").status_code == 201
    assert done() == [*ITEMS[:4], "key_rotated"]


def test_a_live_key_has_no_certification(world: World) -> None:
    admin = world.log_in()
    made = staff(world, admin, "POST", "/partners", NEW_PARTNER).json
    wish = {"status": "active", "override": True, "reason": "As agreed."}
    assert staff(world, admin, "PATCH", f"/partners/{made['id']}/status", wish).status_code == 200
    body = NEW_KEY | {"environment": "live"}
    key = staff(world, admin, "POST", f"/partners/{made['id']}/api-keys", body).json["key"]

    answer = world.get("/certification", key=key)

    assert key.startswith("sk_live_pf_")
    assert (answer.status_code, answer.json["code"]) == (403, "sandbox_only")
