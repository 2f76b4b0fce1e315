"""How requests about webhooks are answered once, and then again with the same key."""

from collections.abc import Callable
from typing import TypeVar

from falcon.asgi import Response

from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.webhooks.desk import Asked
from payflow_http.answers import send_done
from payflow_http.idempotency import claim_of
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api

Done = TypeVar("Done")


async def answer_once(
    api: Api,
    req: ApiRequest,
    resp: Response,
    render: Callable[[Done], Answer],
    act: Callable[[Asked[Done]], Done | Replayed],
) -> None:
    """Have something done, once for each idempotency key, and answer with what was done."""
    done = await api.threads.run(act, Asked(render, claim_of(req)))
    send_done(resp, done, render)
