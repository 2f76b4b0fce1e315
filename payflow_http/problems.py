"""What went wrong, as RFC 9457 tells it: every error that leaves this layer is made here."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import falcon
import orjson
from attrs import frozen

from payflow_domain.access.sessions import InvalidCredentials, NotLoggedIn
from payflow_domain.errors import (
    Conflict,
    Declined,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    PayFlowError,
    Unauthenticated,
    Unavailable,
)
from payflow_domain.ledger.errors import IdempotencyInFlight

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
FAULTS_MAX = 100

STATUS_OF_KIND: Mapping[type[PayFlowError], HTTPStatus] = {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Declined: HTTPStatus.PAYMENT_REQUIRED,
    Limited: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The one place that knows which kind of error has which status."""

_RETRY_AFTER = {"Retry-After": str(RETRY_AFTER_SECONDS)}
_ASK_FOR_KEY = {"WWW-Authenticate": 'Bearer realm="payflow"'}
# RFC 9110 wants a challenge with every 401. No scheme is registered for a form and a cookie; this
# one makes no browser open a dialogue.
_ASK_FOR_LOGIN = {"WWW-Authenticate": 'Session realm="payflow"'}
_CODE_OF_STATUS = {
    HTTPStatus.BAD_REQUEST: "invalid_request",
    HTTPStatus.NOT_FOUND: "route_not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal_error",
}


@frozen
class Fault:
    """One fault of a request: where it is, a stable code, and what to do about it.

    ``where`` is a JSON pointer (RFC 6901) into the body, or the name of a query parameter where
    ``in_query`` is true.
    """

    where: str
    code: str
    detail: str
    in_query: bool = False

    def publish(self) -> dict[str, str]:
        place = "parameter" if self.in_query else "pointer"
        return {place: self.where, "code": self.code, "detail": self.detail}


class Problem(Exception):
    """An answer that tells what went wrong.

    ``facts`` become extension members; ``headers`` are sent along.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        facts: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.code = code
        self.detail = detail
        self.faults = faults
        self.facts: Mapping[str, object] = facts or {}
        self.headers: Mapping[str, str] = headers or {}

    def publish(self, request_id: str) -> dict[str, object]:
        return {
            **self.facts,
            "type": f"urn:payflow:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "requestId": request_id,
            "errors": [fault.publish() for fault in self.faults],
        }

    def body(self, request_id: str) -> bytes:
        return orjson.dumps(self.publish(request_id))


def unknown_parameter(name: str) -> Fault:
    """Tell of a query parameter that means nothing here."""
    detail = "There is no such parameter; leave it out."
    return Fault(name, "unknown_parameter", detail, in_query=True)


def malformed(faults: Sequence[Fault]) -> Problem:
    """Refuse a request that is not in the form the API asks for.

    At most ``FAULTS_MAX`` of ``faults`` are told: an answer is not to outgrow its request by far.
    """
    detail = faults[0].detail if len(faults) == 1 else f"The request has {len(faults)} faults."
    told = faults[:FAULTS_MAX]
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_request", detail, faults=told)


def overloaded() -> Problem:
    """Refuse a request because too many are waiting."""
    detail = "Too many requests are waiting; ask again in a moment."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", detail, headers=_RETRY_AFTER)


def internal_error() -> Problem:
    """Tell of a fault of ours, and nothing of what it is."""
    detail = "Something went wrong on our side; quote the request id when you ask about it."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def problem_of(error: PayFlowError, pointer: str | None = None) -> Problem:
    """Tell of an error of the domain; ``pointer`` is the place in the body that it is about."""
    faults = () if pointer is None else (Fault(pointer, error.code, error.detail),)
    return Problem(
        status_of(type(error)),
        error.code,
        error.detail,
        faults=faults,
        facts=error.facts,
        headers=_headers_of(error),
    )


def problem_of_http(error: falcon.HTTPError) -> Problem:
    """Tell of what Falcon refuses: an unknown path, a method it has no responder for."""
    status = HTTPStatus(error.status_code)
    code = _CODE_OF_STATUS.get(status) or status.phrase.lower().replace(" ", "_").replace("-", "_")
    detail = error.description or _DETAIL_OF_CODE.get(code) or f"{status.description}."
    headers = dict(error.headers or {})
    return Problem(status, code, detail, headers=headers)


_DETAIL_OF_CODE = {
    "route_not_found": "There is nothing at this path; see the API's documentation.",
    "method_not_allowed": "This path does not take that method; see the Allow header.",
}


def status_of(error: type[PayFlowError]) -> HTTPStatus:
    """Return the status of an error by its kind."""
    statuses = (STATUS_OF_KIND[kind] for kind in error.__mro__ if kind in STATUS_OF_KIND)
    return next(statuses, HTTPStatus.INTERNAL_SERVER_ERROR)


def _headers_of(error: PayFlowError) -> Mapping[str, str]:
    if isinstance(error, Unavailable | IdempotencyInFlight):
        return _RETRY_AFTER
    if isinstance(error, Limited):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, NotLoggedIn | InvalidCredentials):
        return _ASK_FOR_LOGIN
    return _ASK_FOR_KEY if isinstance(error, Unauthenticated) else {}
