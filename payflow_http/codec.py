"""Strict JSON: what two readers could take differently is refused.

orjson refuses what is not JSON: bytes that are not UTF-8, a byte order mark, NaN, lone surrogates,
numbers beyond a double, nesting beyond 1,024. This module refuses repeated members and deep
nesting as well.
"""

import json
from collections.abc import Iterable, Iterator

import orjson

from payflow_http.problems import Fault, Problem, malformed

DEPTH_MAX = 32

Document = dict[str, object]
"""A body: a JSON object."""


def decode(body: bytes) -> Document:
    """Read a JSON object; raises a ``Problem`` for anything else."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_json(f"The body is not JSON: {error}.") from None
    if type(document) is not dict:
        raise malformed([Fault("", "invalid_type", "The body must be a JSON object.")])
    # Each member has a colon. Fewer members than colons: a name was repeated and only its last
    # value was kept, or there is a colon in a string. Only then is it worth looking.
    if _count_members(document, DEPTH_MAX) != body.count(b":"):
        _check_unique(body)
    return document


def pointer_to(parent: str, name: str | int) -> str:
    """Extend a JSON pointer by a member's name or an item's index (RFC 6901)."""
    return f"{parent}/{str(name).replace('~', '~0').replace('/', '~1')}"


def _not_json(detail: str) -> Problem:
    return malformed([Fault("", "invalid_json", detail)])


def _count_members(value: dict[str, object] | list[object], depth: int) -> int:
    """Count the members of ``value`` and of all in it; refuse to go deeper than ``depth``."""
    if depth == 0:
        raise _not_json(f"The body is nested deeper than {DEPTH_MAX} levels.")
    members, items = (len(value), value.values()) if type(value) is dict else (0, value)
    for item in items:
        kind = type(item)
        if kind is dict or kind is list:
            members += _count_members(item, depth - 1)  # type: ignore[arg-type]
    return members


class _Members(list[tuple[str, object]]):
    """The members of an object as they were written, repeated ones included."""


def _check_unique(body: bytes) -> None:
    """Refuse repeated members in a body that is JSON otherwise."""
    # Numbers stay text: no conversion, so no limit to their length.
    document = json.loads(body, object_pairs_hook=_Members, parse_int=str, parse_float=str)
    if faults := list(_repeated(document, "")):
        raise malformed(faults)


def _repeated(value: object, pointer: str) -> Iterator[Fault]:
    children: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, _Members):
        children = value
    elif isinstance(value, list):
        children = enumerate(value)
    seen: set[str | int] = set()
    for name, child in children:
        where = pointer_to(pointer, name)
        if name in seen:
            yield Fault(where, "duplicate_member", "Name this member once.")
        seen.add(name)
        yield from _repeated(child, where)
