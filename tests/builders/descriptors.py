"""A process that has no file descriptor left."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

_STANDARD = 3
"""Those of input, output and errors, which are always open."""


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Allow none but the standard ones until the block is left; what is open stays so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_STANDARD, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
