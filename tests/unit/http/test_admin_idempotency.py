"""What staff ask for with an Idempotency-Key is done once."""

from collections.abc import Callable
from datetime import timedelta

import falcon.testing
import pytest
from attrs import frozen

from payflow_domain.access.operators import Role
from payflow_domain.ledger.idempotency import RETENTION
from payflow_domain.ledger.ports import Page
from payflow_http.staff import csrf_token_of
from tests.builders.times import TICK
from tests.integration.routes import STAFF_ROUTES
from tests.unit.http.directory import NEW_KEY, NEW_PARTNER
from tests.unit.http.world import PASSWORD, World


def new_partner(_: World) -> tuple[str, object]:
    return "/partners", NEW_PARTNER


def new_key(world: World) -> tuple[str, object]:
    path = f"/partners/{world.ledger.partner_id}/api-keys"
    return path, NEW_KEY | {"environment": "sandbox"}


def rotation(world: World) -> tuple[str, object]:
    (key,) = world.services.api_keys.reader.keys_of_partner(world.ledger.partner_id, Page(1))
    return f"/api-keys/{key.id}/rotate", None


def replay(world: World) -> tuple[str, object]:
    wallet_id = world.wallet()
    credit = {"amount": 100, "currency": "EUR", "paymentMethod": "pm_card_visa"}
    world.post(f"/wallets/{wallet_id}/credit", credit)
    world.clock.advance(timedelta(minutes=1))
    world.deliver_notices()
    (notice,) = world.services.oversight.notices.reader.notices(None, 1, None)
    return f"/gateway-events/mock/sandbox/{notice.id}/replay", None


REQUESTS: dict[str, Callable[[World], tuple[str, object]]] = {
    "/api/admin/partners": new_partner,
    "/api/admin/partners/{partner_id}/api-keys": new_key,
    "/api/admin/api-keys/{key_id}/rotate": rotation,
    "/api/admin/gateway-events/{gateway}/{environment}/{notice_id}/replay": replay,
}
every = pytest.mark.parametrize("route", REQUESTS)


@frozen
class Desk:
    """An operator who sends one request, again and again."""

    world: World
    session: dict[str, str]
    path: str
    body: object

    def send(
        self, key: str | None = "once", *, path: str = "", session: dict[str, str] | None = None
    ) -> falcon.testing.Result:
        headers = (session or self.session) | ({"Idempotency-Key": key} if key else {})
        return self.world.admin("POST", path or self.path, headers, body=self.body)

    def audited(self) -> int:
        """Return how much was done that is in the audit log."""
        actions = [entry.action for entry in self.world.audited()]
        return sum(not action.startswith(("session.", "operator.")) for action in actions)


@pytest.fixture
def desk(world: World, route: str) -> Desk:
    path, body = REQUESTS[route](world)
    return Desk(world, world.log_in(), path, body)


def test_every_post_of_staff_is_among_those_that_are_tested_here() -> None:
    posts = {route.path for route in STAFF_ROUTES if route.method == "POST"}

    assert {path for path in posts if path.startswith("/api/admin/")} == REQUESTS.keys()


@every
def test_a_request_that_is_sent_again_is_done_once_and_answered_alike(desk: Desk) -> None:
    before = desk.audited()

    first, second, third = (desk.send() for _ in range(3))

    assert first.status_code in {200, 201}
    assert "idempotent-replayed" not in first.headers
    for again in (second, third):
        assert (again.status_code, again.headers["idempotent-replayed"]) == (
            first.status_code,
            "true",
        )
    assert second.content == third.content
    assert second.json == first.json | ({"key": None} if "key" in first.json else {})
    assert desk.audited() == before + 1


@every
def test_no_secret_is_kept_with_an_answer(desk: Desk) -> None:
    secret = desk.send().json.get("key")

    kept = repr(vars(desk.world.services.staff.reader))
    assert "SpentKey(" in kept
    assert secret is None or (len(secret) > 40 and secret not in kept)


@every
def test_another_request_with_the_key_is_refused(desk: Desk) -> None:
    desk.send()
    other = Desk(desk.world, desk.session, "/partners", NEW_PARTNER | {"name": "Another"})

    answer = other.send()

    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")


@every
def test_a_key_is_of_one_operator(desk: Desk) -> None:
    desk.send()

    answer = desk.send(session=desk.world.log_in(Role.ADMIN, "another"))

    assert "idempotent-replayed" not in answer.headers


@every
def test_without_a_key_each_request_is_one_of_its_own(desk: Desk) -> None:
    first, second = desk.send(None), desk.send(None)

    assert first.status_code in {200, 201}
    assert "idempotent-replayed" not in second.headers


@every
def test_a_key_is_free_after_its_time(desk: Desk) -> None:
    desk.send()
    desk.world.clock.advance(RETENTION + TICK)
    staff, csrf_secret = desk.world.services.staff, desk.world.settings.csrf_secret
    session_id = staff.log_in("admin0", PASSWORD, None).session_id
    session = {
        "Cookie": f"payflow_session={session_id}",
        "X-CSRF-Token": csrf_token_of(csrf_secret, session_id),
    }

    answer = desk.send(session=session)

    assert answer.status_code in {200, 201, 409}
    assert "idempotent-replayed" not in answer.headers


@every
def test_a_key_that_is_none_is_refused(desk: Desk) -> None:
    answer = desk.send('"')

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_idempotency_key")


def test_a_refusal_leaves_the_key_free(world: World) -> None:
    path, _ = new_key(world)
    partner = f"/partners/{world.ledger.partner_id}/status"
    desk = Desk(world, world.log_in(), path, NEW_KEY | {"environment": "live"})
    refused = desk.send()
    wish = {"status": "active", "override": True, "reason": "As agreed."}
    assert world.admin("PATCH", partner, desk.session, body=wish).status_code == 200

    assert (refused.status_code, refused.json["code"]) == (409, "environment_not_open")
    assert desk.send().status_code == 201
