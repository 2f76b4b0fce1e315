"""What goes back: bodies, and how they get into a response."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TypeVar, cast

import orjson
from falcon.asgi import Response

from payflow_domain.access.permissions import Actor
from payflow_domain.errors import PayFlowError
from payflow_domain.ledger.batch import Executed, Render, Replayed, Request, Telling
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.ledger.transactions import Status, Unit
from payflow_domain.payments.service import Asked
from payflow_http.idempotency import claim_of
from payflow_http.incoming import ApiRequest
from payflow_http.problems import MEDIA_TYPE, Problem
from payflow_http.services import Api

Done = TypeVar("Done")

REFUSED = Answer(0, b"")
"""Stands for the answer to what was refused: that one is not kept."""

_PENDING = Status.PENDING.value
_CREATED, _ACCEPTED = int(HTTPStatus.CREATED), int(HTTPStatus.ACCEPTED)
_DECLINED = HTTPStatus.PAYMENT_REQUIRED


async def commit_one(api: Api, req: ApiRequest, resp: Response, actor: Actor, unit: Unit) -> bool:
    """Have one unit committed and answer with its transaction; raises why it was refused.

    Returns False where the request was answered before.
    """
    request = Request(actor.ledger_id, (unit,), claim_of(req), render_one)
    executed = await commit(api, resp, request)
    if executed is None:
        return False
    outcome = executed.outcomes[0]
    if isinstance(outcome, PayFlowError):
        raise outcome
    send(resp, executed.answer or REFUSED)
    return True


async def commit(api: Api, resp: Response, request: Request) -> Executed | None:
    """Return what became of a request, or answer as before where its key is spent."""
    result = await api.commits.submit(request)
    if isinstance(result, Executed):
        return result
    if isinstance(result, Replayed):
        replay(resp, result)
        return None
    raise result


def replay(resp: Response, replayed: Replayed) -> None:
    """Answer as the first request with the key was answered."""
    send(resp, replayed.answer)
    mark_replayed(resp)


def send_done(resp: Response, done: Done | Replayed, render: Callable[[Done], Answer]) -> None:
    """Answer with what was done, or as before where the idempotency key is spent."""
    if isinstance(done, Replayed):
        replay(resp, done)
    else:
        send(resp, render(done))


def mark_replayed(resp: Response) -> None:
    """Say that this answer was given before."""
    resp.set_header("Idempotent-Replayed", "true")


def send(resp: Response, answer: Answer) -> None:
    """Answer with JSON that is ready."""
    resp.status = answer.status
    resp.data = answer.body
    if answer.status >= HTTPStatus.BAD_REQUEST:
        resp.content_type = MEDIA_TYPE


def send_json(resp: Response, value: object, status: int = HTTPStatus.OK) -> None:
    """Answer with ``value`` as JSON."""
    resp.status = int(status)
    resp.data = orjson.dumps(value)


async def pay(
    api: Api,
    req: ApiRequest,
    resp: Response,
    make: Callable[[Asked], Answer | Replayed],
) -> None:
    """Have a payment made, which waits for the gateway, and answer with how it stands."""
    asked = Asked(render_payment_for(req.request_id), claim_of(req), req.request_id)
    made = await api.gateway_threads.run(make, asked)
    if isinstance(made, Replayed):
        replay(resp, made)
    else:
        send(resp, made)


def render_payment_for(request_id: str) -> Render:
    """Return what writes the answer to the request with that id, for one payment."""
    return partial(_render_payment, request_id)


def _render_payment(request_id: str, told: Sequence[Telling]) -> Answer:
    """Write the answer to a request for one payment: 201, 202, or 402 where it was declined."""
    if isinstance(told[0], PayFlowError):
        return REFUSED
    transaction = told[0][0]
    failure = cast("Mapping[str, str] | None", transaction["failure"])
    if failure is None:
        return render_one(told)
    facts = {"transaction": transaction}
    problem = Problem(_DECLINED, failure["code"], failure["message"], facts=facts)
    return Answer(problem.status, problem.body(request_id))


def render_one(told: Sequence[Telling]) -> Answer:
    """Write the answer to a request of one unit of one command."""
    if isinstance(told[0], PayFlowError):
        return REFUSED
    transaction = told[0][0]
    status = _ACCEPTED if transaction["status"] == _PENDING else _CREATED
    return Answer(status, orjson.dumps(transaction))
