"""Batches of transfers over HTTP."""

import pytest

from payflow_domain.ledger.accounts import MAX_COUNTER
from payflow_domain.money import MAX_AMOUNT
from tests.unit.http.world import World, transfer


def batch(mode: str, *items: object) -> dict[str, object]:
    return {"mode": mode, "transfers": list(items)}


def test_independent_items_take_effect_or_fail_each_on_its_own(world: World) -> None:
    one, other = world.wallet(100), world.wallet()
    items = [transfer(one, other, 60), transfer(one, other, 60), transfer("x", other, 1)]

    answer = world.post("/transfers/batch", batch("independent", *items))

    assert answer.status_code == 201
    results = answer.json["results"]
    assert [result["status"] for result in results] == ["completed", "failed", "failed"]
    assert [result["index"] for result in results] == [0, 1, 2]
    assert results[0]["transaction"]["amount"] == 60
    assert results[1]["error"]["code"] == "insufficient_funds"
    assert results[1]["error"]["shortfall"] == 20
    assert results[1]["error"]["pointer"] == "/transfers/1/fromWalletId"
    assert results[2]["error"]["pointer"] == "/transfers/2/fromWalletId"
    assert world.available(one) == 40


def test_where_every_independent_item_is_refused_the_batch_is(world: World) -> None:
    one, other = world.wallet(), world.wallet()
    body = batch("independent", transfer(one, other), transfer(other, one))

    answer = world.call("POST", "/transfers/batch", body, headers={"Idempotency-Key": "k"})
    world.post(f"/wallets/{one}/credit", {"amount": 100, "currency": "EUR"})
    again = world.call("POST", "/transfers/batch", body, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json["code"]) == (422, "batch_refused")
    assert [result["status"] for result in answer.json["results"]] == ["failed", "failed"]
    assert again.status_code == 201


def test_an_atomic_batch_takes_effect_as_a_whole(world: World) -> None:
    one, other = world.wallet(100), world.wallet()

    answer = world.post("/transfers/batch", batch("atomic", *[transfer(one, other, 50)] * 2))

    assert answer.status_code == 201
    assert [result["status"] for result in answer.json["results"]] == ["completed", "completed"]
    assert world.available(other) == 100


def test_an_atomic_batch_that_is_refused_points_at_the_item_and_changes_nothing(
    world: World,
) -> None:
    one, other = world.wallet(100), world.wallet()
    items = [transfer(one, other, 40), transfer(one, other, 50), transfer(one, other, 20)]

    answer = world.post("/transfers/batch", batch("atomic", *items))

    assert (answer.status_code, answer.json["code"]) == (422, "insufficient_funds")
    assert answer.json["errors"][0]["pointer"] == "/transfers/2/fromWalletId"
    assert (world.available(one), world.available(other)) == (100, 0)


def test_an_atomic_batch_with_an_id_of_no_wallet_is_not_found(world: World) -> None:
    one, other = world.wallet(100), world.wallet()

    answer = world.post(
        "/transfers/batch", batch("atomic", transfer(one, other), transfer(one, "x"))
    )

    assert (answer.status_code, answer.json["code"]) == (404, "wallet_not_found")
    assert answer.json["errors"][0]["pointer"] == "/transfers/1/toWalletId"
    assert world.available(one) == 100


@pytest.mark.parametrize("mode", ["atomic", "independent"])
def test_a_replayed_batch_gets_the_same_bytes(world: World, mode: str) -> None:
    one, other = world.wallet(100), world.wallet()
    body = batch(mode, transfer(one, other, 10), transfer(one, other, 20))

    first = world.post("/transfers/batch", body, idempotency_key="k")
    again = world.post("/transfers/batch", body, idempotency_key="k")

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert world.available(one) == 70


def test_a_wallet_that_can_count_no_further_is_pointed_at(world: World) -> None:
    one, other = world.wallet(MAX_AMOUNT), world.wallet()
    there, back = transfer(one, other, MAX_AMOUNT), transfer(other, one, MAX_AMOUNT)
    times_max = MAX_COUNTER // MAX_AMOUNT
    both = [there, back] * (times_max - 1)
    for begin in range(0, len(both), 1000):
        world.post("/transfers/batch", batch("atomic", *both[begin : begin + 1000]))

    last = world.post("/transfers", there)
    alone = world.post("/transfers", back)
    in_batch = world.post("/transfers/batch", batch("atomic", back))

    assert last.status_code == 201
    for answer, place in [(alone, ""), (in_batch, "/transfers/0")]:
        assert (answer.status_code, answer.json["code"]) == (422, "balance_overflow")
        assert [fault["pointer"] for fault in answer.json["errors"]] == [f"{place}/toWalletId"]


def test_malformed_items_are_all_pointed_at(world: World) -> None:
    items = [transfer("a", "b", 0), 7, {"amount": 1}]

    answer = world.post("/transfers/batch", batch("independent", *items))

    pointers = {fault["pointer"] for fault in answer.json["errors"]}
    assert answer.status_code == 400
    assert pointers >= {"/transfers/0/amount", "/transfers/1", "/transfers/2/fromWalletId"}


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_1_to_1000_items(world: World, count: int) -> None:
    answer = world.post("/transfers/batch", batch("atomic", *[transfer("a", "b")] * count))

    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/transfers"]
