"""The feed of events, which tells all there is to know, and what outlives a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.api_server import Partner, running_api, transfer
from tests.builders.http_client import Client, Json
from tests.builders.matching import ANY_TIME, any_id


def walk(client: Client, after: int = 0, limit: int = 3) -> Iterator[Json]:
    """Follow the feed of events to its end."""
    while True:
        page = client.get(f"/events?after={after}&limit={limit}").json
        assert page.keys() == {"data", "hasMore", "nextAfter"}
        yield from page["data"]
        after = page["nextAfter"]
        if not page["hasMore"]:
            return


@pytest.fixture
def busy(partner: Partner) -> Partner:
    """A partner that has done all there is to do."""
    one, other = partner.wallet(1000), partner.wallet(50)
    made = partner.client.post("/transfers", transfer(one, other, 300)).json["id"]
    partner.client.post("/transfers", transfer(one, other, 99_999))
    partner.client.post(f"/transactions/{made}/reverse", {"amount": 100})
    partner.client.post(f"/transactions/{made}/reverse")
    items = [transfer(one, other, 5), transfer(other, one, 7)]
    partner.client.post("/transfers/batch", {"mode": "atomic", "transfers": items})
    partner.client.post(f"/wallets/{one}/debit", {"amount": 11, "currency": "EUR"})
    partner.client.patch(f"/wallets/{other}", {"name": "Other"})
    return partner


def test_events_are_numbered_without_a_gap_and_never_told_twice(busy: Partner) -> None:
    events = list(walk(busy.client))

    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert len({event["id"] for event in events}) == len(events)
    for event in events:
        assert event == {
            "id": any_id("evt"),
            "event": event["event"],
            "sequence": event["sequence"],
            "environment": "sandbox",
            "createdAt": ANY_TIME,
            "data": event["data"],
        }
    assert list(walk(busy.client, after=7, limit=100)) == events[7:]
    assert list(walk(busy.client, after=len(events))) == []


def test_events_of_a_transfer_tell_of_the_transaction_and_of_each_wallet(partner: Partner) -> None:
    one, other = partner.wallet(1000), partner.wallet()
    made = partner.client.post("/transfers", transfer(one, other, 300)).json

    completed, debited, credited = walk(partner.client, after=made["sequence"] - 1)

    assert (completed["event"], completed["data"]) == ("transaction.completed", made)
    move = {"transactionId": made["id"], "type": "transfer", "amount": 300, "currency": "EUR"}
    assert (debited["event"], debited["data"]) == (
        "wallet.debited",
        {
            **move,
            "walletId": one,
            "direction": "debit",
            "balance": {"posted": 700, "pending": 0, "available": 700},
        },
    )
    assert (credited["event"], credited["data"]["walletId"]) == ("wallet.credited", other)


def test_balances_mirrored_from_events_equal_those_that_are_told(busy: Partner) -> None:
    mirror: dict[str, int] = {}
    for event in walk(busy.client):
        data = event["data"]
        if event["event"] == "wallet.created":
            mirror[data["id"]] = 0
        elif event["event"] in {"wallet.credited", "wallet.debited"}:
            sign = 1 if event["event"] == "wallet.credited" else -1
            mirror[data["walletId"]] += sign * data["amount"]
            assert mirror[data["walletId"]] == data["balance"]["posted"]

    assert len(mirror) == 2
    assert mirror == {wallet_id: busy.available(wallet_id) for wallet_id in mirror}


def test_an_answer_is_repeated_after_the_server_was_restarted(
    migrated_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "api.log"
    with running_api(migrated_url, log) as before:
        partner = before.new_partner()
        body = transfer(partner.wallet(1000), partner.wallet())
        first = partner.client.post("/transfers", body, "once")
        page = partner.client.get("/wallets?limit=1").json

    with running_api(migrated_url, log) as after:
        client = after.client(partner.client.key)
        again = client.post("/transfers", body, "once")
        rest = client.get(f"/wallets?limit=1&cursor={page['nextCursor']}")

    assert (first.status, first.is_replayed) == (201, False)
    assert (again.status, again.is_replayed) == (201, True)
    assert again.body == first.body
    assert [wallet["id"] for wallet in rest.json["data"]] == [body["fromWalletId"]]
