"""Limits, as the running server keeps them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from payflow_adapters.postgres.server import EmbeddedServer
from tests.builders.api_server import ApiServer, running_api, transfer
from tests.builders.http_client import BASE, Answer, Client
from tests.integration.conftest import new_database
from tests.integration.scene import assert_problem

BURST = 60
LIMITED = {"PAYFLOW_RATE_LIMIT": "on", "PAYFLOW_SANDBOX_LIMIT": f"1/{BURST}"}


@pytest.fixture(scope="module")
def limited(
    postgres_server: EmbeddedServer, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """A server whose sandbox ledgers may ask once a second, and ``BURST`` times at once."""
    log = tmp_path_factory.mktemp("limited") / "api.log"
    with (
        new_database(postgres_server, migrated) as name,
        running_api(postgres_server.url(name), log, variables=LIMITED) as server,
    ):
        yield server


def test_of_requests_at_one_time_exactly_as_many_are_served_as_may_be(limited: ApiServer) -> None:
    partner = limited.new_partner()

    def ask(client: Client) -> list[int]:
        return [client.get("/wallets").status for _ in range(20)]

    with partner.clients(8) as clients, ThreadPoolExecutor(8) as threads:
        began = time.monotonic()
        statuses = [status for each in threads.map(ask, clients) for status in each]
        came_back = int(time.monotonic() - began) + 1

    assert set(statuses) == {200, 429}
    assert BURST <= statuses.count(200) <= BURST + came_back


def test_what_is_refused_says_so_as_a_problem_and_does_nothing(limited: ApiServer) -> None:
    partner = limited.new_partner()
    one, two = partner.wallet(1000), partner.wallet()
    refused = served = partner.client.get("/wallets")
    while refused.status == 200:
        refused = partner.client.get("/wallets")
    before = limited.footprint()

    moved = partner.client.post("/transfers", transfer(one, two), "a key")

    assert_problem(refused, 429, "rate_limited")
    assert (refused.json["policy"], refused.json["quota"]) == ("api", BURST)
    assert served.headers["RateLimit-Policy"] == f'"api";q={BURST};w={BURST}'
    assert refused.headers["RateLimit"] == '"api";r=0;t=1'
    assert refused.headers["Retry-After"] == "1"
    assert moved.status == 429
    assert limited.footprint() == before


def test_another_address_in_a_header_makes_no_difference(
    postgres_server: EmbeddedServer, migrated: str, tmp_path: Path
) -> None:
    def fail(client: Client, number: int) -> Answer:
        headers = {"Authorization": "Bearer x", "X-Forwarded-For": f"192.0.2.{number}"}
        return client.send("GET", f"{BASE}/wallets", headers=headers)

    with (
        new_database(postgres_server, migrated) as name,
        running_api(postgres_server.url(name), tmp_path / "api.log", variables=LIMITED) as server,
    ):
        client = server.client()
        statuses = [fail(client, number).status for number in range(22)]

    assert statuses[:20] == [401] * 20
    assert 429 in statuses[20:]
