"""Logging in and out over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

import falcon.testing
import pytest
from attrs import Factory, evolve, frozen

from payflow_domain.access.operators import Role
from payflow_http.app import create_app
from tests.unit.http.world import HASHER, PASSWORD, World


def send(
    world: World,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> falcon.testing.Result:
    return world.client.simulate_request(method, f"/api{path}", json=body, headers=headers)


def log_in(world: World, username: str = "anna", password: str = PASSWORD) -> falcon.testing.Result:
    return send(world, "POST", "/auth/login", {"username": username, "password": password})


@pytest.fixture(autouse=True)
def _anna(world: World) -> None:
    world.operators.create("command_line", "anna", Role.REVIEWER, PASSWORD)


def cookie_of(answer: falcon.testing.Result) -> falcon.testing.Cookie:
    return answer.cookies["payflow_session"]


def headers_of(answer: falcon.testing.Result) -> dict[str, str]:
    cookie = f"payflow_session={cookie_of(answer).value}"
    return {"Cookie": cookie, "X-CSRF-Token": answer.json["csrfToken"]}


def test_the_right_password_opens_a_session(world: World) -> None:
    answer = log_in(world)

    operator = answer.json["operator"]
    assert answer.status_code == 200
    assert operator["id"].startswith("opr_")
    assert operator == {"id": operator["id"], "username": "anna", "role": "reviewer"}
    assert send(world, "GET", "/auth/me", headers=headers_of(answer)).json == {"operator": operator}


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(world: World) -> None:
    cookie = cookie_of(log_in(world))

    assert cookie.http_only
    assert cookie.secure
    assert (cookie.same_site, cookie.path) == ("Lax", "/")
    assert not cookie.domain
    # 43 of 62 characters have 256 bits.
    assert len(cookie.value) == 43


def test_on_loopback_the_cookie_goes_without_https(world: World) -> None:
    insecure = evolve(world, settings=evolve(world.settings, cookie_secure=False))

    assert cookie_of(log_in(insecure)).secure is False


def test_every_login_has_an_id_and_a_token_of_its_own(world: World) -> None:
    one, two = log_in(world), log_in(world)

    assert cookie_of(one).value != cookie_of(two).value
    assert one.json["csrfToken"] != two.json["csrfToken"]


def test_the_token_is_told_again_to_who_has_the_session(world: World) -> None:
    answer = log_in(world)

    told = send(world, "GET", "/csrf-token", headers=headers_of(answer))

    assert told.json == {"csrfToken": answer.json["csrfToken"]}


def test_logging_out_ends_the_session_and_takes_the_cookie_back(world: World) -> None:
    headers = headers_of(log_in(world))

    answer = send(world, "POST", "/auth/logout", headers=headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert cookie_of(answer).value == ""
    expires = cookie_of(answer).expires
    assert expires is not None
    assert expires.astimezone(UTC) < datetime.now(UTC)
    assert cookie_of(answer).path == "/"
    assert send(world, "GET", "/auth/me", headers=headers).status_code == 401
    assert send(world, "POST", "/auth/logout", headers=headers).status_code == 401
    refused, closed, opened = "session.refused", "session.closed", "session.opened"
    assert [one.action for one in world.audited()][:4] == [refused, refused, closed, opened]


def test_logging_out_takes_the_token(world: World) -> None:
    headers = headers_of(log_in(world))
    del headers["X-CSRF-Token"]

    assert send(world, "POST", "/auth/logout", headers=headers).status_code == 403
    assert send(world, "GET", "/auth/me", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [("anna", PASSWORD + "!"), ("nobody", PASSWORD), ("anna", "x"), ("Anna", PASSWORD), ("é", "x")],
)
def test_what_is_wrong_with_a_login_is_not_told(world: World, username: str, password: str) -> None:
    answer = log_in(world, username, password)

    assert (answer.status_code, answer.json["code"]) == (401, "invalid_credentials")
    assert answer.json["detail"] == "The username or the password is wrong."
    assert "Bearer" not in answer.headers["www-authenticate"]
    (entry,) = world.audited("login.refused")
    assert (entry.actor, entry.address) == ("anonymous", "127.0.0.1")
    assert entry.facts == {"code": "invalid_credentials"}


@pytest.mark.parametrize(
    ("typed", "subject"),
    [("anna", "anna"), ("nobody", "nobody"), (PASSWORD, "not a username"), ("é", "not a username")],
)
def test_a_password_that_is_typed_as_the_username_is_kept_nowhere(
    world: World, typed: str, subject: str
) -> None:
    log_in(world, typed, "wrong")

    (entry,) = world.audited("login.refused")
    assert entry.subject == subject
    assert PASSWORD not in repr(vars(world.services.staff.reader))


def test_the_sixth_failure_has_to_wait(world: World) -> None:
    for _ in range(5):
        log_in(world, password="wrong")

    answer = log_in(world)

    assert (answer.status_code, answer.json["code"]) == (429, "too_many_logins")
    assert answer.headers["retry-after"] == "900"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/username", "missing_member"),
        ({"username": "", "password": "x"}, "/username", "invalid_text"),
        ({"username": "a\0", "password": "x"}, "/username", "invalid_text"),
        ({"username": "a", "password": 1}, "/password", "invalid_type"),
        ({"username": "a", "password": "x" * 129}, "/password", "invalid_text"),
        ({"username": "a", "password": "x", "role": "admin"}, "/role", "unknown_member"),
    ],
)
def test_a_login_is_read_strictly(
    world: World, body: dict[str, object], pointer: str, code: str
) -> None:
    answer = send(world, "POST", "/auth/login", body)

    assert answer.status_code == 400
    assert {"pointer": pointer, "code": code}.items() <= answer.json["errors"][0].items()


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_a_form_of_another_site_can_send_is_no_login(world: World, media_type: str) -> None:
    body = b'{"username": "anna", "password": "a password of staff"}'
    headers = {"Content-Type": media_type}

    answer = world.client.simulate_post("/api/auth/login", body=body, headers=headers)

    assert answer.status_code == 415
    assert "set-cookie" not in answer.headers


def test_an_api_key_that_is_refused_is_written_down_but_for_the_key(world: World) -> None:
    unknown = world.key[:-1] + ("0" if world.key[-1] != "0" else "1")

    for key in (unknown, "sk_live_pf_short", "\xe9"):
        assert world.get("/wallets", key=key).status_code == 401

    malformed, short, shown = world.audited("api_key.refused")
    assert (shown.actor, shown.address) == ("anonymous", "127.0.0.1")
    assert shown.facts == {"prefix": "sk_test_pf_", "lastFour": unknown[-4:]}
    assert shown.subject == f"sk_test_pf_...{unknown[-4:]}"
    assert malformed.subject == short.subject == "malformed"
    assert unknown[11:-4] not in repr(world.audited())


def test_a_good_key_and_no_key_at_all_are_not_written_down(world: World) -> None:
    world.get("/wallets")
    world.client.simulate_get("/api/v1/wallets")

    assert world.audited("api_key.refused") == []


def device_of(answer: falcon.testing.Result) -> str:
    return f"payflow_device={answer.cookies['payflow_device'].value}"


def lock_strangers_out(world: World) -> None:
    for _ in range(5):
        log_in(world, password="wrong")
    assert log_in(world).status_code == 429


def log_in_with(world: World, cookie: str, username: str = "anna") -> int:
    body = {"username": username, "password": PASSWORD}
    return send(world, "POST", "/auth/login", body, {"Cookie": cookie}).status_code


def test_a_browser_that_was_let_in_before_is_not_kept_out_by_others(world: World) -> None:
    known = device_of(log_in(world))
    lock_strangers_out(world)

    assert log_in_with(world, known) == 200


def test_the_cookie_of_a_device_goes_to_the_login_only_and_for_half_a_year(world: World) -> None:
    cookie = log_in(world).cookies["payflow_device"]

    assert cookie.http_only
    assert cookie.secure
    assert (cookie.same_site, cookie.path) == ("Strict", "/api/auth/login")
    assert not cookie.domain
    assert cookie.max_age == 180 * 24 * 60 * 60


def test_a_login_that_fails_makes_no_device_known(world: World) -> None:
    assert "payflow_device" not in log_in(world, password="wrong").cookies


@pytest.mark.parametrize("forgery", ["another username", "later", "another id", "unsigned", "odd"])
def test_a_cookie_of_a_device_that_is_not_ours_is_that_of_a_stranger(
    world: World, forgery: str
) -> None:
    world.operators.create("command_line", "ben", Role.REVIEWER, PASSWORD)
    device, ends, signature = device_of(log_in(world)).split(".")
    lock_strangers_out(world)

    cookies = {
        "another username": device_of(log_in(world, "ben")),
        "later": f"{device}.{int(ends) + 1}.{signature}",
        "another id": f"{device}x.{ends}.{signature}",
        "unsigned": f"{device}.{ends}.",
        "odd": "payflow_device=....",
    }

    assert log_in_with(world, cookies[forgery]) == 429


def test_a_device_that_was_not_used_for_half_a_year_is_a_strangers(world: World) -> None:
    known = device_of(log_in(world))
    world.clock.advance(timedelta(days=180))
    lock_strangers_out(world)

    assert log_in_with(world, known) == 429


@frozen
class BlockingHasher:
    """Argon2, which does not answer for a wrong password until it is told to."""

    asked: Event = Factory(Event)
    go_on: Event = Factory(Event)

    def hash(self, password: str) -> str:
        return HASHER.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        if password != PASSWORD:
            self.asked.set()
            assert self.go_on.wait(10)
        return HASHER.verify(password_hash, password)


def test_strangers_who_fill_the_queue_make_no_known_device_wait(world: World) -> None:
    known, hasher = device_of(log_in(world)), BlockingHasher()
    services = evolve(world.services, staff=evolve(world.services.staff, hasher=hasher))
    app = create_app(services, evolve(world.settings, logins_waiting_max=1))
    wrong = {"username": "anna", "password": "wrong"}
    became: list[int] = []

    async def ask() -> None:
        async with falcon.testing.ASGIConductor(app) as conductor:
            post = partial(conductor.simulate_post, "/api/auth/login")
            stranger = asyncio.create_task(post(json=wrong))
            await asyncio.to_thread(hasher.asked.wait, 10)
            right = wrong | {"password": PASSWORD}
            other = await post(json=right)
            owner = await post(json=right, headers={"Cookie": known})
            hasher.go_on.set()
            became.extend(each.status_code for each in (await stranger, other, owner))

    asyncio.run(ask())

    assert became == [401, 503, 200]
