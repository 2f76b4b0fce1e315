"""An endpoint that takes everything: ``python -m payflow_bootstrap.bench.webhooks.sink PORT``.

``POST`` anything: 200, but to ``/hang``: there it never answers. ``GET /``: how many posts came.
It does as little as it can, so that it is not what is slow.
"""

import asyncio
import re
import sys
from asyncio import Protocol, Transport
from typing import cast

import uvloop

from payflow_bootstrap.bench.api import HOST

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_COUNT = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"


class Sink(Protocol):
    """One connection; ``taken`` counts those of all."""

    taken = 0

    def __init__(self) -> None:
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (request := self._next()) is not None:
            self._answer(request)

    def _next(self) -> bytes | None:
        """Take the next request that is there as a whole."""
        head, end, body = self._unread.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if len(body) < size:
            return None
        self._unread = body[size:]
        return head

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET "):
            count = str(Sink.taken).encode()
            self._transport.write(_COUNT % (len(count), count))
        elif not head.startswith(b"POST /hang"):
            Sink.taken += 1
            self._transport.write(_TAKEN)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, HOST, port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
