"""What staff see of the whole: what was done, what gateways told, and what should not have been."""

from datetime import timedelta

import falcon.testing
import pytest

from payflow_domain.access.operators import Role
from tests.unit.http.world import World

LISTS = ["/audit", "/gateway-events", "/security-events"]


@pytest.fixture
def session(world: World) -> dict[str, str]:
    return world.log_in(Role.SUPPORT)


def pay_in(world: World, count: int = 1) -> None:
    """Have payments made, and their gateway tell of them."""
    wallet_id = world.wallet()
    for _ in range(count):
        credit = {"amount": 100, "currency": "EUR", "paymentMethod": "pm_card_visa"}
        assert world.post(f"/wallets/{wallet_id}/credit", credit).status_code == 201
    world.clock.advance(timedelta(minutes=1))
    world.deliver_notices()


def try_to_forge(world: World) -> None:
    world.notify(b"{}", "t=1,v1=00")


def data(answer: falcon.testing.Result) -> list[dict[str, object]]:
    assert answer.status_code == 200, answer.json
    found = answer.json["data"]
    assert isinstance(found, list)
    return found


def test_what_was_done_is_listed_newest_first(world: World, session: dict[str, str]) -> None:
    opened, created, *_ = data(world.admin("GET", "/audit", session))

    assert opened == {
        "number": 4,
        "at": "2026-01-31T12:00:00.123456Z",
        "actor": created["subject"],
        "username": "support0",
        "action": "session.opened",
        "subject": created["subject"],
        "address": None,
        "partnerId": None,
        "reason": None,
        "before": None,
        "after": None,
        "facts": {},
    }
    assert (created["actor"], created["action"]) == ("command_line", "operator.created")
    assert created["username"] is None
    assert created["after"] == {"role": "support", "disabledAt": None}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("action=session.opened", 1),
        ("actor=command_line", 3),
        ("actor=command_line&action=session.opened", 0),
        ("subject=nobody", 0),
        ("partnerId=ptr_1", 0),
        ("since=2026-01-31T12:00:00.123456Z", 4),
        ("until=2026-01-31T12:00:00.123456Z", 0),
    ],
)
def test_what_was_done_is_filtered(
    world: World, session: dict[str, str], query: str, count: int
) -> None:
    assert len(data(world.admin("GET", "/audit", session, query=query))) == count


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["limit=101", "state=open", "since=yesterday", "status=lost"])
def test_queries_are_read_strictly(
    world: World, session: dict[str, str], path: str, query: str
) -> None:
    assert world.admin("GET", path, session, query=query).status_code == 400


@pytest.mark.parametrize("path", LISTS)
def test_lists_are_read_page_by_page(world: World, session: dict[str, str], path: str) -> None:
    pay_in(world, 3)
    for _ in range(3):
        try_to_forge(world)
    everything = data(world.admin("GET", path, session))

    seen: list[dict[str, object]] = []
    query = "limit=2"
    while True:
        page = world.admin("GET", path, session, query=query)
        seen += data(page)
        if not page.json["hasMore"]:
            break
        query = f"limit=2&cursor={page.json['nextCursor']}"

    assert len(everything) >= 2
    assert seen == everything


def test_a_cursor_of_one_list_is_none_of_another(world: World, session: dict[str, str]) -> None:
    cursor = world.admin("GET", "/audit", session, query="limit=1").json["nextCursor"]

    answer = world.admin("GET", "/gateway-events", session, query=f"cursor={cursor}")

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_cursor")


def test_what_gateways_told_is_listed_by_what_became_of_it(
    world: World, session: dict[str, str]
) -> None:
    pay_in(world)

    (event,) = data(world.admin("GET", "/gateway-events", session, query="status=applied"))

    assert event == {
        "gateway": "mock",
        "environment": "sandbox",
        "id": event["id"],
        "type": "charge.succeeded",
        "status": "applied",
        "deliveries": 1,
        "receivedAt": "2026-01-31T12:01:00.123456Z",
    }
    assert data(world.admin("GET", "/gateway-events", session, query="status=received")) == []


