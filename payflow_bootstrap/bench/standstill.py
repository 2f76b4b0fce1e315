"""Telling when the machine itself stood still: a virtual machine may be paused from outside."""

import threading
import time
from typing import Self

from attrs import Factory, define

TICK_S = 0.1


@define
class StandstillWatch:
    """Watches, while it is entered, that time goes by evenly.

    ``longest_s`` is the longest that a thread of this program, which asks for next to nothing,
    had to wait for its turn beyond what it asked for.
    """

    longest_s: float = 0.0
    _stop: threading.Event = Factory(threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, name="standstill", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._stop.wait(TICK_S):
            now = time.monotonic()
            self.longest_s = max(self.longest_s, now - before - TICK_S)
            before = now
