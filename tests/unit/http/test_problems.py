"""Errors as RFC 9457 tells them."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import falcon
import pytest

import payflow_domain
from payflow_domain.errors import Declined, PayFlowError, Unauthenticated, Unavailable
from payflow_domain.ledger.errors import IdempotencyInFlight, InsufficientFunds
from payflow_http.problems import STATUS_OF_KIND, problem_of, problem_of_http, status_of

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(payflow_domain.__path__, "payflow_domain.")
]
ERRORS = sorted(
    {
        each
        for module in MODULES
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, PayFlowError) and each is not PayFlowError
    },
    key=lambda error: (error.__module__, error.__qualname__),
)
DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.__module__}.{error.__name__}")
def test_every_error_of_the_domain_has_a_status_by_its_kind(error: type[PayFlowError]) -> None:
    kinds = [kind for kind in STATUS_OF_KIND if issubclass(error, kind)]

    assert len(kinds) == 1
    assert status_of(error) == STATUS_OF_KIND[kinds[0]]


def test_every_code_is_documented() -> None:
    told = "".join((DOCS / name).read_text() for name in ("api.md", "admin.md"))
    codes = {error.code for error in ERRORS if error not in STATUS_OF_KIND}

    assert not {code for code in codes if f"`{code}`" not in told}


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (Unavailable("x"), 503, ("Retry-After", "1")),
        (IdempotencyInFlight("x"), 409, ("Retry-After", "1")),
        (Unauthenticated("x"), 401, ("WWW-Authenticate", 'Bearer realm="payflow"')),
    ],
)
def test_what_the_caller_can_do_is_in_a_header(
    error: PayFlowError, status: int, header: tuple[str, str]
) -> None:
    problem = problem_of(error)

    assert problem.status == status
    assert header in problem.headers.items()


def test_a_gateways_decline_is_402() -> None:
    assert problem_of(Declined("x")).status == 402


def test_facts_are_extension_members_and_never_replace_the_standard_ones() -> None:
    error = InsufficientFunds("No.", facts={"shortfall": 5, "status": "mine"})

    told = problem_of(error, "/amount").publish("r-1")

    assert told == {
        "type": "urn:payflow:problem:insufficient_funds",
        "title": "Insufficient funds",
        "status": 422,
        "detail": "No.",
        "code": "insufficient_funds",
        "requestId": "r-1",
        "errors": [{"pointer": "/amount", "code": "insufficient_funds", "detail": "No."}],
        "shortfall": 5,
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (falcon.HTTPBadRequest(), "invalid_request"),
        (falcon.HTTPNotFound(), "route_not_found"),
        (falcon.HTTPMethodNotAllowed(["GET"]), "method_not_allowed"),
        (falcon.HTTPUriTooLong(), "request_uri_too_long"),
        (falcon.HTTPServiceUnavailable(), "service_unavailable"),
    ],
)
def test_what_falcon_raises_has_a_code_and_a_detail(error: falcon.HTTPError, code: str) -> None:
    problem = problem_of_http(error)

    assert problem.code == code
    assert problem.detail