def test_a_reviewer_has_an_event_booked_again_which_is_written_down(world: World) -> None:
    pay_in(world)
    session = world.log_in(Role.REVIEWER)
    (event,) = data(world.admin("GET", "/gateway-events", session))
    sequence = world.get("/events", "limit=100").json["data"][-1]["sequence"]

    path = f"/gateway-events/mock/sandbox/{event['id']}/replay"
    answer = world.admin("POST", path, session, body={})

    assert (answer.status_code, answer.json) == (200, event)
    assert world.get("/events", "limit=100").json["data"][-1]["sequence"] == sequence
    (entry,) = world.audited("gateway_event.replayed")
    assert (entry.subject, entry.before) == (event["id"], {"status": "applied"})
    assert entry.facts == {"gateway": "mock", "environment": "sandbox"}
    assert entry.actor.startswith("opr_")
    assert entry.address == "127.0.0.1"


@pytest.mark.parametrize("place", ["mock/sandbox/nothing", "mock/moon/evt", "other/live/evt"])
def test_an_event_that_is_not_there_is_404_and_not_written_down(world: World, place: str) -> None:
    session = world.log_in(Role.ADMIN)

    answer = world.admin("POST", f"/gateway-events/{place}/replay", session)

    assert (answer.status_code, answer.json["code"]) == (404, "notice_not_found")
    assert world.audited("gateway_event.replayed") == []


def test_a_replay_takes_no_members(world: World) -> None:
    session = world.log_in(Role.ADMIN)
    path = "/gateway-events/mock/sandbox/evt/replay"

    assert world.admin("POST", path, session, body={"force": True}).status_code == 400


def test_the_whole_is_told_in_figures(world: World, session: dict[str, str]) -> None:
    pay_in(world, 2)
    try_to_forge(world)
    payout = {
        "walletId": world.wallet(100),
        "amount": 50,
        "currency": "EUR",
        "destination": "ba_paid",
    }
    assert world.post("/payouts", payout).status_code == 202

    world.volume_roller.roll_up()

    answer = world.admin("GET", "/system/stats", session)

    assert answer.status_code == 200
    assert answer.json == {
        "asOf": "2026-01-31T12:01:00.123456Z",
        "partners": {"approved": 1},
        "wallets": {"sandbox": 2},
        "volume": [
            {
                "day": "2026-01-31",
                "environment": "sandbox",
                "currency": "EUR",
                "transactions": 3,
                "amount": 300,
            }
        ],
        "pending": [
            {"olderThanSeconds": 0, "transactions": 1},
            {"olderThanSeconds": 3600, "transactions": 0},
            {"olderThanSeconds": 86400, "transactions": 0},
            {"olderThanSeconds": 604800, "transactions": 0},
        ],
        "gateways": [
            {
                "gateway": "mock",
                "environment": "sandbox",
                "pending": 1,
                "oldestPendingAt": "2026-01-31T12:01:00.123456Z",
                "waitingNotices": 0,
                "lastNoticeAt": "2026-01-31T12:01:00.123456Z",
            }
        ],
        "webhooks": {
            "delivered": 0,
            "failed": 0,
            "successRate": None,
            "pending": 0,
            "oldestDueAt": None,
        },
        "securityEvents": {"invalid_notice": 1},
        "connections": None,
        "statements": None,
        "unavailable": {
            "connections": "Everything is in memory: there are no connections.",
            "statements": "Everything is in memory: there are no statements.",
        },
    }


def test_volume_goes_back_thirty_days(world: World) -> None:
    world.wallet(100)
    world.volume_roller.roll_up()
    for days, count in ((30, 1), (1, 0)):
        world.clock.advance(timedelta(days=days))
        stats = world.admin("GET", "/system/stats", world.log_in(Role.SUPPORT))
        assert len(stats.json["volume"]) == count


def test_what_should_not_have_been_tried_is_listed(world: World, session: dict[str, str]) -> None:
    try_to_forge(world)

    (event,) = data(world.admin("GET", "/security-events", session))

    assert (event["number"], event["kind"]) == (1, "invalid_notice")
    assert (event["address"], event["facts"]) == ("127.0.0.1", {})
