"""What Falcon would do otherwise: faults outside its handlers, and OPTIONS."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from falcon.testing import create_scope

from tests.unit.http.world import BASE, World


def test_a_fault_outside_of_the_handlers_is_a_problem_too(world: World) -> None:
    # No server of ours lets this version through; Falcon raises before it handles anything.
    scope = create_scope(path="/health") | {"http_version": "4.0"}
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request"}

    async def send(event: Mapping[str, Any]) -> None:
        sent.append(event)

    asyncio.run(world.app(scope, receive, send))

    start, body = sent
    headers, problem = dict(start["headers"]), json.loads(body["body"])
    assert start["status"] == 500
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"payflow-request-id"].decode() == problem["requestId"]
    assert problem["code"] == "internal_error"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"{BASE}/wallets", "GET, OPTIONS, POST"),
        (f"{BASE}/wallets/wal_x", "GET, OPTIONS, PATCH"),
        ("/health", "GET, OPTIONS"),
    ],
)
def test_options_tells_the_methods_of_a_path_and_nothing_else(
    world: World, path: str, allowed: str
) -> None:
    answer = world.client.simulate_options(path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Allow"] == allowed
    assert "Content-Type" not in answer.headers
