"""Fixtures of the HTTP layer's tests."""

from collections.abc import Iterator

import pytest
import structlog

from tests.unit.http.world import World, make_world


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Write no log: faults are made on purpose here."""
    structlog.configure(processors=[_drop])
    yield
    structlog.reset_defaults()


@pytest.fixture
def world() -> World:
    return make_world()


def _drop(*_: object) -> structlog.typing.ProcessorReturnValue:
    raise structlog.DropEvent
