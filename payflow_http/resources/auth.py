"""How operators log in and out, and learn who they are.

A page of another site can have a browser send a form here, but neither JSON nor our headers: so
logging in takes JSON, and logging out the session's token.
"""

from http import HTTPStatus

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.operators import StaffActor
from payflow_domain.access.staff import LoggedIn
from payflow_http import devices, queries
from payflow_http.answers import send_json
from payflow_http.bodies import LoginBody
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api
from payflow_http.staff import COOKIE

PATH = "/api/auth/login"


@frozen
class Login:
    """``POST /api/auth/login``: a new session, in a cookie (RFC 6265) that scripts cannot read.

    Another one, which nothing but this path is sent, tells the device from those of strangers.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        body = await req.read(LoginBody)
        staff, address = self.api.services.staff, self.api.addresses.of(req)
        device = self.api.devices.find(req, body.username, staff.clock.now())
        # Strangers who try at once make nobody wait who is known.
        threads = self.api.known_login_threads if device else self.api.login_threads
        given = (body.username, body.password, address, device)
        opened = await threads.run(staff.log_in, *given)
        self._set_cookies(resp, opened)
        told = {"operator": _publish(opened.actor)}
        send_json(resp, told | {"csrfToken": self.api.staff.csrf_token(opened.session_id)})

    def _set_cookies(self, resp: Response, opened: LoggedIn) -> None:
        secure, now = self.api.staff.cookie_secure, self.api.services.staff.clock.now()
        resp.set_cookie(
            COOKIE,
            opened.session_id,
            path="/",
            secure=secure,
            http_only=True,
            same_site="Lax",
        )
        resp.set_cookie(
            devices.COOKIE,
            self.api.devices.cookie_of(opened.device, opened.actor.username, now),
            path=PATH,
            max_age=int(devices.AGE_MAX.total_seconds()),
            secure=secure,
            http_only=True,
            same_site="Strict",
        )


@frozen
class Logout:
    """``POST /api/auth/logout``: the session ends everywhere, and the cookie goes (204)."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.staff.identify(req)
        queries.read_query(req, {})
        session_id = self.api.staff.session_id(req)
        await self.api.threads.run(self.api.services.staff.log_out, actor, session_id)
        resp.unset_cookie(COOKIE, path="/")
        resp.status = int(HTTPStatus.NO_CONTENT)


@frozen
class Me:
    """``GET /api/auth/me``: who has logged in."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.staff.identify(req)
        queries.read_query(req, {})
        send_json(resp, {"operator": _publish(actor)})


@frozen
class CsrfToken:
    """``GET /api/csrf-token``: what ``X-CSRF-Token`` has to be in this session."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        await self.api.staff.identify(req)
        queries.read_query(req, {})
        session_id = self.api.staff.session_id(req)
        send_json(resp, {"csrfToken": self.api.staff.csrf_token(session_id)})


def _publish(actor: StaffActor) -> dict[str, str]:
    return {"id": actor.operator_id, "username": actor.username, "role": actor.role.value}
