"""What units of work write to: tables of their own, until the store takes them over."""

from collections.abc import Iterator
from contextlib import contextmanager

from payflow_adapters.memory.tables import Tables
from payflow_domain.errors import PayFlowError


class Staging:
    """Staged tables; ``is_broken`` once a write was refused: half of it may be staged."""

    def __init__(self, staged: Tables) -> None:
        self._tables = staged
        self.is_broken = False

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """As in a database, a refusal ends the unit of work, whatever its caller makes of it."""
        try:
            yield
        except PayFlowError:
            self.is_broken = True
            raise
