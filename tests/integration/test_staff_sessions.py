"""Sessions of staff on real servers: two of them, on one database."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from attrs import frozen

from payflow_adapters.postgres.server import EmbeddedServer
from payflow_domain.access.attempts import TooManyLogins
from payflow_domain.access.audit import COMMAND_LINE, AuditEntry, AuditFilter
from payflow_domain.access.operators import Role
from payflow_domain.access.sessions import InvalidCredentials
from payflow_domain.ledger.ports import Page
from tests.builders.api_server import PASSWORD, ApiServer, running_api
from tests.builders.http_client import Answer, Client
from tests.builders.processes import environment, eventually, payflow
from tests.integration.conftest import new_database
from tests.integration.databases import dump
from tests.integration.scene import assert_problem

ME = "/api/auth/me"
LOGOUT = "/api/auth/logout"


@frozen
class Pair:
    """Two servers on one database, and where each of them logs."""

    one: ApiServer
    other: ApiServer
    logs: list[Path]

    def log_in(self) -> tuple[Client, Client]:
        """Return clients of both servers with one session of a new operator."""
        client, other = self.one.log_in(), self.other.client()
        other.own = client.own
        return client, other

    def change_sessions(self, change: str) -> None:
        with psycopg.connect(self.one.database_url) as connection:
            connection.execute(f"UPDATE staff_sessions SET {change}".encode())  # noqa: S608

    def audited(self, subject: str, count: int) -> list[AuditEntry]:
        """Wait for so many entries of a subject, and return those there are."""

        def entries() -> list[AuditEntry]:
            which, store = AuditFilter(subject=subject), self.one.core.store()
            return [record.entry for record in store.audit_entries(which, Page(100))]

        assert eventually(lambda: len(entries()) >= count)
        return entries()


@pytest.fixture(scope="module")
def pair(
    postgres_server: EmbeddedServer, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    logs = [tmp_path_factory.mktemp("staff") / f"{number}.log" for number in range(2)]
    with new_database(postgres_server, migrated) as name:
        url = postgres_server.url(name)
        with running_api(url, logs[0]) as one, running_api(url, logs[1]) as other:
            yield Pair(one, other, logs)


def status(client: Client) -> int:
    return client.send("GET", ME).status


def log_in(server: ApiServer, username: str, password: str, **headers: str) -> Answer:
    credentials = {"username": username, "password": password}
    return server.client().send("POST", "/api/auth/login", credentials, headers)


def new_operator(server: ApiServer) -> str:
    name = f"anna-{uuid4().hex}"
    server.core.operators().create(COMMAND_LINE, name, Role.SUPPORT, PASSWORD)
    return name


def test_a_session_opens_every_server_and_its_end_closes_every_one(pair: Pair) -> None:
    one, other = pair.log_in()
    before = [status(one), status(other)]

    assert other.send("POST", LOGOUT).status == 204

    assert before == [200, 200]
    assert [status(one), status(other)] == [401, 401]


@pytest.mark.parametrize("change", ["disable", "reset_password"])
def test_an_operator_whose_password_or_place_is_gone_has_no_session(
    pair: Pair, change: str
) -> None:
    one, other = pair.log_in()
    username = one.send("GET", ME).json["operator"]["username"]
    operators = pair.one.core.operators()

    if change == "disable":
        operators.disable(COMMAND_LINE, username)
    else:
        operators.reset_password(COMMAND_LINE, username, "another password")

    assert [status(one), status(other)] == [401, 401]


@pytest.mark.parametrize(
    ("aged", "expected"),
    [
        ("seen_at = seen_at - interval '29 minutes'", 200),
        ("seen_at = seen_at - interval '30 minutes'", 401),
        ("created_at = created_at - interval '11 hours 59 minutes'", 200),
        ("created_at = created_at - interval '12 hours'", 401),
    ],
)
def test_a_session_ends_when_it_is_idle_or_old(pair: Pair, aged: str, expected: int) -> None:
    client, _ = pair.log_in()

    pair.change_sessions(aged)

    assert status(client) == expected


def test_use_keeps_a_session_from_being_idle(pair: Pair) -> None:
    client, other = pair.log_in()

    for each in (client, other, client):
        pair.change_sessions("seen_at = seen_at - interval '20 minutes'")
        assert status(each) == 200


def test_the_token_of_an_old_session_is_refused_in_a_new_one(pair: Pair) -> None:
    name = new_operator(pair.one)
    old, new = (log_in(pair.one, name, PASSWORD) for _ in range(2))
    client = pair.one.client()
    cookie = new.headers["Set-Cookie"].partition(";")[0]
    client.own = {"Cookie": cookie, "X-CSRF-Token": old.json["csrfToken"]}

    assert_problem(client.send("POST", LOGOUT), 403, "invalid_csrf_token")

    client.own = {"Cookie": cookie, "X-CSRF-Token": new.json["csrfToken"]}
    assert client.send("POST", LOGOUT).status == 204


def test_failures_are_counted_by_all_servers_together(pair: Pair) -> None:
    name = new_operator(pair.one)

    answers = [log_in(pair.one, name, "wrong") for _ in range(3)]
    answers += [log_in(pair.other, name, "wrong") for _ in range(2)]
    limited = [log_in(server, name, PASSWORD) for server in (pair.one, pair.other)]

    assert [answer.outcome for answer in answers] == [(401, "invalid_credentials")] * 5
    for answer in limited:
        assert_problem(answer, 429, "too_many_logins")
        assert 850 < int(answer.headers["Retry-After"]) <= 900
    pair.audited(name, 7)


def test_a_device_that_one_server_knows_is_let_in_by_the_other(pair: Pair) -> None:
    name = new_operator(pair.one)
    _, device = log_in(pair.one, name, PASSWORD).headers.get_all("Set-Cookie", [])
    for _ in range(5):
        log_in(pair.one, name, "wrong")

    stranger = log_in(pair.other, name, PASSWORD)
    known = log_in(pair.other, name, PASSWORD, Cookie=device.partition(";")[0])

    assert [stranger.outcome, known.status] == [(429, "too_many_logins"), 200]


def test_many_tries_at_one_moment_get_no_further_than_many_in_a_row(pair: Pair) -> None:
    name = new_operator(pair.one)
    staff = pair.one.core.staff()

    def guess(_: int) -> str:
        try:
            staff.log_in(name, "wrong", "192.0.2.9")
        except (InvalidCredentials, TooManyLogins) as error:
            return error.code
        raise AssertionError

    with ThreadPoolExecutor(8) as threads:
        became = Counter(threads.map(guess, range(16)))

    assert became == {"invalid_credentials": 5, "too_many_logins": 11}


def test_a_username_that_nobody_has_is_answered_as_a_wrong_password(pair: Pair) -> None:
    answers = [
        log_in(pair.one, name, "wrong password") for name in (new_operator(pair.one), "nobody")
    ]

    bodies = [{k: v for k, v in each.json.items() if k != "requestId"} for each in answers]
    names = [sorted(name for name, _ in each.headers.items()) for each in answers]
    assert bodies[0] == bodies[1]
    assert names[0] == names[1]
    assert {each.status for each in answers} == {401}


def test_nobody_can_say_of_himself_where_he_is(pair: Pair) -> None:
    subject = f"stranger-{uuid4().hex}"
    headers = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"}

    log_in(pair.one, subject, "wrong", **headers)

    (entry,) = pair.audited(subject, 1)
    assert (entry.actor, entry.address) == ("anonymous", "127.0.0.1")


def test_no_secret_is_kept_or_logged_anywhere(pair: Pair) -> None:
    guess = f"a guess {uuid4().hex}"
    partner = pair.one.new_partner()
    wrong_key = f"sk_test_pf_{uuid4().hex}0000"
    client, _ = pair.log_in()
    log_in(pair.one, "somebody", guess)
    pair.one.client(wrong_key).get("/wallets")
    pair.audited(f"sk_test_pf_...{wrong_key[-4:]}", 1)
    client.send("POST", LOGOUT, headers={"X-CSRF-Token": guess})
    client.send("POST", LOGOUT)
    kept, _ = pair.log_in()

    everything = dump(pair.one.database_url) + "".join(log.read_text() for log in pair.logs)

    session_id = kept.own["Cookie"].partition("=")[2]
    ended = client.own["Cookie"].partition("=")[2]
    key = partner.client.key or ""
    for secret in (PASSWORD, guess, session_id, ended, kept.own["X-CSRF-Token"], wrong_key, key):
        assert len(secret) > 10
        assert secret not in everything
        assert secret.encode().hex() not in everything
    assert "login.refused" in everything


def test_serve_does_not_start_without_its_secret() -> None:
    settings = environment(PAYFLOW_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    settings.pop("SESSION_SECRET", None)

    ran = subprocess.run(  # noqa: S603  # our own command
        payflow("serve"), env=settings, capture_output=True, text=True, timeout=90, check=False
    )

    assert (ran.returncode, "Set SESSION_SECRET" in ran.stderr) == (2, True)
    assert "Traceback" not in ran.stderr
