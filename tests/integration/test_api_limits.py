"""Limits, as the running server keeps them."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from payflow_adapters.postgres.server import EmbeddedServer
from payflow_domain.access.limits import Limit
from payflow_domain.access.shared_limits import overshoot_max
from payflow_http.exchanging import EXCHANGE_PERIOD_S
from tests.builders.api_server import ApiServer, Partner, running_api, transfer
from tests.builders.http_client import BASE, Answer, Client, connected
from tests.builders.processes import eventually
from tests.integration.conftest import new_database
from tests.integration.scene import assert_problem

BURST = 60
LIMITED = {"PAYFLOW_RATE_LIMIT": "on", "PAYFLOW_SANDBOX_LIMIT": f"1/{BURST}"}

DEAR = 1_000
"""So many transfers cost 21 units: that much does not come back while a busy machine hesitates."""

SECONDS_TO_HEAR = 3.0
"""A second is what is promised; a busy machine may take longer to say so."""

DELAY_S = 0.5
"""How long a busy machine may keep an exchange waiting."""

TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


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

    moves = {"mode": "atomic", "transfers": [transfer(one, two, 1)] * DEAR}
    moved = partner.client.post("/transfers/batch", moves, "a key")

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


def test_a_request_costs_no_statement_for_its_limits(limited: ApiServer) -> None:
    partner = limited.new_partner()
    give(partner, Limit(10_000, 10_000))
    client = limited.client(partner.key_with())
    assert eventually(lambda: quota(client) == 10_000)
    before = transactions(limited)

    statuses = {client.get("/wallets").status for _ in range(400)}

    assert statuses == {403}
    assert transactions(limited) - before < 100


def test_what_staff_changed_holds_within_a_second(limited: ApiServer) -> None:
    partner = limited.new_partner()
    assert quota(partner.client) == BURST

    give(partner, Limit(3, 7))
    assert eventually(lambda: quota(partner.client) == 7, SECONDS_TO_HEAR)
    give(partner, None)
    assert eventually(lambda: quota(partner.client) == BURST, SECONDS_TO_HEAR)


def test_four_processes_let_through_little_more_than_one_would(
    postgres_server: EmbeddedServer, migrated: str, tmp_path: Path
) -> None:
    limit, processes, seconds = Limit(40, 80), 4, 4
    variables = {"PAYFLOW_RATE_LIMIT": "on", "PAYFLOW_SANDBOX_LIMIT": f"{limit.rate}/{limit.burst}"}
    with new_database(postgres_server, migrated) as name, ExitStack() as opened:
        url = postgres_server.url(name)
        # Each on a port of its own: of processes that share one, the kernel likes some better.
        servers = [
            opened.enter_context(
                running_api(url, tmp_path / f"api{number}.log", variables=variables)
            )
            for number in range(processes)
        ]
        key = servers[0].new_partner().client.key
        clients = [Client(server.port, key) for server in servers for _ in range(5)]
        opened.enter_context(connected(clients))
        served, took_s = hammer(clients, seconds)

    fair = limit.burst + limit.rate * took_s
    assert served >= limit.burst
    assert served <= fair + overshoot_max(limit, processes, EXCHANGE_PERIOD_S + DELAY_S)


def hammer(clients: Sequence[Client], seconds: float) -> tuple[int, float]:
    """Ask over each client as fast as it goes; return how much was served in what time."""
    began = time.monotonic()

    def ask(client: Client) -> int:
        served = 0
        while time.monotonic() - began < seconds:
            served += client.get("/wallets").status == 200
        return served

    with ThreadPoolExecutor(len(clients)) as threads:
        served = sum(threads.map(ask, clients))
    return served, time.monotonic() - began


def give(partner: Partner, api: Limit | None) -> None:
    with partner.core.store().begin() as uow:
        uow.keep_limits(partner.ledger.id, api, None)


def quota(client: Client) -> int:
    told = client.get("/wallets").headers["RateLimit-Policy"]
    return int(told.split(";")[1].removeprefix("q="))


def transactions(server: ApiServer) -> int:
    """Count the transactions of the database; a backend that is idle tells within a second."""
    time.sleep(1.2)
    with psycopg.connect(server.database_url) as connection:
        row = connection.execute(TRANSACTIONS).fetchone()
    assert row is not None
    return int(row[0])
