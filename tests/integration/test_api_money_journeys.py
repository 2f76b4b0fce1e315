"""Money in, around, back and out, with every member of every answer."""

from tests.builders.api_server import Partner, transfer
from tests.builders.http_client import Json
from tests.builders.matching import ANY_TIME, any_id

NOTE: Json = {"description": "Rent, März", "metadata": {"invoice": "7"}}
NO_NOTE: Json = {"description": None, "metadata": {}}


def transaction(type_: str, amount: int, **members: object) -> Json:
    """Return what a completed transaction looks like, all but its wallets."""
    return {
        "id": any_id("txn"),
        "type": type_,
        "status": "completed",
        "amount": amount,
        "currency": "EUR",
        "failure": None,
        **NO_NOTE,
        "reverses": None,
        "reversedAmount": 0,
        "createdAt": ANY_TIME,
        "completedAt": ANY_TIME,
        **members,
    }


def balance_left(wallet: str, posted: int) -> Json:
    return {"walletId": wallet, "posted": posted, "pending": 0, "available": posted}


def without(answer: Json, *names: str) -> Json:
    return {name: value for name, value in answer.items() if name not in names}


def test_a_credit_and_a_debit_answer_with_their_transaction(partner: Partner) -> None:
    wallet = partner.wallet()
    money = {"amount": 500, "currency": "EUR"}

    credit = partner.client.post(f"/wallets/{wallet}/credit", {**money, **NOTE})
    debit = partner.client.post(f"/wallets/{wallet}/debit", {**money, "amount": 200})

    assert (credit.status, debit.status) == (201, 201)
    assert credit.json == transaction(
        "credit", 500, walletId=wallet, sequence=2, balances=[balance_left(wallet, 500)], **NOTE
    )
    assert debit.json == transaction(
        "debit", 200, walletId=wallet, sequence=4, balances=[balance_left(wallet, 300)]
    )


def test_a_transfer_answers_with_both_wallets(partner: Partner) -> None:
    one, other = partner.wallet(1000), partner.wallet()

    answer = partner.client.post("/transfers", transfer(one, other, 300, **NOTE))

    assert answer.status == 201
    assert answer.json == transaction(
        "transfer",
        300,
        fromWalletId=one,
        toWalletId=other,
        sequence=5,
        balances=[balance_left(one, 700), balance_left(other, 300)],
        **NOTE,
    )
    reread = partner.client.get(f"/transactions/{answer.json['id']}")
    assert reread.status == 200
    assert reread.json == without(answer.json, "balances")


def test_want_of_money_explains_itself(partner: Partner) -> None:
    one, other = partner.wallet(100), partner.wallet()

    refused = partner.client.post("/transfers", transfer(one, other, 150))

    assert refused.outcome == (422, "insufficient_funds")
    told = {name: refused.json[name] for name in ("required", "available", "shortfall", "held")}
    assert told == {"required": 150, "available": 100, "shortfall": 50, "held": 0}


def test_an_atomic_batch_takes_effect_whole(partner: Partner) -> None:
    one, other = partner.wallet(100), partner.wallet()
    items = [transfer(one, other, 60), transfer(other, one, 50), transfer(one, other, 90)]

    answer = partner.client.post("/transfers/batch", {"mode": "atomic", "transfers": items})

    assert answer.status == 201
    assert answer.json.keys() == {"mode", "results"}
    assert [without(each, "transaction") for each in answer.json["results"]] == [
        {"index": index, "status": "completed", "error": None} for index in range(3)
    ]
    last = answer.json["results"][2]["transaction"]
    assert without(last, "sequence") == transaction(
        "transfer",
        90,
        fromWalletId=one,
        toWalletId=other,
        balances=[balance_left(one, 0), balance_left(other, 100)],
    )
    assert (partner.available(one), partner.available(other)) == (0, 100)


def test_an_atomic_batch_with_one_bad_item_takes_no_effect(partner: Partner) -> None:
    one, other = partner.wallet(100), partner.wallet()
    items = [transfer(one, other, 60), transfer(one, other, 60)]

    answer = partner.client.post("/transfers/batch", {"mode": "atomic", "transfers": items})

    assert answer.outcome == (422, "insufficient_funds")
    assert answer.json["errors"][0]["pointer"] == "/transfers/1/fromWalletId"
    assert partner.available(one) == 100


def test_an_independent_batch_tells_of_each_item(partner: Partner) -> None:
    one, other = partner.wallet(100), partner.wallet()
    items = [transfer(one, other, 60), transfer(one, other, 60), transfer(one, one, 1)]

    answer = partner.client.post("/transfers/batch", {"mode": "independent", "transfers": items})

    assert (answer.status, answer.json["mode"]) == (201, "independent")
    good, poor, same = answer.json["results"]
    assert without(good, "transaction") == {"index": 0, "status": "completed", "error": None}
    assert good["transaction"] == transaction(
        "transfer",
        60,
        fromWalletId=one,
        toWalletId=other,
        sequence=5,
        balances=[balance_left(one, 40), balance_left(other, 60)],
    )
    assert without(poor, "error") == {"index": 1, "status": "failed", "transaction": None}
    assert poor["error"]["code"] == "insufficient_funds"
    assert poor["error"]["pointer"] == "/transfers/1/fromWalletId"
    assert (poor["error"]["shortfall"], poor["error"]["available"]) == (20, 40)
    assert same["error"]["code"] == "same_wallet"


