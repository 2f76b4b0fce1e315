"""The ledger's journal, as a feed."""

from typing import cast

from attrs import frozen
from falcon.asgi import Response

from payflow_http import queries
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api

_PARAMETERS: dict[str, queries.Reader] = {"after": queries.sequence, "limit": queries.limit}


@frozen
class Events:
    """``GET /events?after=SEQUENCE``: what happened after that event (0: ever), oldest first.

    Ask again with ``nextAfter``: events are never missed nor told twice. Each is, byte for byte,
    what was hashed into the journal.
    """

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        values = queries.read_query(req, _PARAMETERS)
        after = cast("int", values.get("after", 0))
        limit = cast("int", values.get("limit", queries.LIMIT_DEFAULT))
        run, history = self.api.threads.run, self.api.services.history
        events = await run(history.events, actor, after, limit + 1)
        shown, has_more = events[:limit], len(events) > limit
        last = shown[-1].sequence if shown else after
        resp.data = b'{"data":[%b],"hasMore":%b,"nextAfter":%d}' % (
            b",".join([event.body for event in shown]),
            b"true" if has_more else b"false",
            last,
        )
