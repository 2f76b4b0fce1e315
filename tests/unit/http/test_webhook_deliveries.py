"""What became of events, over HTTP."""

from datetime import timedelta

import pytest
from attrs import frozen

from payflow_adapters.encoding import encode_json
from payflow_adapters.memory import MemoryStore
from payflow_domain.webhooks.deliveries import Outcome
from payflow_domain.webhooks.dispatch import Dispatcher
from tests.unit.http.test_lists import all_of
from tests.unit.http.world import World

PATH = "/webhook-endpoints"
URL = "https://example.com/hook"
NO_SUCH = "dlv_00000000000000000000000001"
NOW = "2026-01-31T12:00:00.123456Z"
SINCE = {"since": "2026-01-31T00:00:00+01:00"}
KEY = "a-key"


@frozen
class Scene:
    """An endpoint, and a worker that sends to it."""

    world: World
    item: str

    @property
    def deliveries(self) -> str:
        return f"{self.item}/deliveries"

    def send(self, status: int | None = 204) -> None:
        """Attempt all that is due."""
        deliveries, store = self.world.services.deliveries, self.world.services.ledgers.reader
        assert isinstance(store, MemoryStore)
        dispatcher = Dispatcher(
            store.begin, self.world.clock, deliveries.ids, encode_json, lambda: 0.5
        )
        error = "timeout" if status is None else None
        outcome = Outcome(self.world.clock.now(), 7, status, error, b"thanks" * (error is None))
        errands = dispatcher.take("a worker", None, {}).errands
        dispatcher.conclude([(errand, outcome) for errand in errands])

    def fail(self) -> None:
        """Have two events happen, and their deliveries fail for good."""
        self.world.wallet()
        self.world.wallet()
        for _ in range(4):
            self.send(None)
            self.world.clock.advance(timedelta(minutes=10))

    def newest(self) -> str:
        return f"{self.deliveries}/{self.world.get(self.deliveries).json['data'][0]['id']}"


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world, f"{PATH}/{world.post(PATH, {'url': URL}).json['id']}")


def test_a_delivery_is_shown_with_its_attempts(scene: Scene, world: World) -> None:
    wallet = world.wallet()
    scene.send(None)
    world.clock.advance(timedelta(seconds=5))
    scene.send()

    (delivery,) = world.get(scene.deliveries).json["data"]

    (event,) = world.get("/events").json["data"]
    assert event["data"]["id"] == wallet
    attempt = {"latencyMs": 7, "status": None, "error": "timeout", "answer": ""}
    taken = {"latencyMs": 7, "status": 204, "error": None, "answer": "thanks"}
    assert delivery == {
        "id": delivery["id"],
        "webhookEndpointId": scene.item.removeprefix(f"{PATH}/"),
        "eventId": event["id"],
        "event": "wallet.created",
        "sequence": 1,
        "status": "delivered",
        "nextAttemptAt": None,
        "attemptsMade": 2,
        "attempts": [
            {"number": 1, "at": NOW, **attempt},
            {"number": 2, "at": "2026-01-31T12:00:05.123456Z", **taken},
        ],
        "createdAt": event["createdAt"],
    }
    assert world.get(scene.newest()).json == delivery


def test_a_delivery_that_waits_says_until_when(scene: Scene, world: World) -> None:
    world.wallet()
    scene.send(500)

    delivery = world.get(scene.newest()).json

    assert delivery["status"] == "pending"
    assert delivery["nextAttemptAt"] == "2026-01-31T12:00:05.123456Z"
    assert world.get(scene.item).json["failingSince"] == NOW


def test_deliveries_are_listed_newest_first_and_filtered(scene: Scene, world: World) -> None:
    wallet = world.wallet()
    world.call("PATCH", f"/wallets/{wallet}", {"name": "Anna"})
    scene.send()
    world.clock.advance(timedelta(seconds=1))
    world.wallet()
    scene.send(500)

    def sequences(query: str) -> list[object]:
        return [one["sequence"] for one in all_of(world, scene.deliveries, 1, query)]

    assert sequences("") == [3, 2, 1]
    assert sequences("&status=delivered") == [2, 1]
    assert sequences("&event=wallet.created") == [3, 1]
    assert sequences("&status=delivered&event=wallet.updated") == [2]
    assert sequences("&status=skipped") == sequences("&event=webhook_endpoint.test") == []


def test_filters_that_there_are_not_are_named(scene: Scene, world: World) -> None:
    answer = world.get(scene.deliveries, "status=lost&event=wallet.lost")

    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json["errors"]] == ["status", "event"]


