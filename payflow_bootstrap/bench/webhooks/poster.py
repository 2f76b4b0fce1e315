"""What is measured against: a bare aiohttp loop that posts, unsigned, and keeps nothing.

``python -m payflow_bootstrap.bench.webhooks.poster URL UNDER_WAY SECONDS BYTES`` prints how many
posts a second were answered, with so many under way and bodies of so many bytes.
"""

import asyncio
import sys
import time

import aiohttp
import uvloop


async def _post(url: str, under_way: int, seconds: float, size: int) -> float:
    body = b"x" * size
    posted = 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=under_way)) as session:
        started = time.perf_counter()
        end = started + seconds

        async def post_on() -> None:
            nonlocal posted
            while time.perf_counter() < end:
                async with session.post(url, data=body) as response:
                    await response.read()
                posted += 1

        await asyncio.gather(*[post_on() for _ in range(under_way)])
        return posted / (time.perf_counter() - started)


if __name__ == "__main__":
    url, under_way, seconds, size = sys.argv[1:]
    print(uvloop.run(_post(url, int(under_way), float(seconds), int(size))))  # noqa: T201  # its result
