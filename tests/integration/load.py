"""A load of transfers that goes on whatever happens to the server, and knows what it was told."""

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event

from attrs import define, field

from tests.builders.api_server import transfer
from tests.builders.http_client import Answer, Client
from tests.builders.processes import EVENTUALLY_SECONDS_MAX

CALLERS = 4
CALLS_PER_CONNECTION = 50
PAUSE_S = 0.05


@define
class Load:
    """Callers who move one cent after another, each under a key and a description of its own.

    What has an unknown outcome (no answer, or 503) is asked for again with the same key, over a
    new connection, until it is known. ``made`` has the id of the transaction that was told for
    each key.
    """

    client: Client
    wallets: list[str]
    made: dict[str, str] = field(factory=dict)
    unknown: int = 0
    unexpected: list[Answer] = field(factory=list)
    _stop: Event = field(factory=Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep it up while the block runs; then let every caller learn its last outcome."""
        with ThreadPoolExecutor(CALLERS) as threads:
            callers = [threads.submit(self._call, number) for number in range(CALLERS)]
            try:
                yield
            finally:
                self._stop.set()
        for caller in callers:
            caller.result()

    def _call(self, caller: int) -> None:
        client = Client(self.client.port, self.client.key)
        for number in count():
            if self._stop.is_set():
                break
            if number % CALLS_PER_CONNECTION == 0:
                client.close()
            self._do(client, f"{caller}-{number}", (caller + number) % len(self.wallets))
        client.close()

    def _do(self, client: Client, key: str, at: int) -> None:
        one, other = self.wallets[at], self.wallets[at - 1]
        body = transfer(one, other, 1, description=key)
        deadline = time.monotonic() + EVENTUALLY_SECONDS_MAX
        while time.monotonic() < deadline:
            answer = attempt(client, body, key)
            if answer is not None and answer.status == http.HTTPStatus.CREATED:
                self.made[key] = answer.json["id"]
                return
            if answer is not None and answer.status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                self.unexpected.append(answer)
                return
            self.unknown += 1
            client.close()
            time.sleep(PAUSE_S)
        raise AssertionError(f"{key} has no outcome")


def attempt(client: Client, body: object, key: str) -> Answer | None:
    """Return the answer, or None where there is none."""
    try:
        return client.post("/transfers", body, key)
    except (OSError, http.client.HTTPException):
        return None
