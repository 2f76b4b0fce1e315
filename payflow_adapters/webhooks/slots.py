"""A share for every host: a slow one gets no more of what there is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import Factory, define


@define
class _Host:
    slots: asyncio.Semaphore
    users: int = 0


@define
class HostSlots:
    """At most ``per_host_max`` at a time for each host; others wait, first come, first served."""

    per_host_max: int
    _hosts: dict[str, _Host] = Factory(dict)

    @asynccontextmanager
    async def take(self, host: str) -> AsyncIterator[None]:
        """Hold a slot of a host until the block is left."""
        mine = self._hosts.get(host)
        if mine is None:
            mine = self._hosts[host] = _Host(asyncio.Semaphore(self.per_host_max))
        mine.users += 1
        try:
            async with mine.slots:
                yield
        finally:
            mine.users -= 1
            if not mine.users:
                del self._hosts[host]
