"""Moving money over HTTP."""

import asyncio
from functools import partial

import pytest
from falcon.testing import ASGIConductor
from structlog.testing import capture_logs

from payflow_domain.ledger.errors import CommitFailed
from tests.unit.http.world import World, transfer

UNKNOWN_WALLET = "wal_01jd0000000000000000000000"


def test_a_transfer_answers_201_with_the_transaction_and_the_balances_it_left(world: World) -> None:
    one, other = world.wallet(1000), world.wallet()

    answer = world.post("/transfers", transfer(one, other, 300, description="Rent"))

    assert answer.status_code == 201
    assert answer.json["status"] == "completed"
    assert answer.json["fromWalletId"] == one
    assert answer.json["description"] == "Rent"
    assert {b["walletId"]: b["posted"] for b in answer.json["balances"]} == {one: 700, other: 300}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (world.available(one), world.available(other)) == (700, 300)


def test_a_transfer_beyond_the_balance_explains_itself_and_changes_nothing(world: World) -> None:
    one, other = world.wallet(100), world.wallet()

    answer = world.post("/transfers", transfer(one, other, 150))

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json
    assert told["code"] == "insufficient_funds"
    figures = {name: told[name] for name in ("required", "available", "shortfall", "held")}
    assert figures == {"required": 150, "available": 100, "shortfall": 50, "held": 0}
    assert told["errors"][0]["pointer"] == "/fromWalletId"
    assert told["requestId"] == answer.headers["Payflow-Request-Id"]
    assert world.available(one) == 100


@pytest.mark.parametrize(
    ("from_id", "to_id", "status", "code", "pointer"),
    [
        ("funded", UNKNOWN_WALLET, 404, "wallet_not_found", "/toWalletId"),
        ("nonsense\0", "funded", 404, "wallet_not_found", "/fromWalletId"),
        ("funded", "funded", 422, "same_wallet", "/toWalletId"),
        ("funded", "in dollars", 422, "currency_mismatch", "/toWalletId"),
        ("funded", "foreign", 404, "wallet_not_found", "/toWalletId"),
    ],
)
def test_a_transfer_that_cannot_be_points_at_the_wallet_at_fault(
    world: World, from_id: str, to_id: str, status: int, code: str, pointer: str
) -> None:
    name = {"name": "Theirs", "currency": "EUR"}
    foreign = world.call("POST", "/wallets", name, key=world.other_partner_key()).json["id"]
    ids = {"funded": world.wallet(100), "in dollars": world.wallet(0, "USD"), "foreign": foreign}

    answer = world.post("/transfers", transfer(ids.get(from_id, from_id), ids.get(to_id, to_id)))

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


def test_a_credit_in_a_currency_that_the_ledger_has_no_wallet_in_is_refused(world: World) -> None:
    one = world.wallet()

    answer = world.post(f"/wallets/{one}/credit", {"amount": 5, "currency": "CHF"})

    assert (answer.status_code, answer.json["code"]) == (422, "currency_mismatch")


@pytest.mark.parametrize("amount", [0, -1, 1.0, 1e2, "5", True, None, 2**53, 2**70, [1], {}])
def test_what_is_no_amount_is_refused_with_its_pointer(world: World, amount: object) -> None:
    body = b'{"amount":%d,"currency":"EUR"}' % amount if amount == 2**70 else None
    one = world.wallet()

    answer = world.post(f"/wallets/{one}/credit", body or {"amount": amount, "currency": "EUR"})

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/amount"]


def test_credit_debit_and_reversal_move_money_and_back(world: World) -> None:
    one = world.wallet(500)

    debit = world.post(f"/wallets/{one}/debit", {"amount": 200, "currency": "EUR"})
    reversal = world.post(f"/transactions/{debit.json['id']}/reverse")

    assert (debit.status_code, debit.json["type"]) == (201, "debit")
    assert (reversal.status_code, reversal.json["type"]) == (201, "reversal")
    assert reversal.json["reverses"] == debit.json["id"]
    assert world.available(one) == 500
    reread = world.get(f"/transactions/{debit.json['id']}")
    assert reread.json["status"] == "reversed"


