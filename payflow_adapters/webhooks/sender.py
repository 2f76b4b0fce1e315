"""Sending webhooks: one attempt, and what came of it."""

import asyncio
import socket
import ssl
from functools import lru_cache
from time import monotonic

from aiohttp import (
    AddrInfoType,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver
from attrs import define, field
from yarl import URL

from payflow_adapters.webhooks.failures import CONNECTION_REFUSED, DNS_FAILURE, failure_of
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_adapters.webhooks.resolver import ThreadResolver
from payflow_adapters.webhooks.retry_after import read_retry_after
from payflow_adapters.webhooks.shortage import ResourcesExhausted, Shortage
from payflow_adapters.webhooks.signing import signature
from payflow_domain.clock import Clock
from payflow_domain.webhooks.deliveries import ANSWER_BYTES_MAX, Outcome, Outgoing
from payflow_domain.webhooks.dispatch import ATTEMPT_MAX

READ_BYTES_MAX = 65_536
"""An answer that is longer costs the endpoint its connection."""

_KEPT_OPEN_S = 1.5
"""Shorter than servers keep theirs, so that none is closed under an attempt (gunicorn: 2 s)."""

_HEADER_BYTES_MAX = 8_190
_HEADERS_MAX = 64
_BUFFER_BYTES = 16_384
_ADDRESSES_KEPT_S = 10

_PERHAPS_OURS = frozenset({CONNECTION_REFUSED, DNS_FAILURE})

_HEADERS = {"Content-Type": "application/json", "User-Agent": "PayFlow-Webhooks/1"}


@define
class Sender:
    """Posts events to endpoints, signed; ``open`` and ``close`` it on the loop that it sends on.

    It keeps connections open, follows no redirect, heeds no proxy of the environment, and holds
    no cookies. Each socket is made by ``guard``. Without ``tls`` the certificates that the
    machine trusts count. ``attempt_s_max`` is for all of an attempt: to connect, to send, and
    until the answer has ended.
    """

    clock: Clock
    guard: AddressGuard
    attempt_s_max: float = ATTEMPT_MAX.total_seconds()
    tls: ssl.SSLContext | None = None
    resolver: AbstractResolver | None = None
    _session: ClientSession | None = field(default=None, init=False)
    _shortage: Shortage = field(factory=Shortage, init=False)

    async def open(self) -> None:
        self._session = ClientSession(
            connector=TCPConnector(
                limit=0,  # a limit of all would let a slow host block others; callers limit each
                resolver=self.resolver or ThreadResolver(self._shortage),
                ttl_dns_cache=_ADDRESSES_KEPT_S,
                keepalive_timeout=_KEPT_OPEN_S,
                socket_factory=self._open_socket,
                ssl=self.tls or True,
            ),
            timeout=ClientTimeout(total=None),  # an attempt's time is measured here
            cookie_jar=DummyCookieJar(),
            headers=_HEADERS,
            skip_auto_headers=("Accept", "Accept-Encoding"),
            auto_decompress=False,
            read_bufsize=_BUFFER_BYTES,
            max_line_size=_HEADER_BYTES_MAX,
            max_field_size=_HEADER_BYTES_MAX,
            max_headers=_HEADERS_MAX,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, message: Outgoing) -> Outcome:
        """Make one attempt, and tell what came of it: a failure is an outcome as well.

        Raises ``ValueError`` if the secrets cannot sign, and ``ResourcesExhausted`` if no
        connection could be made for want of something of ours.
        """
        session = self._session
        if session is None:
            raise RuntimeError("Open the sender first.")
        at, started = self.clock.now(), monotonic()
        headers = {
            "Webhook-Id": message.id,
            "Webhook-Timestamp": str(int(at.timestamp())),
            "Webhook-Signature": signature(message.secrets, message.id, at, message.body),
        }
        try:
            async with (
                asyncio.timeout(self.attempt_s_max),
                session.post(
                    _parsed(message.url), data=message.body, headers=headers, allow_redirects=False
                ) as response,
            ):
                answer = await _read(response)
                retry_after_s = read_retry_after(response.headers.get("Retry-After"), at)
                latency_ms = _ms_since(started)
                return Outcome(at, latency_ms, response.status, None, answer, retry_after_s)
        except Exception as failure:  # whatever happens out there is an outcome
            error = failure_of(failure)
            if error in _PERHAPS_OURS and self._shortage.was_since(started):
                raise ResourcesExhausted(str(failure)) from failure
            return Outcome(at, _ms_since(started), None, error)

    def _open_socket(self, address: AddrInfoType) -> socket.socket:
        try:
            return self.guard.open_socket(address)
        except OSError as error:
            self._shortage.note_if_so(error)
            raise


def _ms_since(started: float) -> int:
    return round((monotonic() - started) * 1_000)


@lru_cache(maxsize=4_096)
def _parsed(url: str) -> URL:
    return URL(url)


async def _read(response: ClientResponse) -> bytes:
    """Return the beginning of the body. A connection with more to read is not used again."""
    kept, seen = b"", 0
    while seen <= READ_BYTES_MAX and (chunk := await response.content.readany()):
        kept += chunk[: ANSWER_BYTES_MAX - len(kept)]
        seen += len(chunk)
    return kept
