"""What is in memory is counted as the port promises."""

import pytest

from payflow_adapters.memory import MemoryStore
from payflow_domain.oversight.figures import FigureUnavailable
from tests.builders.times import SettableClock
from tests.contracts.figures import FiguresContract


class TestMemoryFigures(FiguresContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock)

    @pytest.fixture
    def figures(self, store: MemoryStore) -> MemoryStore:
        return store

    def test_of_a_database_that_is_not_there_nothing_is_told(self, figures: MemoryStore) -> None:
        with pytest.raises(FigureUnavailable):
            figures.connections()
        with pytest.raises(FigureUnavailable):
            figures.slowest_statements(1)
