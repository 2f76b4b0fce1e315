"""Partners and their API keys on real servers: two of them, on one database."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

import pytest
from attrs import frozen

from payflow_adapters.postgres.server import EmbeddedServer
from payflow_domain.access.operators import Role
from tests.builders.api_server import ApiServer, Partner, running_api, transfer
from tests.builders.http_client import BASE, Answer, Client, Json
from tests.integration.conftest import new_database
from tests.integration.databases import dump
from tests.integration.scene import assert_problem

KEPT_SECONDS_MAX = 1.0
# A busy machine may be late to ask; the program has no more than the second.
SLACK_SECONDS = 0.7
NEW_KEY = {"name": "Backend", "permissions": ["wallets:read", "keys:write", "keys:read"]}
ACTIVE = {"status": "active", "override": True, "reason": "As agreed."}


@frozen
class Pair:
    """Two servers on one database, and where each of them logs."""

    one: ApiServer
    other: ApiServer
    logs: list[Path]


@pytest.fixture(scope="module")
def pair(
    postgres_server: EmbeddedServer, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    logs = [tmp_path_factory.mktemp("partners") / f"{number}.log" for number in range(2)]
    talkative = {"PAYFLOW_LOG_LEVEL": "debug", "PAYFLOW_ACCESS_LOG": "on"}
    with new_database(postgres_server, migrated) as name:
        url = postgres_server.url(name)
        with (
            running_api(url, logs[0], variables=talkative) as one,
            running_api(url, logs[1], variables=talkative) as other,
        ):
            yield Pair(one, other, logs)


def together(*calls: Callable[[], Answer]) -> list[Answer]:
    """Make calls at one moment, each on a thread of its own."""
    barrier, answers = Barrier(len(calls)), list[Answer]()

    def run(call: Callable[[], Answer]) -> None:
        barrier.wait()
        answers.append(call())

    threads = [Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def move(staff: Client, partner_id: str, wish: Json) -> Answer:
    return staff.send("PATCH", f"/api/admin/partners/{partner_id}/status", wish)


def outcome(client: Client) -> tuple[int, str | None]:
    """Tell how a request with the client's key ends; a good one has no code."""
    return client.get("/wallets?limit=1").outcome


def seconds_until(client: Client, expected: tuple[int, str | None]) -> float:
    """Ask until the answer is the expected one; return how long that took."""
    began = time.monotonic()
    while outcome(client) != expected:
        assert time.monotonic() - began < 30, client
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("statuses", [("approved", "rejected"), ("approved", "approved")])
def test_of_two_staff_who_decide_at_once_on_two_servers_one_wins(
    pair: Pair, statuses: Sequence[str]
) -> None:
    first, second = pair.one.log_in(Role.REVIEWER), pair.other.log_in(Role.REVIEWER)
    for number in range(5):
        body = application(f"race-{number}-{'-'.join(statuses)}@partner.example")
        partner_id = pair.one.client().post("/partner-applications", body).json["id"]
        wishes = [{"status": s, "reason": "So.", "expectedStatus": "pending"} for s in statuses]

        answers = together(
            partial(move, first, partner_id, wishes[0]),
            partial(move, second, partner_id, wishes[1]),
        )

        won, lost = sorted(answers, key=lambda answer: answer.status)
        assert won.status == 200
        assert_problem(lost, 409, "status_changed")
        seen = first.send("GET", f"/api/admin/partners/{partner_id}").json
        assert seen["status"] == won.json["status"]
        assert [change["after"] for change in seen["changes"]] == [seen["status"], "pending"]
        assert len(seen["ledgers"]) == (1 if seen["status"] == "approved" else 0)


def test_limits_that_staff_change_at_once_are_told_one_after_the_other(pair: Pair) -> None:
    partner_id = pair.one.new_partner().ledger.partner_id
    path = f"/api/admin/partners/{partner_id}/limits"
    staff = [server.log_in() for server in (pair.one, pair.other) for _ in range(3)]
    bodies = [
        {"environment": "sandbox", "rate": rate, "burst": 9} for rate in range(1, len(staff) + 1)
    ]

    answers = together(
        *[
            partial(client.send, "PUT", path, body)
            for client, body in zip(staff, bodies, strict=True)
        ]
    )

    assert [answer.status for answer in answers] == [200] * len(staff)
    newest_first = staff[0].send("GET", f"/api/admin/audit?subject={partner_id}").json["data"]
    told = sorted(
        (one for one in newest_first if one["action"] == "limits.changed"),
        key=lambda one: one["number"],
    )
    assert told[0]["before"]["isDefault"]
    assert [one["before"] for one in told[1:]] == [one["after"] for one in told[:-1]]


def test_applications_that_come_at_once_stay_within_the_bound(pair: Pair) -> None:
    body = application("many@partner.example")
    clients = [server.client() for server in (pair.one, pair.other) for _ in range(3)]

    answers = together(*[partial(client.post, "/partner-applications", body) for client in clients])

    assert sorted(answer.status for answer in answers) == [201] * 3 + [429] * 3


def test_an_application_that_comes_twice_at_once_is_taken_once(pair: Pair) -> None:
    body = application("twice@partner.example")
    clients = [pair.one.client(), pair.other.client()]

    answers = together(
        *[partial(client.post, "/partner-applications", body, "twice") for client in clients]
    )

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    assert sorted(answer.is_replayed for answer in answers) == [False, True]


