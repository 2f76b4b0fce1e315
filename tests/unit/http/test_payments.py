"""Money through the payment gateway, over HTTP."""

from datetime import timedelta

import pytest
from attrs import evolve

from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from tests.builders.perils import PerilousGateway, Perils
from tests.unit.http.world import BASE, World

DELAY = timedelta(seconds=3)
KEY = "a-key"
PROBLEM = "application/problem+json"


def card(amount: object = 1000, method: object = "pm_card_visa", **members: object) -> object:
    return {"amount": amount, "currency": "EUR", "paymentMethod": method, **members}


def payout(wallet: str, amount: object = 400, destination: object = "ba_paid") -> object:
    return {"walletId": wallet, "amount": amount, "currency": "EUR", "destination": destination}


def test_a_card_that_is_good_credits_the_wallet_at_once(world: World) -> None:
    wallet = world.wallet()

    answer = world.post(f"/wallets/{wallet}/credit", card(description="Top up"))

    assert answer.status_code == 201
    assert answer.json["status"] == "completed"
    assert answer.json["type"] == "credit"
    assert answer.json["description"] == "Top up"
    assert answer.json["balances"][0]["available"] == 1000
    assert world.available(wallet) == 1000


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_authenticationRequired", "authentication_required"),
        ("pm_nobody_knows", "invalid_payment_method"),
    ],
)
def test_a_decline_is_402_with_its_reason_and_a_failed_transaction(
    world: World, method: str, code: str
) -> None:
    wallet = world.wallet()

    answer = world.post(f"/wallets/{wallet}/credit", card(method=method))

    assert answer.status_code == 402
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json["code"] == code
    failed = world.get(f"/transactions/{answer.json['transaction']['id']}").json
    assert failed["status"] == "failed"
    assert failed["failure"]["code"] == code
    assert world.available(wallet) == 0


def test_a_decline_spends_its_idempotency_key(world: World) -> None:
    path = f"/wallets/{world.wallet()}/credit"
    body = card(method="pm_card_chargeDeclined")
    first = world.post(path, body, idempotency_key=KEY)

    again = world.post(path, body, idempotency_key=KEY)

    assert again.content == first.content
    assert again.status_code == 402
    assert again.headers["content-type"] == PROBLEM
    assert again.headers["idempotent-replayed"] == "true"


def test_what_a_worker_answers_has_the_id_of_the_request_that_asked(world: World) -> None:
    path = f"/wallets/{world.wallet()}/credit"
    began = failing_on_its_way_to_the_gateway(world).post(path, card(), idempotency_key=KEY)
    world.clock.advance(timedelta(minutes=20))
    world.resolver.resolve_due(10)

    answer = world.post(path, card(), idempotency_key=KEY)

    assert (began.status_code, answer.status_code) == (500, 402)
    assert answer.json["code"] == "gateway_timeout"
    assert answer.headers["idempotent-replayed"] == "true"
    assert answer.json["requestId"] == began.headers["payflow-request-id"]


def failing_on_its_way_to_the_gateway(world: World) -> World:
    """Return the same world with a fault of ours in it: of an intent nothing comes."""

    def fail() -> None:
        raise ZeroDivisionError

    gateway = PerilousGateway(world.mock, Perils(meanwhile=fail))
    payments = evolve(world.services.payments, gateway_of=lambda _: gateway)
    return evolve(world, services=evolve(world.services, payments=payments))


def test_a_card_that_takes_its_time_is_202_until_the_gateway_says(world: World) -> None:
    wallet = world.wallet()

    answer = world.post(f"/wallets/{wallet}/credit", card(method="pm_async_success"))

    assert answer.status_code == 202
    assert answer.json["status"] == "pending"
    assert answer.json["balances"][0] == {
        "walletId": wallet,
        "posted": 0,
        "pending": 1000,
        "available": 0,
    }
    world.clock.advance(DELAY)
    assert {each.status_code for each in world.deliver_notices()} == {200}
    assert world.get(f"/transactions/{answer.json['id']}").json["status"] == "completed"
    assert world.available(wallet) == 1000


@pytest.mark.parametrize(
    ("method", "status", "available"),
    [("pm_timeout_with_effect", "completed", 1000), ("pm_timeout_no_effect", "failed", 0)],
)
def test_a_gateway_that_does_not_answer_leaves_it_pending_until_a_worker_knows(
    world: World, method: str, status: str, available: int
) -> None:
    wallet = world.wallet()

    answer = world.post(f"/wallets/{wallet}/credit", card(method=method), idempotency_key=KEY)

    assert answer.status_code == 202
    world.clock.advance(timedelta(minutes=20))
    assert world.resolver.resolve_due(10) == 1
    assert world.get(f"/transactions/{answer.json['id']}").json["status"] == status
    assert world.available(wallet) == available


def test_a_gateway_that_is_away_is_503_and_the_key_is_free(world: World) -> None:
    path = f"/wallets/{world.wallet()}/credit"

    answer = world.post(path, card(method="pm_unavailable"), idempotency_key=KEY)

    assert answer.status_code == 503
    assert answer.json["code"] == "gateway_unavailable"
    assert "retry-after" in answer.headers
    assert world.post(path, card(), idempotency_key=KEY).status_code == 201


def test_a_payout_holds_the_money_until_the_bank_has_it(world: World) -> None:
    wallet = world.wallet(1000)

    answer = world.post("/payouts", payout(wallet))

    assert answer.status_code == 202
    assert answer.json["type"] == "payout"
    assert answer.json["walletId"] == wallet
    assert world.available(wallet) == 600
    world.clock.advance(DELAY)
    world.deliver_notices()
    assert world.get(f"/transactions/{answer.json['id']}").json["status"] == "completed"
    events = [event["event"] for event in world.get("/events", "limit=100").json["data"]]
    assert "payout.completed" in events
    assert world.available(wallet) == 600


