"""Wallets, from opening one to closing it, with every member of every answer."""

from typing import Any

import pytest

from tests.builders.api_server import Partner
from tests.builders.http_client import Json
from tests.builders.matching import ANY_TIME, any_id

EMPTY = {"posted": 0, "pending": 0, "available": 0}
ANNA = {
    "name": "Anna Öberg 円",
    "currency": "EUR",
    "externalUserId": "user-1",
    "externalWalletId": "wallet/1",
    "metadata": {"circle": "Monday", "empty": ""},
}


def pages(partner: Partner, path: str, limit: int) -> list[list[Json]]:
    """Return every page of a list."""
    found: list[list[Json]] = []
    query = f"limit={limit}"
    while True:
        page = partner.client.get(f"{path}{'&' if '?' in path else '?'}{query}").json
        assert page.keys() == {"data", "hasMore", "nextCursor"}
        assert page["hasMore"] is (page["nextCursor"] is not None)
        found.append(page["data"])
        if not page["hasMore"]:
            return found
        query = f"limit={limit}&cursor={page['nextCursor']}"


def names(partner: Partner, path: str) -> list[str]:
    return [wallet["name"] for page in pages(partner, path, 20) for wallet in page]


def test_a_new_wallet_is_told_with_every_member(partner: Partner) -> None:
    answer = partner.client.post("/wallets", ANNA)

    assert answer.status == 201
    assert answer.json == {
        **ANNA,
        "id": any_id("wal"),
        "status": "active",
        "environment": "sandbox",
        "balance": EMPTY,
        "createdAt": ANY_TIME,
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Payflow-Request-Id"]


def test_a_wallet_needs_no_more_than_a_name_and_a_currency(partner: Partner) -> None:
    opened = partner.client.post("/wallets", {"name": "Anna", "currency": "JPY"}).json

    assert (opened["externalUserId"], opened["externalWalletId"]) == (None, None)
    assert opened["metadata"] == {}


def test_a_wallet_reads_the_same_wherever_it_is_read(partner: Partner) -> None:
    opened = partner.client.post("/wallets", ANNA).json

    by_id = partner.client.get(f"/wallets/{opened['id']}")
    by_external_id = partner.client.get("/wallets/external/wallet/1")
    escaped = partner.client.get("/wallets/external/wallet%2F1")
    listed = partner.client.get("/wallets")

    assert (by_id.status, by_external_id.status, listed.status) == (200, 200, 200)
    assert by_id.json == by_external_id.json == escaped.json == opened
    assert listed.json == {"data": [opened], "hasMore": False, "nextCursor": None}


def test_an_external_id_is_taken_once(partner: Partner) -> None:
    partner.client.post("/wallets", ANNA)

    again = partner.client.post("/wallets", ANNA)

    assert again.outcome == (409, "external_id_taken")
    assert again.json["errors"][0]["pointer"] == "/externalWalletId"
    assert len(partner.client.get("/wallets").json["data"]) == 1


def test_an_unknown_external_id_is_404(partner: Partner) -> None:
    assert partner.client.get("/wallets/external/nobody").outcome == (404, "wallet_not_found")


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_paging_shows_each_wallet_once_and_the_newest_first(partner: Partner, limit: int) -> None:
    opened = [partner.wallet() for _ in range(5)]

    found = pages(partner, "/wallets", limit)

    assert [wallet["id"] for page in found for wallet in page] == opened[::-1]
    assert {len(page) for page in found[:-1]} <= {limit}


def test_a_page_has_20_items_unless_told_otherwise(partner: Partner) -> None:
    for _ in range(21):
        partner.wallet()

    page = partner.client.get("/wallets").json

    assert (len(page["data"]), page["hasMore"]) == (20, True)


def test_wallets_opened_meanwhile_do_not_shift_the_pages(partner: Partner) -> None:
    opened = [partner.wallet() for _ in range(3)]
    first = partner.client.get("/wallets?limit=2").json
    partner.wallet()

    second = partner.client.get(f"/wallets?limit=2&cursor={first['nextCursor']}").json

    shown = [wallet["id"] for wallet in first["data"] + second["data"]]
    assert shown == opened[::-1]


def test_wallets_are_filtered_by_user_currency_and_status(partner: Partner) -> None:
    for name, user, currency in [("a", "u", "EUR"), ("b", "u", "USD"), ("c", "v", "EUR")]:
        partner.wallet(name=name, currency=currency, externalUserId=user)
    (b,) = (w["id"] for w in pages(partner, "/wallets?currency=USD", 20)[0])
    partner.client.patch(f"/wallets/{b}", {"status": "frozen"})

    assert names(partner, "/wallets?externalUserId=u") == ["b", "a"]
    assert names(partner, "/wallets?currency=EUR") == ["c", "a"]
    assert names(partner, "/wallets?status=frozen") == ["b"]
    assert names(partner, "/wallets?externalUserId=u&currency=EUR&status=active") == ["a"]
    assert names(partner, "/wallets?externalUserId=nobody") == []


def test_a_filtered_list_is_paged_too(partner: Partner) -> None:
    euros = [partner.wallet(currency=currency) for currency in ("EUR", "USD") * 3][::2]

    found = pages(partner, "/wallets?currency=EUR", 1)

    assert [wallet["id"] for (wallet,) in found] == euros[::-1]


def test_a_change_answers_with_the_wallet_as_it_is_then(partner: Partner) -> None:
    opened = partner.client.post("/wallets", ANNA).json
    change: dict[str, Any] = {"name": "Anne", "metadata": {"new": "1"}, "status": "frozen"}

    changed = partner.client.patch(f"/wallets/{opened['id']}", change)

    assert changed.status == 200
    assert changed.json == {**opened, **change}
    assert partner.client.get(f"/wallets/{opened['id']}").json == changed.json


def test_a_frozen_wallet_moves_no_money_until_it_is_active_again(partner: Partner) -> None:
    wallet = partner.wallet(100)
    debit = {"amount": 10, "currency": "EUR"}
    partner.client.patch(f"/wallets/{wallet}", {"status": "frozen"})

    frozen = partner.client.post(f"/wallets/{wallet}/debit", debit)
    partner.client.patch(f"/wallets/{wallet}", {"status": "active"})
    active = partner.client.post(f"/wallets/{wallet}/debit", debit)

    assert frozen.outcome == (422, "wallet_not_active")
    assert active.status == 201


def test_a_wallet_is_closed_only_when_it_is_empty_and_then_for_good(partner: Partner) -> None:
    wallet = partner.wallet(100)
    path = f"/wallets/{wallet}"

    full = partner.client.patch(path, {"status": "closed"})
    partner.client.post(f"{path}/debit", {"amount": 100, "currency": "EUR"})
    empty = partner.client.patch(path, {"status": "closed"})
    reopened = partner.client.patch(path, {"status": "active"})

    assert full.outcome == (422, "wallet_not_empty")
    assert (empty.status, empty.json["status"]) == (200, "closed")
    assert reopened.outcome == (409, "wallet_status_conflict")