def test_more_than_is_left_cannot_be_reversed(world: World) -> None:
    one, other = world.wallet(500), world.wallet()
    made = world.post("/transfers", transfer(one, other, 100)).json["id"]
    world.post(f"/transactions/{made}/reverse", {"amount": 60})

    answer = world.post(f"/transactions/{made}/reverse", {"amount": 41})

    assert (answer.status_code, answer.json["code"]) == (422, "reversal_exceeds_original")
    assert answer.json["reversible"] == 40
    assert answer.json["errors"][0]["pointer"] == "/amount"
    assert world.available(one) == 460


def test_the_same_key_and_body_get_the_same_bytes_and_move_money_once(world: World) -> None:
    one, other = world.wallet(1000), world.wallet()

    first = world.post("/transfers", transfer(one, other), idempotency_key="k-1")
    bare = world.post("/transfers", transfer(one, other), idempotency_key="k-1")
    quoted = world.post("/transfers", transfer(one, other), idempotency_key='"k-1"')

    assert first.content == bare.content == quoted.content
    assert (first.status_code, bare.status_code) == (201, 201)
    replayed = [answer.headers.get("Idempotent-Replayed") for answer in (first, bare, quoted)]
    assert replayed == [None, "true", "true"]
    assert world.available(one) == 900


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    one, other = world.wallet(1000), world.wallet()
    world.post("/transfers", transfer(one, other), idempotency_key="k-1")

    answer = world.post("/transfers", transfer(one, other, 101), idempotency_key="k-1")

    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
    assert world.available(one) == 900


def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    one, other = world.wallet(50), world.wallet()
    refused = world.post("/transfers", transfer(one, other), idempotency_key="k-1")
    world.post(f"/wallets/{one}/credit", {"amount": 50, "currency": "EUR"})

    again = world.post("/transfers", transfer(one, other), idempotency_key="k-1")

    assert (refused.status_code, again.status_code) == (422, 201)
    assert "Idempotent-Replayed" not in again.headers


def test_where_the_books_cannot_be_written_the_caller_may_ask_again(world: World) -> None:
    one, other = world.wallet(100), world.wallet()
    away = world.failing_with(CommitFailed("The database is away."))

    answer = away.post("/transfers", transfer(one, other))

    assert (answer.status_code, answer.json["code"]) == (503, "commit_failed")
    assert answer.headers["Retry-After"] == "1"


def test_a_fault_of_ours_is_logged_and_leaks_nothing(world: World) -> None:
    one, other = world.wallet(100), world.wallet()
    error = RuntimeError("password=hunter2")

    with capture_logs() as logs:
        moving = world.failing_with(error).post("/transfers", transfer(one, other))
        opening = world.failing_with(error).post("/wallets", {"name": "A", "currency": "EUR"})

    for answer in (moving, opening):
        assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
        assert "hunter2" not in answer.text
    assert [log["event"] for log in logs] == ["group_failed", "request_failed"]
    assert logs[1]["exc_info"] is error
    assert logs[1]["request_id"] == opening.headers["Payflow-Request-Id"]


def test_of_many_debits_at_once_only_those_that_the_wallet_can_pay_take_effect(
    world: World,
) -> None:
    one = world.wallet(25)
    headers = {"Authorization": f"Bearer {world.key}"}
    body = {"amount": 10, "currency": "EUR"}

    async def main() -> None:
        async with ASGIConductor(world.client.app) as conductor:
            post = partial(conductor.simulate_post, headers=headers, json=body)
            path = f"/api/v1/wallets/{one}/debit"
            answers = await asyncio.gather(*[post(path) for _ in range(50)])
        assert sorted(answer.status_code for answer in answers) == [201] * 2 + [422] * 48

    asyncio.run(main())
    assert world.available(one) == 5