def test_a_payout_that_fails_gives_the_money_back(world: World) -> None:
    wallet = world.wallet(1000)

    answer = world.post("/payouts", payout(wallet, destination="ba_failed"))

    world.clock.advance(DELAY)
    world.deliver_notices()
    failed = world.get(f"/transactions/{answer.json['id']}").json
    assert (failed["status"], failed["failure"]["code"]) == ("failed", "account_closed")
    assert world.available(wallet) == 1000


def test_a_payout_that_comes_back_after_it_was_paid_is_reversed(world: World) -> None:
    wallet = world.wallet(1000)

    answer = world.post("/payouts", payout(wallet, destination="ba_returned_late"))

    for _ in range(2):
        world.clock.advance(DELAY)
        world.deliver_notices()
    assert world.get(f"/transactions/{answer.json['id']}").json["status"] == "reversed"
    assert world.available(wallet) == 1000


def test_more_than_the_wallet_has_is_not_paid_out(world: World) -> None:
    wallet = world.wallet(100)

    answer = world.post("/payouts", payout(wallet, 101))

    assert answer.status_code == 422
    assert answer.json["code"] == "insufficient_funds"
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/walletId"]
    assert world.available(wallet) == 100


def test_reversing_a_charge_refunds_it_in_parts_up_to_the_whole(world: World) -> None:
    wallet = world.wallet()
    charge = world.post(f"/wallets/{wallet}/credit", card()).json["id"]
    reverse = f"/transactions/{charge}/reverse"

    part, too_much, rest = (world.post(reverse, {"amount": amount}) for amount in (300, 701, 700))

    assert (part.status_code, part.json["type"], part.json["amount"]) == (201, "reversal", 300)
    assert (too_much.status_code, too_much.json["code"]) == (422, "reversal_exceeds_original")
    assert rest.status_code == 201
    assert world.get(f"/transactions/{charge}").json["status"] == "reversed"
    assert world.available(wallet) == 0


def test_a_payout_cannot_be_reversed(world: World) -> None:
    wallet = world.wallet(1000)
    made = world.post("/payouts", payout(wallet)).json["id"]

    answer = world.post(f"/transactions/{made}/reverse", {})

    assert (answer.status_code, answer.json["code"]) == (409, "transaction_not_reversible")


def test_a_notice_that_is_not_signed_changes_nothing(world: World) -> None:
    wallet = world.wallet()
    world.post(f"/wallets/{wallet}/credit", card(method="pm_async_success"))
    world.clock.advance(DELAY)
    notices = world.mock.due_notices()

    for notice in notices:
        last = "1" if notice.signature[-1] == "0" else "0"
        for signature in ("", "t=1,v1=", notice.signature[:-1] + last, "v1,"):
            answer = world.notify(notice.payload, signature)
            assert (answer.status_code, answer.json["code"]) == (400, "invalid_notice")
        changed = notice.payload.replace(b"{", b"{ ", 1)
        assert world.notify(changed, notice.signature).status_code == 400

    assert world.available(wallet) == 0


def test_a_notice_counts_once_however_often_it_comes(world: World) -> None:
    wallet = world.wallet()
    world.post(f"/wallets/{wallet}/credit", card(method="pm_async_success"))
    world.clock.advance(DELAY)
    notices = world.mock.due_notices()

    for notice in [*notices, *reversed(notices), *notices]:
        assert world.notify(notice.payload, notice.signature).status_code == 200

    assert world.available(wallet) == 1000


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/payouts", {"amount": 0}, "/amount"),
        ("/payouts", {"destination": ""}, "/destination"),
        ("/payouts", {"destination": "x" * 256}, "/destination"),
        ("/payouts", {"destination": 7}, "/destination"),
        ("/payouts", {"paymentMethod": "pm_card_visa"}, "/paymentMethod"),
        ("/wallets/{wallet}/credit", {"paymentMethod": True}, "/paymentMethod"),
        ("/wallets/{wallet}/credit", {"paymentMethod": ""}, "/paymentMethod"),
    ],
)
def test_a_malformed_payment_is_400_with_a_pointer(
    world: World, path: str, body: dict[str, object], pointer: str
) -> None:
    wallet = world.wallet(1000)
    good = payout(wallet) if path == "/payouts" else card()
    assert isinstance(good, dict)

    answer = world.post(path.format(wallet=wallet), {**good, **body})

    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


def test_a_payout_needs_its_permission(world: World) -> None:
    wallet = world.wallet(1000)
    key = world.key_with(*(ALL_PERMISSIONS - {Permission.PAYOUTS_WRITE}))

    answer = world.call("POST", "/payouts", payout(wallet), key=key)

    assert (answer.status_code, answer.json["permission"]) == (403, "payouts:write")


def test_another_partners_wallet_is_not_found(world: World) -> None:
    wallet = world.wallet(1000)
    key = world.other_partner_key()

    paid = world.call("POST", "/payouts", payout(wallet), key=key)
    charged = world.call("POST", f"/wallets/{wallet}/credit", card(), key=key)

    assert (paid.status_code, charged.status_code) == (404, 404)


def test_the_door_for_notices_takes_no_other_method(world: World) -> None:
    assert world.client.simulate_get(f"{BASE}/webhooks/stripe").status_code == 405
