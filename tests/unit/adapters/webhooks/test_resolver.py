"""Looking names up: slow ones hold up nobody but one another."""

import asyncio
import socket
import time
from collections.abc import Sequence

import pytest

from payflow_adapters.webhooks import resolver
from payflow_adapters.webhooks.resolver import ThreadResolver
from tests.builders.http_client import HOST
from tests.builders.sending import Run

SLOW_S = 0.05
TAKES_S = 0.1

SLOW = [f"n{number}.slow.test" for number in range(4)]


@pytest.fixture(autouse=True)
def slow_names(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What of all names is slow: to begin with, those in ``SLOW``."""
    slow, real = set(SLOW), socket.getaddrinfo

    def look_up(host: str, *args: int, **options: int) -> object:
        if host in slow:
            time.sleep(TAKES_S)
        if host == "lost.test":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return real(HOST, *args, **options)

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return slow


def few_places() -> ThreadResolver:
    return ThreadResolver(lookups_max=2, slow_lookups_max=1, slow_s=SLOW_S)


async def look_up(names: ThreadResolver, hosts: Sequence[str]) -> float:
    """Look names up at once; return how long that takes."""
    started = time.monotonic()
    found = await asyncio.gather(*map(names.resolve, hosts))
    assert {each["host"] for addresses in found for each in addresses} == {HOST}
    return time.monotonic() - started


def test_names_that_were_slow_hold_up_no_others(run: Run) -> None:
    async def main() -> None:
        names = few_places()
        await look_up(names, SLOW)
        slow = asyncio.create_task(look_up(names, SLOW))
        await asyncio.sleep(0)

        await look_up(names, [f"n{number}.test" for number in range(10)])
        assert not slow.done()
        # They have one place among them.
        assert await slow >= len(SLOW) * TAKES_S

    run(main())


def test_a_name_that_is_quick_again_is_one_of_all(run: Run, slow_names: set[str]) -> None:
    async def main() -> None:
        names = few_places()
        await look_up(names, SLOW)
        slow_names.remove(SLOW[0])
        await look_up(names, SLOW[:1])
        slow = asyncio.create_task(look_up(names, SLOW[1:]))
        await asyncio.sleep(0)

        await look_up(names, SLOW[:1])
        assert not slow.done()
        await slow

    run(main())


def test_only_so_many_slow_names_are_remembered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "SLOW_NAMES_MAX", 2)

    async def main() -> None:
        names = few_places()
        await look_up(names, SLOW[:4])

        assert len(names._slow_names) == 2

    run(main())


def test_a_name_that_is_missing_gives_its_place_back(run: Run) -> None:
    async def main() -> None:
        names = few_places()
        for _ in range(3):
            with pytest.raises(OSError, match="no such name"):
                await names.resolve("lost.test")

        async with asyncio.timeout(5):
            await look_up(names, ["n.test"])

    run(main())
