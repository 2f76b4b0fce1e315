"""Who of staff is let in: a session that has not ended, and its own token to change things."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import falcon.testing
import pytest

from payflow_domain.access.limits import FAILED_SESSIONS
from payflow_domain.access.operators import Role, StaffActor
from payflow_domain.access.sessions import NotLoggedIn
from payflow_http.incoming import ApiRequest
from payflow_http.problems import Problem
from payflow_http.services import make_api
from tests.unit.http.world import World


def identify(world: World, headers: Mapping[str, str], method: str = "POST") -> StaffActor:
    """Ask the gate of a new process."""

    async def ask() -> StaffActor:
        scope = falcon.testing.create_scope(method=method, headers=headers, remote_addr="192.0.2.1")
        api = make_api(world.services, world.settings)
        api.threads.open("tests")
        try:
            request = ApiRequest(scope, falcon.testing.ASGIRequestEventEmitter())
            return await api.staff.identify(request)
        finally:
            await api.threads.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("role", Role)
def test_a_session_tells_who_asks_and_from_where(world: World, role: Role) -> None:
    actor = identify(world, world.log_in(role, "anna"))

    assert (actor.username, actor.role, actor.address) == ("anna", role, "192.0.2.1")


def test_what_changes_nothing_needs_no_token(world: World) -> None:
    headers = world.log_in()
    del headers["X-CSRF-Token"]

    assert identify(world, headers, "GET").role is Role.ADMIN


@pytest.mark.parametrize(
    "cookie",
    [
        None,
        "",
        "payflow_session=",
        f"payflow_session={'0' * 43}",
        "payflow_session=\u00e4",
        "other={id}",
        "payflow_session={id}; payflow_session={id}",
    ],
)
def test_without_one_good_cookie_nobody_is_let_in(world: World, cookie: str | None) -> None:
    headers = world.log_in()
    session_id = headers.pop("Cookie").partition("=")[2]
    if cookie is not None:
        headers["Cookie"] = cookie.format(id=session_id)

    for method in ("GET", "POST"):
        with pytest.raises(NotLoggedIn):
            identify(world, headers, method)


def test_a_session_that_nobody_has_is_written_down(world: World) -> None:
    with pytest.raises(NotLoggedIn):
        identify(world, {"Cookie": f"payflow_session={'0' * 43}"}, "GET")

    (entry,) = world.audited("session.refused")
    assert (entry.actor, entry.subject, entry.address) == ("anonymous", "unknown", "192.0.2.1")


def test_a_session_that_has_ended_is_written_down_as_its_operators(world: World) -> None:
    headers = world.log_in()
    actor = identify(world, headers)
    world.clock.advance(timedelta(minutes=30))

    with pytest.raises(NotLoggedIn):
        identify(world, headers)

    (entry,) = world.audited("session.refused")
    assert (entry.actor, entry.subject) == ("anonymous", actor.operator_id)


def test_an_address_that_failed_too_often_is_refused_but_for_sessions_that_were_good(
    world: World,
) -> None:
    used, unused = world.log_in(username="anna"), world.log_in(username="ben")
    forged = {"Cookie": f"payflow_session={'0' * 43}"}

    async def main() -> None:
        async with falcon.testing.ASGIConductor(world.app) as conductor:

            async def ask(headers: dict[str, str]) -> int:
                answer = await conductor.simulate_get("/api/auth/me", headers=headers)
                return answer.status_code

            assert await ask(used) == 200
            statuses = [await ask(forged) for _ in range(FAILED_SESSIONS.burst + 1)]
            assert statuses == [401] * FAILED_SESSIONS.burst + [429]
            assert await ask(used) == 200
            assert await ask(unused) == 429

    asyncio.run(main())


def test_sessions_that_are_good_use_nothing_up(world: World) -> None:
    sessions = [world.log_in() for _ in range(FAILED_SESSIONS.burst + 1)]

    async def main() -> None:
        async with falcon.testing.ASGIConductor(world.app) as conductor:
            for headers in sessions:
                answer = await conductor.simulate_get("/api/auth/me", headers=headers)
                assert answer.status_code == 200
                assert "RateLimit" not in answer.headers

    asyncio.run(main())


def test_an_api_key_opens_nothing_here(world: World) -> None:
    with pytest.raises(NotLoggedIn):
        identify(world, {"Authorization": f"Bearer {world.key}"}, "GET")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("token", [None, "", "0" * 64, "foreign"])
def test_without_the_sessions_own_token_nothing_is_changed(
    world: World, method: str, token: str | None
) -> None:
    headers, foreign = world.log_in(username="anna"), world.log_in(username="ben")
    del headers["X-CSRF-Token"]
    if token is not None:
        headers["X-CSRF-Token"] = foreign["X-CSRF-Token"] if token == "foreign" else token

    with pytest.raises(Problem) as refused:
        identify(world, headers, method)

    assert (refused.value.status, refused.value.code) == (403, "invalid_csrf_token")
    (entry,) = world.audited("csrf_token.refused")
    assert (entry.address, entry.actor) == ("192.0.2.1", entry.subject)


def test_the_token_of_an_old_session_is_good_for_no_new_one(world: World) -> None:
    old = world.log_in(username="anna")
    session_id = world.services.staff.log_in("anna", "a password of staff", None).session_id
    new = {"Cookie": f"payflow_session={session_id}", "X-CSRF-Token": old["X-CSRF-Token"]}

    with pytest.raises(Problem, match="X-CSRF-Token"):
        identify(world, new)


def test_a_session_that_is_used_goes_on_until_it_is_twelve_hours_old(world: World) -> None:
    headers = world.log_in()
    for _ in range(24):
        world.clock.advance(timedelta(minutes=29))
        identify(world, headers)

    world.clock.advance(timedelta(minutes=24) - timedelta(microseconds=1))
    identify(world, headers)
    world.clock.advance(timedelta(microseconds=1))
    with pytest.raises(NotLoggedIn):
        identify(world, headers)


def test_a_session_that_is_not_used_ends_after_half_an_hour(world: World) -> None:
    headers = world.log_in()
    world.clock.advance(timedelta(minutes=30) - timedelta(microseconds=1))
    identify(world, headers)

    world.clock.advance(timedelta(minutes=30))

    with pytest.raises(NotLoggedIn):
        identify(world, headers)
