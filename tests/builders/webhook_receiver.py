"""The other end of a webhook: a socket on this machine that behaves as a test says."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import Factory, define, frozen

from tests.builders.http_client import HOST

SELF_SIGNED = Path(__file__).with_name("self_signed.pem")
"""A certificate of ``NAME``, and its key: both made up for these tests."""

NAME = "hook.test"


@frozen
class Received:
    """One request; header names are in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


@define
class Receiver:
    """What reached the socket so far; ``open_now`` and ``open_most`` count connections."""

    port: int
    connections: int = 0
    open_now: int = 0
    open_most: int = 0
    requests: list[Received] = Factory(list)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hook"


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool | None]]
"""What is done about a request; returns whether the connection stays open for another."""


def says(answer: bytes) -> Behaviour:
    """Send bytes as they are, and read on."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer)
        await writer.drain()
        return True

    return behave


def says_and_hangs(answer: bytes) -> Behaviour:
    """Send bytes, and then nothing until the other side has had enough."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()

    return behave


def says_and_closes(answer: bytes) -> Behaviour:
    """Send bytes, and close the connection properly."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return behave


def repeats(start: bytes, chunk: bytes) -> Behaviour:
    """Send ``start`` and then ``chunk`` for ever."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(chunk)
            await writer.drain()

    return behave


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break the connection off with a TCP reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def receiving(
    behave: Behaviour, tls: ssl.SSLContext | None = None, port: int = 0
) -> AsyncIterator[Receiver]:
    """Receive requests, and do with each what ``behave`` says, until the block is left."""
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        receiver.open_now += 1
        receiver.open_most = max(receiver.open_most, receiver.open_now)
        try:
            while True:
                receiver.requests.append(await _read(reader))
                if not await behave(reader, writer):
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            receiver.open_now -= 1
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(converse(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, HOST, port, ssl=tls)
    receiver = Receiver(server.sockets[0].getsockname()[1])
    try:
        yield receiver
    finally:
        server.close()
        ended = list(tasks)
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


def self_signed() -> ssl.SSLContext:
    """The server's side of TLS with ``SELF_SIGNED``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SELF_SIGNED)
    return context


async def _read(reader: asyncio.StreamReader) -> Received:
    line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in fields)}
    return Received(line, headers, await reader.readexactly(int(headers["content-length"])))
