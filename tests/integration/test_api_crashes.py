"""Killing anything at any time: nothing that was answered is lost, and nothing is done twice."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from click.testing import CliRunner, Result

from payflow_bootstrap.commands.verify import verify
from tests.builders.development import Development, developing
from tests.builders.http_client import Client
from tests.builders.processes import eventually, free_port, survivors
from tests.builders.subscriber import subscribing
from tests.integration.load import Load

PROGRESS = 100
FUNDS = 1_000_000
GONE_SECONDS_MAX = 60
SETTINGS = {"PAYFLOW_RATE_LIMIT": "off", "PAYFLOW_WEBHOOK_ATTEMPT_SECONDS": "2"}
"""As fast as it can, and what a killed worker had is another one's after eight seconds."""


def api_server(dev: Development) -> list[psutil.Process]:
    return [child for child in children(dev) if "serve" in child.cmdline()]


def api_worker(dev: Development) -> list[psutil.Process]:
    return [worker for server in api_server(dev) for worker in server.children()]


def postgres(dev: Development) -> list[psutil.Process]:
    return [child for child in children(dev) if child.name() == "postgres"]


def postgres_backend(dev: Development) -> list[psutil.Process]:
    """Return the processes of connections, the busiest first: it writes."""
    found = [backend for server in postgres(dev) for backend in server.children()]
    of_connections = [each for each in found if "127.0.0.1" in "".join(each.cmdline())]
    return sorted(of_connections, key=lambda each: -sum(each.cpu_times()[:2]))


def courier(dev: Development) -> list[psutil.Process]:
    return [child for child in children(dev) if "worker" in child.cmdline()]


def everything(dev: Development) -> list[psutil.Process]:
    return [psutil.Process(dev.pid)]


def children(dev: Development) -> list[psutil.Process]:
    return psutil.Process(dev.pid).children()


Victim = Callable[[Development], list[psutil.Process]]

COMES_BACK: list[Victim] = [api_server, api_worker, postgres_backend, courier]
ENDS_IT_ALL: list[Victim] = [postgres, everything]
TWELVE_KILLS = [*COMES_BACK, *ENDS_IT_ALL] * 2


def crash(dev: Development, victim: Victim) -> None:
    """Kill the victim, and see it back; what ends it all is started again."""
    below = dev.family()
    # What was killed before may still be on its way back.
    assert eventually(lambda: bool(standing(dev, victim))), dev.output
    killed = victim(dev)[0]
    killed.kill()
    if victim in COMES_BACK:
        assert eventually(lambda: is_replaced(dev, victim, killed)), dev.output
        return
    if victim is everything:
        assert not survivors(below, GONE_SECONDS_MAX)
    dev.stop()
    dev.start()


def standing(dev: Development, victim: Victim) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):  # it ended while it was being looked for
        return victim(dev)
    return []


def is_replaced(dev: Development, victim: Victim, killed: psutil.Process) -> bool:
    found = standing(dev, victim)
    return bool(found) and killed not in found


def verified(dev: Development) -> Result:
    return CliRunner().invoke(verify, [f"--data-dir={dev.data_dir}"])


def transfers_by_description(client: Client) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    query = "limit=100"
    while query:
        page = client.get(f"/transactions?type=transfer&{query}").json
        found += [(each["description"], each["id"]) for each in page["data"]]
        query = f"limit=100&cursor={page['nextCursor']}" if page["hasMore"] else ""
    return found


def open_wallets(client: Client) -> list[str]:
    wallets = [
        client.post("/wallets", {"name": name, "currency": "EUR"}).json["id"] for name in "ABCD"
    ]
    for wallet in wallets:
        client.post(f"/wallets/{wallet}/credit", {"amount": FUNDS, "currency": "EUR"})
    return wallets


def test_twelve_kills_under_load_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    with (
        subscribing() as subscriber,
        developing(tmp_path / "data", free_port(), **SETTINGS) as dev,
    ):
        client = dev.client()
        client.post("/webhook-endpoints", {"url": subscriber.url})
        load = Load(client, open_wallets(client))
        client.close()

        with load.running():
            for victim in TWELVE_KILLS:
                assert makes_progress(load), f"before {victim.__name__}: {dev.output}"
                crash(dev, victim)
                assert makes_progress(load), f"after {victim.__name__}: {dev.output}"
                checked = verified(dev)
                assert checked.exit_code == 0, f"after {victim.__name__}: {checked.output}"

        assert verified(dev).exit_code == 0
        assert load.unexpected == []
        assert load.unknown > 0
        found = transfers_by_description(client)
        assert len(found) == len(load.made)
        assert dict(found) == load.made
        balances = [client.get(f"/wallets/{wallet}/balance").json for wallet in load.wallets]
        assert sum(balance["posted"] for balance in balances) == FUNDS * len(load.wallets)
        events = set(range(1, max(balance["sequence"] for balance in balances) + 1))
        assert eventually(lambda: set(subscriber.sequences) == events), len(subscriber.bodies)
        assert subscriber.overlapping == []
        client.close()


def makes_progress(load: Load) -> bool:
    target = len(load.made) + PROGRESS
    return eventually(lambda: len(load.made) >= target)
