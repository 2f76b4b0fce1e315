"""Telling once that a partner has had a transfer replayed, for its certification."""

from collections.abc import Callable

from payflow_domain.access.permissions import Actor
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.ledgers import Environment
from payflow_http.threads import Threads

_LEDGERS_MAX = 100_000


class Replays:
    """Tells ``note`` of the first replay of each sandbox that this process sees, and of no other.

    So replays cost no write, but for one of each sandbox.
    """

    def __init__(self, note: Callable[[Actor], None], threads: Threads) -> None:
        self._note = note
        self._threads = threads
        self._noted: set[LedgerId] = set()

    async def note(self, actor: Actor) -> None:
        """Tell of a replay; raises what ``note`` raises, and then it is told the next time."""
        if actor.environment is not Environment.SANDBOX or actor.ledger_id in self._noted:
            return
        await self._threads.run(self._note, actor)
        if len(self._noted) >= _LEDGERS_MAX:
            self._noted.clear()
        self._noted.add(actor.ledger_id)
