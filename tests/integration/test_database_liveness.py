"""A database host that is gone without a word is noticed: every connection says how soon."""

import asyncio
import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url

from payflow_adapters.postgres import bell
from payflow_adapters.postgres.connection import connect, connect_on_loop
from payflow_adapters.postgres.liveness import liveness
from payflow_adapters.postgres.verify import snapshot
from payflow_domain.ids import LedgerId
from tests.builders.processes import eventually

OPTIONS = {
    "keepalives": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    "idle_s": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    "interval_s": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    "count": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    "unacknowledged_ms": (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
}
LIVELY = {
    "keepalives": 1,
    "idle_s": 10,
    "interval_s": 5,
    "count": 2,
    "unacknowledged_ms": 20_000,
}

Sockets = Callable[[], list[dict[str, int]]]


@pytest.fixture
def new_sockets(emptied_url: str) -> Sockets:
    """What tells the options of sockets to the database that were made since."""
    port = make_url(emptied_url).port
    before = {inode for inode, _ in sockets_to(port)}
    return lambda: [options for inode, options in sockets_to(port) if inode not in before]


def sockets_to(port: int | None) -> Iterator[tuple[str, dict[str, int]]]:
    """Name this process's sockets that are connected to a port, with their options."""
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            name = str(link.readlink())
            if name.startswith("socket:"):
                with socket.socket(fileno=os.dup(int(link.name))) as found:
                    if found.family == socket.AF_INET and found.getpeername()[1] == port:
                        yield name, {key: found.getsockopt(*at) for key, at in OPTIONS.items()}


def test_the_pools(emptied_url: str, new_sockets: Sockets) -> None:
    database = connect(emptied_url)

    with database.writing(), database.reading(), database.reading_of(LedgerId(1)):
        assert new_sockets() == [LIVELY] * 3

    database.close()


def test_the_writer_of_group_commits(emptied_url: str, new_sockets: Sockets) -> None:
    async def look() -> list[dict[str, int]]:
        async with await connect_on_loop(emptied_url):
            return new_sockets()

    assert asyncio.run(look()) == [LIVELY]


def test_who_listens_for_events(emptied_url: str, new_sockets: Sockets) -> None:
    async def look() -> list[dict[str, int]]:
        told = asyncio.Event()

        def hear(_: Collection[LedgerId] | None) -> None:
            told.set()

        listening = asyncio.create_task(bell.listen(emptied_url, hear))
        await asyncio.wait_for(told.wait(), 10)
        found = new_sockets()
        listening.cancel()
        return found

    assert asyncio.run(look()) == [LIVELY]


def test_who_tells_of_events(emptied_url: str, new_sockets: Sockets) -> None:
    bell.Bell(emptied_url).ring([LedgerId(1)])

    assert eventually(lambda: new_sockets() == [LIVELY])


def test_the_proof_of_the_books(emptied_url: str, new_sockets: Sockets) -> None:
    with snapshot(emptied_url):
        assert new_sockets() == [LIVELY]


def test_what_the_address_says_itself_counts(emptied_url: str, new_sockets: Sockets) -> None:
    database = connect(f"{emptied_url}?keepalives_idle=60&tcp_user_timeout=120000")

    with database.writing(), database.reading():
        assert new_sockets() == [{**LIVELY, "idle_s": 60, "unacknowledged_ms": 120_000}] * 2

    database.close()


def test_an_address_may_say_how_long_connecting_may_take() -> None:
    assert "connect_timeout" in liveness("postgresql://host/payflow")
    assert "connect_timeout" not in liveness("postgresql://host/payflow?connect_timeout=3")


def test_an_address_that_is_none_is_left_for_whoever_connects_to_it() -> None:
    assert liveness("postgresql://[") == liveness("postgresql://host/payflow")
