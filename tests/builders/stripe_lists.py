"""Lists of the stand-in: newest first, in pages."""

from tests.builders.stripe_wire import Thing, invalid
from tests.builders.stripe_world import World

_PAGE = 10
_PAGE_MAX = 100
_EXPANDABLE = "data.source"


def page_of(world: World, kind: str, url: str, params: Thing) -> Thing:
    """Return the page of a list that the parameters ask for."""
    members = {}
    if "payment_intent" in params:
        id_ = params["payment_intent"]
        members["payment_intent"] = world.find("payment_intent", id_, "payment_intent")["id"]
    made = [each for each in world.all_of(kind, **members) if _is_in(params, each["created"])]
    made.reverse()
    if "starting_after" in params:
        made = _after(made, params["starting_after"])
    limit = _limit(params)
    data = [_expanded(world, each, params) for each in made[:limit]]
    return {"object": "list", "url": url, "has_more": len(made) > limit, "data": data}


def _is_in(params: Thing, at: int) -> bool:
    bounds = {name: int(value) for name, value in params.get("created", {}).items()}
    fits = {
        "gte": at >= bounds.get("gte", at),
        "gt": at > bounds.get("gt", at - 1),
        "lte": at <= bounds.get("lte", at),
        "lt": at < bounds.get("lt", at + 1),
    }
    return all(fits.values())


def _after(made: list[Thing], id_: str) -> list[Thing]:
    ids = [each["id"] for each in made]
    if id_ not in ids:
        raise invalid(f"No such object: '{id_}'", "resource_missing", "starting_after")
    return made[ids.index(id_) + 1 :]


def _limit(params: Thing) -> int:
    limit = int(params.get("limit", _PAGE))
    if not 1 <= limit <= _PAGE_MAX:
        raise invalid("Limit must be from 1 to 100.", "parameter_invalid_integer", "limit")
    return limit


def _expanded(world: World, thing: Thing, params: Thing) -> Thing:
    wanted = list(params.get("expand", {}).values())
    if not wanted:
        return thing
    if wanted != [_EXPANDABLE] or "source" not in thing:
        raise invalid("This property cannot be expanded.", "parameter_invalid", "expand")
    return thing | {"source": world.things.get(thing["source"])}
