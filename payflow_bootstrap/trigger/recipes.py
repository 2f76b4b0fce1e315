"""What makes each event happen; docs/mock-gateway.md has the cards and banks."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import frozen

from payflow_bootstrap.trigger.sandbox import FUNDS, Sandbox
from payflow_domain.ledger.journal import EventType

Wait = Callable[[], None]
"""Waits until the event has happened."""


@frozen
class Recipe:
    """``follow`` makes the event happen, soon if not at once; ``what`` tells how."""

    what: str
    follow: Callable[[Sandbox, Wait], None]


def _create(sandbox: Sandbox, wait: Wait) -> None:
    sandbox.open_wallet()
    wait()


def _update(sandbox: Sandbox, wait: Wait) -> None:
    sandbox.patch(f"/wallets/{sandbox.open_wallet()}", {"name": "Triggered again"})
    wait()


def _credit(sandbox: Sandbox, wait: Wait) -> None:
    sandbox.open_wallet(FUNDS)
    wait()


def _debit(sandbox: Sandbox, wait: Wait) -> None:
    sandbox.debit(sandbox.open_wallet(FUNDS), FUNDS // 2)
    wait()


def _begin(sandbox: Sandbox, wait: Wait) -> None:
    sandbox.credit(sandbox.open_wallet(), FUNDS, paymentMethod="pm_async_success")
    wait()


def _fail(sandbox: Sandbox, wait: Wait) -> None:
    sandbox.decline(sandbox.open_wallet(), FUNDS, "pm_card_chargeDeclined")
    wait()


def _reverse(sandbox: Sandbox, wait: Wait) -> None:
    credit = sandbox.credit(sandbox.open_wallet(), FUNDS)
    sandbox.post(f"/transactions/{credit['id']}/reverse", {})
    wait()


def _pay_out(destination: str) -> Callable[[Sandbox, Wait], None]:
    def follow(sandbox: Sandbox, wait: Wait) -> None:
        sandbox.pay_out(sandbox.open_wallet(FUNDS), FUNDS // 2, destination)
        wait()

    return follow


def _disable(sandbox: Sandbox, wait: Wait) -> None:
    with _gone() as url:
        endpoint = sandbox.post("/webhook-endpoints", {"url": url})
        path = f"/webhook-endpoints/{endpoint['id']}"
        sandbox.post(f"{path}/test", {})
        wait()
        sandbox.delete(path)


RECIPES: Mapping[EventType, Recipe] = {
    EventType.WALLET_CREATED: Recipe("open a wallet", _create),
    EventType.WALLET_UPDATED: Recipe("rename a wallet", _update),
    EventType.WALLET_CREDITED: Recipe("credit a wallet", _credit),
    EventType.WALLET_DEBITED: Recipe("debit a wallet", _debit),
    EventType.TRANSACTION_PENDING: Recipe("credit by a card that takes its time", _begin),
    EventType.TRANSACTION_COMPLETED: Recipe("credit a wallet", _credit),
    EventType.TRANSACTION_FAILED: Recipe("credit by a card that is declined", _fail),
    EventType.TRANSACTION_REVERSED: Recipe("take a credit back", _reverse),
    EventType.PAYOUT_COMPLETED: Recipe("pay out; takes seconds, and a worker", _pay_out("ba_paid")),
    EventType.PAYOUT_FAILED: Recipe("pay out to a bank that refuses", _pay_out("ba_refused")),
    EventType.WEBHOOK_ENDPOINT_DISABLED: Recipe(
        "answer 410 to a webhook; only with `payflow dev`", _disable
    ),
}


class _Gone(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(HTTPStatus.GONE)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _gone() -> Iterator[str]:
    """Answer 410 on this machine until the block is left; yields where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Gone) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield f"http://localhost:{server.server_port}/gone"
        finally:
            server.shutdown()
