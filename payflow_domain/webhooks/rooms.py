"""Rooms: how many deliveries of each endpoint a worker may hold.

It holds those that it attempts, and those that wait for that. Each endpoint has its window. All
together have what the worker can bear, and that is shared among the ledgers: each may have as much
as is left to others ("dynamic thresholds": Choudhury and Hahne, 1998). So one that hangs leaves
room to whoever comes next, and is not held back while nobody does.
"""

from collections import defaultdict
from collections.abc import Mapping
from operator import itemgetter
from typing import TypeVar

from payflow_domain.ids import LedgerId
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey, EndpointStatus

WINDOW = 64
"""How many attempts may be under way at one endpoint."""

WINDOW_FAILING = 4
"""How many at one that fails."""

WINDOWS_HELD = 3
"""How many windows may be taken for an endpoint: one under way, and those that wait for it."""

HELD_MAX = 8_192
"""How many deliveries a worker may hold in all, unless it is said otherwise."""

Name = TypeVar("Name", bound=object)


def window_of(endpoint: Endpoint) -> int:
    """Return how many attempts may be under way at an endpoint."""
    return WINDOW if endpoint.failing_since is None else WINDOW_FAILING


def room_of(endpoint: Endpoint, held: int) -> int:
    """Return how many more of it may be taken beside those that are ``held``."""
    if endpoint.status is EndpointStatus.DISABLED:
        return 0
    return max(0, WINDOWS_HELD * window_of(endpoint) - held)


def few_of(endpoint: Endpoint, held: int) -> int:
    """Return how many of those that are ``held`` may be left when more are taken.

    Where it is disabled nothing is taken, but skipped: at once.
    """
    is_enabled = endpoint.status is EndpointStatus.ENABLED
    return held * (WINDOWS_HELD - 1) // WINDOWS_HELD if is_enabled else held


def share_room(
    wanted: Mapping[EndpointKey, int], held: Mapping[EndpointKey, int], room: int
) -> dict[EndpointKey, int]:
    """Return how many more of each endpoint may be taken, in all at most ``room``.

    ``held`` is of all endpoints that there are any of.
    """
    of_ledgers: dict[LedgerId, dict[EndpointKey, int]] = defaultdict(dict)
    for key, count in wanted.items():
        of_ledgers[key[0]][key] = count
    has: dict[LedgerId, int] = defaultdict(int)
    for (ledger_id, _), count in held.items():
        has[ledger_id] += count
    limits = {
        ledger_id: min(sum(counts.values()), max(0, room - has[ledger_id]) // 2)
        for ledger_id, counts in of_ledgers.items()
    }
    parts = share(limits, room)
    return {
        key: count
        for ledger_id, part in parts.items()
        for key, count in share(of_ledgers[ledger_id], part).items()
    }


def share(wanted: Mapping[Name, int], room: int) -> dict[Name, int]:
    """Share ``room``: whoever wants more than others get has no less than any of them.

    This is max-min fairness: who wants least is served first, up to an equal part of what is left.
    """
    shares: dict[Name, int] = {}
    for served, (name, count) in enumerate(sorted(wanted.items(), key=itemgetter(1))):
        shares[name] = min(count, max(0, room) // (len(wanted) - served))
        room -= shares[name]
    return shares
