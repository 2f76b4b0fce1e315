"""Looking names up, so that a name whose server is silent holds up nothing else."""

import asyncio
import socket
from collections.abc import Sequence
from threading import Thread
from time import monotonic

from aiohttp.abc import AbstractResolver, ResolveResult

from payflow_adapters.webhooks.shortage import Shortage, check_descriptors

ADDRESSES_MAX = 8
"""How many addresses of one name are tried."""

LOOKUPS_MAX = 192
"""How many names are looked up at once."""

SLOW_LOOKUPS_MAX = 64
"""How many are besides whose last look-up was slow."""

SLOW_S = 1.0
"""How long a look-up takes at least that is slow: those of good name servers take far less."""

SLOW_NAMES_MAX = 10_000
"""How many slow names are remembered: the last ones."""

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class ThreadResolver(AbstractResolver):
    """Asks the operating system, in a thread for each name.

    The usual pool of threads has a handful of them, and a few silent name servers would occupy it.
    These threads do not keep a process from ending either. Names whose last look-up was slow have
    places of their own: so a partner with slow name servers takes none from others but once.
    """

    def __init__(
        self,
        shortage: Shortage | None = None,
        *,
        lookups_max: int = LOOKUPS_MAX,
        slow_lookups_max: int = SLOW_LOOKUPS_MAX,
        slow_s: float = SLOW_S,
    ) -> None:
        self._shortage = shortage or Shortage()
        self._places = asyncio.Semaphore(lookups_max)
        self._slow_places = asyncio.Semaphore(slow_lookups_max)
        self._slow_s = slow_s
        self._slow_names: dict[str, None] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the first addresses of a name; raises ``OSError`` if it has none."""
        async with self._slow_places if host in self._slow_names else self._places:
            started = monotonic()
            try:
                addresses = await self._addresses(host, family)
            finally:
                self._remember(host, monotonic() - started)
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=family, proto=0, flags=_NUMERIC
            )
            for address in addresses[:ADDRESSES_MAX]
        ]

    async def close(self) -> None:
        """Do nothing: a lookup ends by itself, and nobody waits for it any more."""

    def _remember(self, host: str, took_s: float) -> None:
        self._slow_names.pop(host, None)
        if took_s >= self._slow_s:
            self._slow_names[host] = None
            if len(self._slow_names) > SLOW_NAMES_MAX:
                del self._slow_names[next(iter(self._slow_names))]

    async def _addresses(self, host: str, family: socket.AddressFamily) -> Sequence[str]:
        try:
            return await _in_a_thread(host, family)
        except RuntimeError as error:
            self._shortage.note()
            raise OSError(str(error)) from error
        except OSError as error:
            self._shortage.note_if_so(error)
            raise


async def _in_a_thread(host: str, family: socket.AddressFamily) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[str]] = loop.create_future()

    def look_up() -> None:
        fault: Exception | None = None
        addresses: list[str] = []
        try:
            addresses = _addresses(host, family)
        except (OSError, UnicodeError) as error:
            fault = _reason_of(error)
        try:
            loop.call_soon_threadsafe(_settle, found, addresses, fault)
        except RuntimeError:
            return  # the loop was closed meanwhile

    Thread(target=look_up, name=f"looking up {host}", daemon=True).start()
    return await found


def _addresses(host: str, family: socket.AddressFamily) -> list[str]:
    found = socket.getaddrinfo(
        host, None, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [str(address[0]) for *_, address in found]


def _reason_of(fault: Exception) -> Exception:
    """Return why a lookup failed; for want of a descriptor it may have been told anything."""
    try:
        check_descriptors()
    except OSError as shortage:
        return shortage
    return fault


def _settle(
    found: asyncio.Future[Sequence[str]], addresses: list[str], fault: Exception | None
) -> None:
    if found.done():
        return
    if fault is None:
        found.set_result(addresses)
    else:
        found.set_exception(fault if isinstance(fault, OSError) else OSError(str(fault)))
