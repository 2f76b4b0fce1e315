"""How a program ends with the one that started it, whatever death that dies."""

import os
import signal


def stop_at_end_of(lifeline: int) -> None:
    """Wait until the other end of a pipe is closed, then ask this process to stop."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
