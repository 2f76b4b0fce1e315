"""Receive webhooks, and keep the balances of all wallets from them alone.

    export WEBHOOK_SECRET=whsec_... PAYFLOW_API_KEY=sk_test_pf_...
    python mirror.py http://127.0.0.1:3000 5000

It listens on port 5000 of this machine, at any path. What webhooks have not brought it fetches
from the API: all there was before it started, and later what is missing in between.
``GET /balances`` tells what it knows. It keeps that in memory: a real one writes each event and
what follows from it into its database, in one transaction.
"""

# ruff: noqa: INP001, T201 - an example is no package, and it prints

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, ClassVar
from urllib.request import Request, urlopen

from standardwebhooks import Webhook, WebhookVerificationError

Json = dict[str, Any]

IDS_MAX = 10_000
"""How many ids are remembered, to know an event that comes again."""

BODY_BYTES_MAX = 1_000_000
PATIENCE_S = 3.0
"""How long something may be missing before it is fetched: events overtake one another."""


class Mirror:
    """What the events say that came so far, in whatever order and however often they come."""

    def __init__(self) -> None:
        self.balances: dict[str, Json] = {}
        self.through = 0
        """Every event up to this sequence has come."""
        self._ahead: set[int] = set()
        self._told_by: dict[str, int] = {}
        self._ids: dict[str, None] = {}
        self._lock = Lock()

    @property
    def has_gap(self) -> bool:
        """Tell whether a later event has come, and an earlier one has not."""
        return bool(self._ahead)

    def take(self, message_id: str, event: Json) -> bool:
        """Take an event; return False if it has come before."""
        with self._lock:
            if message_id in self._ids:
                return False
            self._remember(message_id)
            # A test event is in no journal and has the sequence 0.
            if event["sequence"] > self.through:
                self._count(event["sequence"])
            for wallet_id, balance in balances_in(event):
                # The latest event that tells of a wallet is right, not the last to arrive.
                if event["sequence"] > self._told_by.get(wallet_id, 0):
                    self._told_by[wallet_id] = event["sequence"]
                    self.balances[wallet_id] = balance
            return True

    def _remember(self, message_id: str) -> None:
        self._ids[message_id] = None
        if len(self._ids) > IDS_MAX:
            del self._ids[next(iter(self._ids))]

    def _count(self, sequence: int) -> None:
        self._ahead.add(sequence)
        while self.through + 1 in self._ahead:
            self.through += 1
            self._ahead.remove(self.through)


def balances_in(event: Json) -> Iterator[tuple[str, Json]]:
    """Return the wallets whose balances an event tells, each with its balance.

    These are ``wallet.*`` and ``transaction.pending``, ``.completed`` and ``.failed``: a hold
    changes what is pending and available, and only the latter tell of it.
    """
    data = event["data"]
    if "balance" in data:
        yield data.get("walletId") or data["id"], data["balance"]
    for told in data.get("balances", ()):
        yield told["walletId"], {name: told[name] for name in ("posted", "pending", "available")}


def fill(mirror: Mirror, fetch: Callable[[int], Json]) -> None:
    """Take all that comes after the last event without a gap before it."""
    has_more = True
    while has_more:
        page = fetch(mirror.through)
        for event in page["data"]:
            mirror.take(event["id"], event)
        has_more = page["hasMore"]


def fill_forever(mirror: Mirror, fetch: Callable[[int], Json]) -> None:
    """Fetch what there was before; then watch for gaps."""
    through = -1
    while True:
        try:
            if through == -1 or (mirror.has_gap and mirror.through == through):
                fill(mirror, fetch)
            through = mirror.through
        except OSError as error:
            print(f"PayFlow does not answer: {error}", file=sys.stderr)
        time.sleep(PATIENCE_S)


def api(base_url: str, api_key: str) -> Callable[[int], Json]:
    """Return what fetches a page of events from the API."""

    def fetch(after: int) -> Json:
        url = f"{base_url}/api/v1/events?after={after}&limit=100"
        request = Request(url, headers={"Authorization": f"Bearer {api_key}"})  # noqa: S310
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - the address is our own choice
            page: Json = json.load(answer)
            return page

    return fetch


class Receiver(BaseHTTPRequestHandler):
    """Believes what is signed with our secret, and answers as soon as it is taken."""

    mirror: ClassVar[Mirror]
    webhook: ClassVar[Webhook]
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= BODY_BYTES_MAX:
            self.close_connection = True
            return self._answer(413)
        body = self.rfile.read(length)
        try:
            event = self.webhook.verify(body, dict(self.headers.items()))
        except (WebhookVerificationError, ValueError):
            return self._answer(400)
        self.mirror.take(self.headers["webhook-id"], event)
        return self._answer(204)

    def do_GET(self) -> None:
        mirror = self.mirror
        told = {"through": mirror.through, "hasGap": mirror.has_gap, "balances": mirror.balances}
        self._answer(200, json.dumps(told).encode())

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:  # noqa: PLR2004 - no content, and so no length of it
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def main() -> None:
    base_url, port = sys.argv[1:]
    Receiver.mirror = Mirror()
    Receiver.webhook = Webhook(os.environ["WEBHOOK_SECRET"])
    fetch = api(base_url, os.environ["PAYFLOW_API_KEY"])
    Thread(target=fill_forever, args=(Receiver.mirror, fetch), daemon=True).start()
    with ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver) as server:
        print(f"Listening on http://127.0.0.1:{port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
