"""How a program ends with the one that started it, whatever death that dies."""

import os
import signal
from threading import Event

_PERIOD_S = 0.5


def stop_at_end_of(lifeline: int) -> None:
    """Wait until the other end of a pipe is closed, then ask this process to stop."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def stop_without(parent: int, stop: Event) -> None:
    """Wait until the parent of this process is another one than ``parent``, then set ``stop``.

    For a parent that holds no pipe, as make does not, and dies without passing a signal on.
    """
    while os.getppid() == parent and not stop.wait(_PERIOD_S):
        pass
    stop.set()
