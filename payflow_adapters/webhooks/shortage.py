"""When this process has no file descriptor left, or no thread: that is no fault of an endpoint."""

import errno
import math
import os
from time import monotonic

from attrs import define

_SHORT = frozenset({errno.EMFILE, errno.ENFILE})


class ResourcesExhausted(Exception):
    """Nothing was attempted: this process, or the machine, has no descriptor or thread left."""


@define
class Shortage:
    """Remembers when this process last lacked something that an attempt takes."""

    _last: float = -math.inf

    def note(self) -> None:
        self._last = monotonic()

    def note_if_so(self, error: OSError) -> None:
        """Note it if that is why something failed."""
        if error.errno in _SHORT:
            self.note()

    def was_since(self, moment: float) -> bool:
        """Tell whether there was one since a moment of ``time.monotonic``."""
        return self._last >= moment


def check_descriptors() -> None:
    """Raise ``OSError`` if there is no descriptor left."""
    os.close(os.open(os.devnull, os.O_RDONLY))