def test_a_cursor_is_good_for_one_endpoint(scene: Scene, world: World) -> None:
    other = world.post(PATH, {"url": URL}).json["id"]
    scene.fail()
    cursor = world.get(scene.deliveries, "limit=1").json["nextCursor"]

    answer = world.get(f"{PATH}/{other}/deliveries", f"cursor={cursor}")

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_cursor")
    assert world.get(scene.deliveries, f"cursor={cursor}").status_code == 200


@pytest.mark.parametrize("delivery", [NO_SUCH, "dlv_1", "%00"])
def test_a_delivery_that_is_not_there_is_not_found(
    scene: Scene, world: World, delivery: str
) -> None:
    path = f"{scene.deliveries}/{delivery}"

    answers = [world.get(path), world.post(f"{path}/retry")]

    assert {(each.status_code, each.json["code"]) for each in answers} == {
        (404, "delivery_not_found")
    }


def test_a_test_event_is_202_and_on_its_way(scene: Scene, world: World) -> None:
    answer = world.post(f"{scene.item}/test")

    assert answer.status_code == 202
    assert (answer.json["event"], answer.json["sequence"]) == ("webhook_endpoint.test", 0)
    assert (answer.json["status"], answer.json["nextAttemptAt"]) == ("pending", NOW)
    assert answer.json["attempts"] == []
    scene.send()
    assert world.get(scene.newest()).json["status"] == "delivered"


def test_a_retry_is_202_and_due_at_once(scene: Scene, world: World) -> None:
    scene.fail()
    failed = world.get(scene.newest()).json

    answer = world.post(f"{scene.newest()}/retry")

    assert failed["status"] == "failed"
    assert answer.status_code == 202
    now = answer.json["nextAttemptAt"]
    assert answer.json == failed | {"status": "pending", "nextAttemptAt": now}
    scene.send()
    assert world.get(scene.newest()).json["status"] == "delivered"


def test_a_recovery_is_202_and_says_how_many_deliveries_it_is_of(
    scene: Scene, world: World
) -> None:
    scene.fail()

    answer = world.post(f"{scene.item}/recover", SINCE)

    assert (answer.status_code, answer.json) == (202, {"deliveries": 2, "hasMore": False})
    later = {"since": "2026-01-31T12:00:01Z"}
    assert world.post(f"{scene.item}/recover", later).json["deliveries"] == 0
    scene.send()
    delivered = all_of(world, scene.deliveries, 1, "&status=delivered")
    assert len(delivered) == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/since"),
        ({"since": None}, "/since"),
        ({"since": 1_767_225_600}, "/since"),
        ({"since": "yesterday"}, "/since"),
        ({"since": "2026-01-31T12:00:00"}, "/since"),
        ({"since": "2026-01-31T12:00:00Z", "until": "2026-02-01T12:00:00Z"}, "/until"),
    ],
)
def test_a_recovery_says_since_when(scene: Scene, world: World, body: object, pointer: str) -> None:
    answer = world.post(f"{scene.item}/recover", body)

    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


def test_nothing_is_sent_to_a_disabled_endpoint(scene: Scene, world: World) -> None:
    scene.fail()
    retry = f"{scene.newest()}/retry"
    world.post(f"{scene.item}/disable")

    answers = [
        world.post(f"{scene.item}/test"),
        world.post(f"{scene.item}/recover", SINCE),
        world.post(retry),
    ]

    assert {(each.status_code, each.json["code"]) for each in answers} == {
        (409, "webhook_endpoint_disabled")
    }


@pytest.mark.parametrize(
    "action", ["create", "disable", "enable", "rotate", "test", "retry", "recover"]
)
def test_with_one_key_everything_is_done_once_and_answered_byte_for_byte(
    scene: Scene, world: World, action: str
) -> None:
    scene.fail()
    path, body = {
        "create": (PATH, {"url": URL}),
        "disable": (f"{scene.item}/disable", None),
        "enable": (f"{scene.item}/enable", None),
        "rotate": (f"{scene.item}/rotate-secret", {"overlapSeconds": 60}),
        "test": (f"{scene.item}/test", None),
        "retry": (f"{scene.newest()}/retry", None),
        "recover": (f"{scene.item}/recover", SINCE),
    }[action]
    first = world.post(path, body, idempotency_key=KEY)
    before = [world.get(PATH).content, world.get(scene.deliveries).content]
    world.clock.advance(timedelta(days=30))

    again = world.post(path, body, idempotency_key=KEY)
    other = world.post(path.replace(scene.item, f"{PATH}/{NO_SUCH}"), body, idempotency_key=KEY)

    assert first.status_code in {200, 201, 202}
    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    if action != "create":
        assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert [world.get(PATH).content, world.get(scene.deliveries).content] == before
