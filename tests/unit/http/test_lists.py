"""Lists and the event feed over HTTP."""

import orjson
import pytest

from tests.unit.http.world import World, transfer


def all_of(world: World, path: str, limit: int, query: str = "") -> list[dict[str, object]]:
    """Read a list to its end, page by page."""
    items: list[dict[str, object]] = []
    cursor = ""
    while True:
        page = world.get(path, f"limit={limit}{query}{cursor}").json
        items += page["data"]
        assert page["hasMore"] == (page["nextCursor"] is not None)
        if not page["hasMore"]:
            return items
        assert len(page["data"]) == limit
        cursor = f"&cursor={page['nextCursor']}"


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_hold_every_wallet_once_newest_first(world: World, limit: int) -> None:
    ids = [world.wallet() for _ in range(5)]

    wallets = all_of(world, "/wallets", limit)

    assert [wallet["id"] for wallet in wallets] == ids[::-1]


def test_wallets_are_filtered(world: World) -> None:
    world.wallet(externalUserId="u1")
    wanted = [world.wallet(0, "USD", externalUserId="u1") for _ in range(3)]

    wallets = all_of(world, "/wallets", 2, "&externalUserId=u1&currency=USD&status=active")

    assert [wallet["id"] for wallet in wallets] == wanted[::-1]


def test_a_statement_has_the_entries_of_the_wallet_newest_first(world: World) -> None:
    one, other = world.wallet(100), world.wallet()
    world.post("/transfers", transfer(one, other, 30))

    lines = all_of(world, f"/wallets/{one}/transactions", 1)

    told = [(line["direction"], line["amount"], line["balanceAfter"]) for line in lines]
    assert told == [("debit", 30, 70), ("credit", 100, 100)]


def test_transactions_are_filtered_by_wallet_status_and_type(world: World) -> None:
    one, other = world.wallet(100), world.wallet()
    made = world.post("/transfers", transfer(one, other, 30)).json["id"]

    query = f"&walletId={other}&status=completed&type=transfer"

    assert [item["id"] for item in all_of(world, "/transactions", 1, query)] == [made]
    assert all_of(world, "/transactions", 1, "&status=failed") == []


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        ("/wallets", "limit=0", ["limit"]),
        ("/wallets", "limit=101", ["limit"]),
        ("/wallets", "limit=", ["limit"]),
        ("/wallets", "limit=%D9%A1", ["limit"]),
        ("/wallets", "limit=1&limit=1", ["limit"]),
        ("/wallets", "colour=red&status=gone", ["colour", "status"]),
        ("/wallets", "externalUserId=%00", ["externalUserId"]),
        ("/transactions", "walletId=partner_settlement:EUR", ["walletId"]),
        ("/transactions", "type=gift&status=reversed", ["type", "status"]),
        ("/events", "after=-1&limit=x", ["after", "limit"]),
        ("/events", f"after={2**63}", ["after"]),
        ("/events", "cursor=x", ["cursor"]),
        ("/wallets/external/x", "a=1", ["a"]),
    ],
)
def test_every_parameter_at_fault_is_named(
    world: World, path: str, query: str, names: list[str]
) -> None:
    answer = world.get(path, query)

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert [fault["parameter"] for fault in answer.json["errors"]] == names


def test_a_cursor_is_good_for_its_own_list_only(world: World) -> None:
    one = world.wallet(5)
    world.wallet(5)
    cursor = world.get("/wallets", "limit=1").json["nextCursor"]
    others = [
        ("/wallets", "currency=EUR&"),
        ("/transactions", ""),
        (f"/wallets/{one}/transactions", ""),
    ]

    codes = [world.get(path, f"{query}cursor={cursor}").json["code"] for path, query in others]
    foreign = world.get("/wallets", f"cursor={cursor}", key=world.other_partner_key())

    assert codes == ["invalid_cursor"] * 3
    assert (foreign.status_code, foreign.json["code"]) == (400, "invalid_cursor")
    assert world.get("/wallets", f"limit=7&cursor={cursor}").status_code == 200


def test_events_come_oldest_first_and_byte_for_byte(world: World) -> None:
    world.wallet(100)
    journal = world.services.ledgers.reader.events(world.ledger.id, 0, 100)

    first = world.get("/events", "limit=2")
    rest = world.get("/events", f"after={first.json['nextAfter']}")
    end = world.get("/events", f"after={rest.json['nextAfter']}")

    assert first.content.startswith(b'{"data":[' + journal[0].body + b"," + journal[1].body + b"]")
    assert first.json["hasMore"] is True
    told = [event["sequence"] for event in first.json["data"] + rest.json["data"]]
    assert told == [event.sequence for event in journal] == [1, 2, 3]
    assert end.json == {"data": [], "hasMore": False, "nextAfter": 3}
    assert orjson.loads(first.content) == first.json
