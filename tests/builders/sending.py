"""A sender, and what it is to send, for tests."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver, ResolveResult

from payflow_adapters.clock import SystemClock
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_adapters.webhooks.sender import Sender
from payflow_domain.clock import Clock
from payflow_domain.webhooks.deliveries import Outgoing

SECRET = f"whsec_{'a' * 32}"
BODY = b'{"id":"evt_1","event":"wallet.created"}'
HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"
SHORT_S = 0.3

Run = Callable[[Coroutine[None, None, None]], None]
"""Runs something on an event loop."""


class Names(AbstractResolver):
    """Resolves any name to the next of the answers, and then to the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in addresses
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def sending(
    guard: AddressGuard | None = None,
    clock: Clock | None = None,
    *,
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
    attempt_s_max: float = 5,
) -> AsyncIterator[Sender]:
    sender = Sender(
        clock or SystemClock(),
        guard or AddressGuard(loopback_open=True),
        attempt_s_max,
        tls,
        resolver,
    )
    await sender.open()
    try:
        yield sender
    finally:
        await sender.close()


def outgoing(url: str, secrets: Sequence[str] = (SECRET,)) -> Outgoing:
    return Outgoing(url, secrets, "evt_1", BODY)