def test_a_batch_of_which_every_item_is_refused_says_so(partner: Partner) -> None:
    one, other = partner.wallet(), partner.wallet()
    batch = {"mode": "independent", "transfers": [transfer(one, other)] * 2}

    answer = partner.client.post("/transfers/batch", batch)

    assert answer.outcome == (422, "batch_refused")
    codes = [each["error"]["code"] for each in answer.json["results"]]
    assert codes == ["insufficient_funds"] * 2


def test_a_transaction_is_reversed_in_parts_up_to_the_whole(partner: Partner) -> None:
    one, other = partner.wallet(1000), partner.wallet()
    made = partner.client.post("/transfers", transfer(one, other, 100)).json["id"]
    path = f"/transactions/{made}"

    part = partner.client.post(f"{path}/reverse", {"amount": 30, **NOTE})
    after_part = partner.client.get(path).json
    too_much = partner.client.post(f"{path}/reverse", {"amount": 71})
    rest = partner.client.post(f"{path}/reverse")
    after_rest = partner.client.get(path).json
    again = partner.client.post(f"{path}/reverse")

    assert (part.status, rest.status) == (201, 201)
    assert without(part.json, "sequence") == transaction(
        "reversal",
        30,
        fromWalletId=other,
        toWalletId=one,
        reverses=made,
        balances=[balance_left(one, 930), balance_left(other, 70)],
        **NOTE,
    )
    assert (after_part["status"], after_part["reversedAmount"]) == ("completed", 30)
    assert too_much.outcome == (422, "reversal_exceeds_original")
    assert (rest.json["amount"], after_rest["status"]) == (70, "reversed")
    assert again.outcome == (409, "transaction_already_reversed")
    assert (partner.available(one), partner.available(other)) == (1000, 0)


def test_a_reversal_is_not_reversed(partner: Partner) -> None:
    made = partner.client.post("/transfers", transfer(partner.wallet(9), partner.wallet(), 9))
    reversal = partner.client.post(f"/transactions/{made.json['id']}/reverse").json["id"]

    answer = partner.client.post(f"/transactions/{reversal}/reverse")

    assert answer.outcome == (409, "transaction_not_reversible")


def test_a_statement_tells_each_movement_and_the_balance_after_it(partner: Partner) -> None:
    one, other = partner.wallet(1000), partner.wallet()
    made = partner.client.post("/transfers", transfer(one, other, 300)).json

    statement = partner.client.get(f"/wallets/{one}/transactions").json

    assert statement["data"][0] == {
        "transaction": without(made, "balances"),
        "direction": "debit",
        "amount": 300,
        "balanceAfter": 700,
        "createdAt": made["createdAt"],
    }
    lines = [(line["direction"], line["balanceAfter"]) for line in statement["data"]]
    assert lines == [("debit", 700), ("credit", 1000)]
    first = partner.client.get(f"/wallets/{one}/transactions?limit=1").json
    cursor = first["nextCursor"]
    second = partner.client.get(f"/wallets/{one}/transactions?limit=1&cursor={cursor}").json
    assert first["data"] + second["data"] == statement["data"]


def test_transactions_are_listed_newest_first_and_filtered(partner: Partner) -> None:
    one, other = partner.wallet(1000), partner.wallet()
    moved = partner.client.post("/transfers", transfer(one, other, 300)).json["id"]
    taken = partner.client.post(f"/wallets/{one}/debit", {"amount": 1, "currency": "EUR"})

    def amounts(query: str) -> list[int]:
        return [each["amount"] for each in partner.client.get(f"/transactions{query}").json["data"]]

    everything = partner.client.get("/transactions").json
    assert everything["data"][0] == without(taken.json, "balances")
    assert everything["data"][1]["id"] == moved
    assert amounts("") == [1, 300, 1000]
    assert amounts("?type=transfer") == [300]
    assert amounts(f"?walletId={other}") == [300]
    assert amounts("?status=completed&type=credit") == [1000]
    assert amounts("?status=pending") == []


def test_a_balance_is_told_now_and_as_it_was(partner: Partner) -> None:
    one, other = partner.wallet(1000), partner.wallet()
    moved = partner.client.post("/transfers", transfer(one, other, 300)).json

    now = partner.client.get(f"/wallets/{one}/balance").json
    opened = partner.client.get(f"/wallets/{one}").json["createdAt"]
    then = partner.client.get(f"/wallets/{one}/balance?at={moved['createdAt']}").json
    before = partner.client.get(f"/wallets/{other}/balance?at={opened}").json

    figures = {"posted": 700, "pending": 0, "available": 700}
    told = {"walletId": one, "currency": "EUR", **figures}
    assert without(now, "sequence") == {**told, "asOf": ANY_TIME}
    assert without(then, "sequence") == {**told, "asOf": moved["createdAt"]}
    assert now["sequence"] == then["sequence"] > moved["sequence"]
    assert (before["posted"], before["sequence"]) == (0, 0)
