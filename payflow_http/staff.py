"""Who of our staff is asking: the session cookie, and the token that tells our pages from others.

A page of another site can have a browser send the cookie along, but cannot read the token.
"""

import hashlib
import hmac
from http import HTTPStatus

from attrs import define, field

from payflow_domain.access.operators import StaffActor
from payflow_domain.access.sessions import NotLoggedIn, digest_of_session, not_logged_in
from payflow_domain.access.staff import Staff
from payflow_http.incoming import ApiRequest
from payflow_http.limiting import Limiter
from payflow_http.problems import Problem
from payflow_http.threads import Threads

COOKIE = "payflow_session"
CSRF_HEADER = b"x-csrf-token"
_GOOD_MAX = 10_000
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@define(eq=False)
class StaffGate:
    """Lets requests of staff in.

    Every request is looked up in the database: a session that was ended, by whatever process,
    opens nothing any more. An address that failed too often is refused before that, but for
    sessions that were good when they were last used. ``csrf_secret`` has 32 random bytes and is the
    same in all processes; ``cookie_secure`` keeps the cookie to HTTPS.
    """

    staff: Staff
    limits: Limiter
    threads: Threads
    csrf_secret: bytes = field(repr=False)
    cookie_secure: bool = True
    _good: set[bytes] = field(factory=set, repr=False)

    async def identify(self, req: ApiRequest) -> StaffActor:
        """Return who asks.

        Raises ``NotLoggedIn``, and a ``Problem``: 429 for an address that failed too often, 403
        where the method is not safe (RFC 9110, section 9.2.1) and ``X-CSRF-Token`` is not the
        session's own.
        """
        session_id = self.session_id(req)
        actor = await self._look_up(req, session_id)
        if req.method not in _SAFE_METHODS and not self._has_token(req, session_id):
            self.staff.refusals.refuse_csrf_token(actor)
            raise _invalid_csrf_token()
        return actor

    async def _look_up(self, req: ApiRequest, session_id: str) -> StaffActor:
        digest, address = digest_of_session(session_id), self.limits.addresses.of(req)
        proof = None if digest in self._good else self.limits.begin_session_proof(req)
        try:
            actor = await self.threads.run(self.staff.identify, session_id, address)
        except NotLoggedIn:
            self._good.discard(digest)
            proof = None  # that it failed is counted already
            raise
        finally:
            self.limits.end_proof(proof)
        # What is told of limits is about addresses that fail.
        req.rate_limit = ""
        if len(self._good) >= _GOOD_MAX:
            self._good.clear()
        self._good.add(digest)
        return actor

    def session_id(self, req: ApiRequest) -> str:
        """Return the id in the cookie; raises ``NotLoggedIn`` unless there is exactly one."""
        values = req.get_cookie_values(COOKIE) or []
        # Two of them are for two paths or domains: nobody can tell which one is ours.
        if len(values) != 1:
            raise not_logged_in()
        return values[0]

    def csrf_token(self, session_id: str) -> str:
        """Return the token of a session."""
        return csrf_token_of(self.csrf_secret, session_id)

    def _has_token(self, req: ApiRequest, session_id: str) -> bool:
        token = req.header(CSRF_HEADER) or b""
        return hmac.compare_digest(token, self.csrf_token(session_id).encode())


def csrf_token_of(secret: bytes, session_id: str) -> str:
    """Return the token that goes with a session, and with no other."""
    signed = session_id.encode("utf-8", "surrogatepass")
    return hmac.digest(secret, signed, hashlib.sha256).hex()


def _invalid_csrf_token() -> Problem:
    detail = "Send X-CSRF-Token with the token of this session; GET /api/csrf-token tells it."
    return Problem(HTTPStatus.FORBIDDEN, "invalid_csrf_token", detail)
