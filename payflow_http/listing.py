"""Lists, page by page."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from falcon.asgi import Response

from payflow_domain.ids import LedgerId
from payflow_domain.ledger.ports import Page
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.cursors import Listing
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api

T = TypeVar("T")

_PAGING: Mapping[str, queries.Reader] = {"limit": queries.limit, "cursor": queries.cursor}


async def send_page(
    api: Api,
    req: ApiRequest,
    resp: Response,
    *,
    listing: tuple[str, LedgerId | None],
    filters: Mapping[str, queries.Reader],
    read: Callable[[dict[str, object], Page], Sequence[T]],
    publish: Callable[[T], object],
    position: Callable[[T], str],
) -> None:
    """Answer with the page that the query asks for.

    ``listing`` says which list of whom it is, ``read`` reads it in a thread with the values of
    ``filters`` that were given, and ``position`` is what ``Page.after`` takes for an item.
    """
    values = queries.read_query(req, {**_PAGING, **filters})
    given = tuple(sorted((name, str(req.params[name])) for name in values if name in filters))
    its = Listing(*listing, given)
    cursor = cast("str | None", values.get("cursor"))
    after = None if cursor is None else api.cursors.read(its, cursor)
    limit = cast("int", values.get("limit", queries.LIMIT_DEFAULT))
    # One more than asked for tells whether there is more.
    items = await api.threads.run(read, values, Page(limit + 1, after))
    shown, has_more = items[:limit], len(items) > limit
    send_json(
        resp,
        {
            "data": [publish(item) for item in shown],
            "hasMore": has_more,
            "nextCursor": api.cursors.make(its, position(shown[-1])) if has_more else None,
        },
    )