def test_a_suspension_acts_at_once_here_and_within_a_second_elsewhere(pair: Pair) -> None:
    staff, partner = pair.one.log_in(), pair.one.new_partner()
    here, there = partner.client, pair.other.client(partner.client.key)
    assert move(staff, partner.ledger.partner_id, ACTIVE).status == 200

    for status, expected in (
        ("suspended", (403, "partner_suspended")),
        ("active", (200, None)),
        ("suspended", (403, "partner_suspended")),
        ("closed", (403, "partner_closed")),
    ):
        # The other server has looked at the key just before the change.
        outcome(there)
        assert move(staff, partner.ledger.partner_id, {"status": status}).status == 200
        assert outcome(here) == expected
        elapsed = seconds_until(there, expected)
        assert elapsed <= KEPT_SECONDS_MAX + SLACK_SECONDS


def test_a_revocation_acts_at_once_here_and_within_a_second_elsewhere(pair: Pair) -> None:
    partner, staff = pair.one.new_partner(), pair.one.log_in()
    revoked, dropped, replaced = (partner.client.post("/api-keys", NEW_KEY).json for _ in range(3))
    ends: dict[str, Callable[[], Answer]] = {
        revoked["key"]: partial(partner.client.send, "DELETE", f"{BASE}/api-keys/{revoked['id']}"),
        dropped["key"]: partial(staff.send, "DELETE", f"/api/admin/api-keys/{dropped['id']}"),
        replaced["key"]: partial(
            partner.client.post, f"/api-keys/{replaced['id']}/rotate", {"oldKeyExpiresIn": 0}
        ),
    }

    for key, end in ends.items():
        here, there = pair.one.client(key), pair.other.client(key)
        assert [outcome(here)[0], outcome(there)[0]] == [200, 200]
        assert end().status in {200, 201}
        assert outcome(here) == (401, "invalid_api_key")
        elapsed = seconds_until(there, (401, "invalid_api_key"))
        assert elapsed <= KEPT_SECONDS_MAX + SLACK_SECONDS


def test_a_secret_is_in_its_own_answer_and_nowhere_else(pair: Pair) -> None:
    partner, staff = pair.one.new_partner(), pair.one.log_in()
    path = f"/api/admin/partners/{partner.ledger.partner_id}/api-keys"
    own = partner.client
    made = own.post("/api-keys", NEW_KEY, "made once")
    rotated = own.post(f"/api-keys/{made.json['id']}/rotate", {}, "rotated once")
    body, once = {**NEW_KEY, "environment": "sandbox"}, {"Idempotency-Key": "given once"}
    given = staff.send("POST", path, body, once)
    again = staff.send("POST", f"/api/admin/api-keys/{given.json['id']}/rotate")
    told = [made, rotated, given, again]
    assert [answer.status for answer in told] == [201] * 4
    secrets = [answer.json["key"] for answer in told]

    others = [own.post("/api-keys", NEW_KEY, "made once"), staff.send("POST", path, body, once)]
    assert [other.json for other in others] == [
        first.json | {"key": None} for first in (made, given)
    ]
    for secret, answer in zip(secrets, told, strict=True):
        client = pair.other.client(secret)
        others += [client.get("/api-keys"), client.get("/nowhere"), client.get("/events")]
        others.append(pair.one.client(f"{secret[:-1]}-").get("/wallets"))
        others.append(own.get(f"/api-keys/{answer.json['id']}"))
        others.append(own.send("DELETE", f"{BASE}/api-keys/{answer.json['id']}"))
        others.append(client.get("/wallets"))
    others += [staff.send("GET", path), staff.send("GET", "/api/admin/audit?limit=100")]

    database = dump(pair.one.database_url)
    kept = database + "".join(log.read_text() for log in pair.logs)
    assert len(set(secrets)) == 4
    for secret, answer in zip(secrets, told, strict=True):
        random = secret.removeprefix("sk_test_pf_")
        assert answer.json["id"] in database
        # Neither the whole of it nor the part that nobody can guess, in letters or in bytes.
        for trace in (random, random[:20], random.encode().hex()):
            assert trace not in kept
            assert not any(trace.encode() in other.body for other in others)


def test_certification_is_ticked_off_from_the_books(pair: Pair) -> None:
    partner = pair.one.new_partner()
    use_sandbox(partner)

    answer = partner.client.get("/certification")

    assert answer.status == 200
    undone = [item["code"] for item in answer.json["items"] if not item["done"]]
    # What takes a worker is for the suites of the stores.
    assert undone == ["payout_completed", "webhook_received"]
    assert all((item["doneAt"] is None) != item["done"] for item in answer.json["items"])
    assert partner.client.get("/certification").body == answer.body


def use_sandbox(partner: Partner) -> None:
    """Do what certification asks for, as far as no worker is needed."""
    client, rich, poor = partner.client, partner.wallet(1000), partner.wallet()
    for _ in range(2):
        assert client.post("/transfers", transfer(rich, poor), "once").status == 201
    card = {"amount": 5, "currency": "EUR", "paymentMethod": "pm_card_chargeDeclined"}
    assert client.post(f"/wallets/{rich}/credit", card).status == 402
    key_id = client.get("/api-keys").json["data"][0]["id"]
    assert client.post(f"/api-keys/{key_id}/rotate").status == 201


def application(contact_email: str) -> Json:
    return {
        "legalName": "Another Ltd",
        "country": "KE",
        "businessType": "savings circles",
        "website": "https://partner.example",
        "contactEmail": contact_email,
        "expectedVolume": {"amount": 5_000_000, "currency": "KES"},
        "useCase": "Circles pay in, one is paid out.",
    }
