"""Fixtures of the HTTP layer's tests."""

from collections.abc import Iterator

import falcon.inspect
import pytest
import structlog

from payflow_http.serving import Router
from tests.unit.http.world import World, make_world

# Falcon inspects routers of the classes that it is told of, not of those derived from them.
falcon.inspect.register_router(Router)(falcon.inspect.inspect_compiled_router)


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
