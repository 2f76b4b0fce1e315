"""How requests about webhooks are answered once, and then again with the same key."""

from collections.abc import Callable
from typing import TypeVar

from falcon.asgi import Response

from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Answer, Once
from payflow_http.answers import send_done
from payflow_http.idempotency import once_of
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api

Done = TypeVar("Done")


async def answer_once(
    api: Api,
    req: ApiRequest,
    resp: Response,
    render: Callable[[Done], Answer],
    act: Callable[[Once[Done] | None], Done | Replayed],
) -> None:
    """Have something done, once for each idempotency key, and answer with what was done."""
    done = await api.threads.run(act, once_of(req, render))
    send_done(resp, done, render)
