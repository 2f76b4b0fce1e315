"""Wallets over HTTP."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.unit.http.world import World, transfer


def test_opening_a_wallet_answers_201_with_an_empty_wallet(world: World) -> None:
    body = {"name": "Anna", "currency": "EUR", "externalUserId": "u1", "metadata": {"tier": "a:b"}}

    answer = world.post("/wallets", body)

    assert answer.status_code == 201
    assert answer.json["environment"] == "sandbox"
    assert answer.json["balance"] == {"posted": 0, "pending": 0, "available": 0}
    assert answer.json["metadata"] == {"tier": "a:b"}
    assert world.get(f"/wallets/{answer.json['id']}").json == answer.json


def test_opening_a_wallet_twice_with_one_key_opens_one(world: World) -> None:
    body = {"name": "Anna", "currency": "EUR"}

    first = world.post("/wallets", body, idempotency_key="k")
    again = world.post("/wallets", body, idempotency_key="k")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(world.get("/wallets").json["data"]) == 1


@pytest.mark.parametrize(
    ("members", "status", "code", "pointer"),
    [
        ({"externalWalletId": "taken"}, 409, "external_id_taken", "/externalWalletId"),
        ({"currency": "ZZZ"}, 422, "unknown_currency", "/currency"),
        ({"currency": "eur"}, 400, "invalid_request", "/currency"),
        ({"name": ""}, 400, "invalid_request", "/name"),
        ({"name": "N\0"}, 400, "invalid_request", "/name"),
        ({"metadata": {"a/b": 1}}, 400, "invalid_request", "/metadata/a~1b"),
    ],
)
def test_a_wallet_that_cannot_be_opened_points_at_the_member_at_fault(
    world: World, members: dict[str, object], status: int, code: str, pointer: str
) -> None:
    world.wallet(externalWalletId="taken")

    answer = world.post("/wallets", {"name": "Anna", "currency": "EUR", **members})

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


def test_a_change_leaves_what_it_does_not_name(world: World) -> None:
    wallet_id = world.wallet(metadata={"a": "1"})

    answer = world.call("PATCH", f"/wallets/{wallet_id}", {"name": "Beate", "status": "frozen"})

    assert answer.status_code == 200
    changed = [answer.json[member] for member in ("name", "status", "metadata")]
    assert changed == ["Beate", "frozen", {"a": "1"}]


@pytest.mark.parametrize("body", [{}, {"name": None}, {"status": "gone"}, {"currency": "USD"}])
def test_a_change_that_says_nothing_or_too_much_is_malformed(world: World, body: object) -> None:
    answer = world.call("PATCH", f"/wallets/{world.wallet()}", body)

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")


def test_a_frozen_wallet_takes_part_in_no_transfer(world: World) -> None:
    one, other = world.wallet(100), world.wallet()
    world.call("PATCH", f"/wallets/{other}", {"status": "frozen"})

    answer = world.post("/transfers", transfer(one, other))

    assert (answer.status_code, answer.json["code"]) == (422, "wallet_not_active")


@pytest.mark.parametrize("external_id", ["w-1", "a/b c", "ü?#%"])
def test_a_wallet_is_found_by_its_external_id(world: World, external_id: str) -> None:
    wallet_id = world.wallet(externalWalletId=external_id)

    answer = world.get(f"/wallets/external/{quote(external_id, safe='')}")

    assert answer.json["id"] == wallet_id


@pytest.mark.parametrize("external_id", ["nobody", "%00", "x" * 300])
def test_an_external_id_of_no_wallet_is_not_found(world: World, external_id: str) -> None:
    answer = world.get(f"/wallets/external/{external_id}")

    assert (answer.status_code, answer.json["code"]) == (404, "wallet_not_found")


def test_the_balance_says_when_and_after_which_event_it_was_so(world: World) -> None:
    wallet_id = world.wallet(250)

    answer = world.get(f"/wallets/{wallet_id}/balance")

    assert answer.json == {
        "walletId": wallet_id,
        "currency": "EUR",
        "posted": 250,
        "pending": 0,
        "available": 250,
        "asOf": "2026-01-31T12:00:00.123456Z",
        "sequence": 3,
    }


def test_the_balance_of_another_partners_wallet_is_not_found(world: World) -> None:
    wallet_id = world.wallet(250)

    answer = world.get(f"/wallets/{wallet_id}/balance", key=world.other_partner_key())

    assert (answer.status_code, answer.json["code"]) == (404, "wallet_not_found")


def test_a_past_balance_is_that_of_its_time(world: World) -> None:
    wallet_id = world.wallet(100)
    world.clock.advance(timedelta(hours=1))
    world.post(f"/wallets/{wallet_id}/credit", {"amount": 5, "currency": "EUR"})

    answer = world.get(f"/wallets/{wallet_id}/balance", "at=2026-01-31T13:30:00%2B01:00")

    assert (answer.json["posted"], answer.json["asOf"]) == (100, "2026-01-31T12:30:00.000000Z")


def test_a_past_sequence_is_of_what_moved_and_the_present_one_of_the_wallet_too(
    world: World,
) -> None:
    wallet_id = world.wallet(100)
    world.call("PATCH", f"/wallets/{wallet_id}", {"name": "Renamed"})
    world.clock.advance(timedelta(hours=1))

    present = world.get(f"/wallets/{wallet_id}/balance").json
    past = world.get(f"/wallets/{wallet_id}/balance", f"at={present['asOf']}").json

    assert (present["sequence"], past["sequence"]) == (4, 3)
    assert past == {**present, "sequence": 3}


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-31T12:00:01Z",
        "2026-01-31T10:00:00.1234567Z",
        "2026-01-31",
        "2026-01-31T10:00:00",
        "2026-13-31T10:00:00Z",
        "0001-01-01T00:00:00%2B23:00",
        "1767225600",
        "",
    ],
)
def test_a_time_to_come_or_no_time_names_the_parameter(world: World, at: str) -> None:
    answer = world.get(f"/wallets/{world.wallet()}/balance", f"at={at}")

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert [fault["parameter"] for fault in answer.json["errors"]] == ["at"]
