"""Either event loop, for each test that asks for one."""

import asyncio

import pytest
import uvloop

from tests.builders.sending import Run


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Either event loop: their errors are not the same."""
    chosen: Run = request.param
    return chosen
