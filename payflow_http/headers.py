"""Headers that decide something, and so may be there once only."""

from http import HTTPStatus

from falcon.asgi import Response

from payflow_http.idempotency import HEADER, invalid_key
from payflow_http.incoming import ApiRequest
from payflow_http.problems import Problem

_ONCE = {
    HEADER: "Idempotency-Key",
    b"authorization": "Authorization",
    b"content-type": "Content-Type",
    b"cookie": "Cookie",
    b"stripe-signature": "Stripe-Signature",
    b"x-csrf-token": "X-CSRF-Token",
}


class SingleHeaders:
    """Refuses requests that say twice what may be said once, even the same.

    Falcon would join the two with a comma, which for a bare idempotency key makes a third one, or
    take the last, where a proxy before us may have taken the first.
    """

    async def process_request(self, req: ApiRequest, _resp: Response) -> None:
        if not req.has_repeated_headers:
            return
        names = [name for name, _ in req.scope["headers"]]
        for name, written in _ONCE.items():
            if names.count(name) > 1:
                raise _refusal(name, f"Send {written} once; it is there {names.count(name)} times.")


def _refusal(name: bytes, detail: str) -> Problem:
    if name == HEADER:
        return invalid_key(detail)
    return Problem(HTTPStatus.BAD_REQUEST, "repeated_header", detail)
