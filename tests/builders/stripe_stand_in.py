"""A stand-in of Stripe: an account of its own on a real socket, with a clock that a test sets."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import dumps, loads

from attrs import Factory, define

from payflow_adapters.gateways.mock_values import SLOW_S, Trouble
from tests.builders import stripe_payins
from tests.builders.stripe_api import carry_out, trouble_of
from tests.builders.stripe_webhooks import Delivery, Outbox
from tests.builders.stripe_wire import Answer, Refusal, Request, Thing, WireServer
from tests.builders.stripe_world import World
from tests.builders.times import SettableClock

API_KEY = "sk_test_stand_in"
SECRET = "whsec_stand_in"

_PATIENCE_S = 5.0
"""How long a connection is kept that is never answered: longer than a client waits."""

_NOT_KEPT = frozenset({401, 429})
"""With these answers nothing was begun, so that the idempotency key is still free."""

_SENT_AGAIN = "Keys for idempotent requests can only be used with the same parameters."


@define
class StripeStandIn:
    """The account, and what a test lets happen to it."""

    world: World
    api_key: str = API_KEY
    url: str = ""
    requests: list[Request] = Factory(list)
    """All that was asked, oldest first."""
    _answers: dict[str, tuple[str, Answer]] = Factory(dict)
    _next: Trouble | None = None
    _lock: threading.RLock = Factory(threading.RLock)
    _closing: threading.Event = Factory(threading.Event)

    @classmethod
    @contextmanager
    def opened(cls, *, livemode: bool = False) -> Iterator["StripeStandIn"]:
        stand_in = cls(World(SettableClock(), Outbox(SECRET), livemode))
        with WireServer(stand_in.answer) as server:
            stand_in.url = server.url
            threading.Thread(target=server.serve_forever, args=[0.01]).start()
            try:
                yield stand_in
            finally:
                stand_in._closing.set()
                server.shutdown()

    def answer(self, request: Request) -> Answer | None:
        """Answer a request; ``None`` if the connection is to be closed without."""
        with self._lock:
            self.requests.append(request)
            trouble = self._trouble_for(request)
            answer = self._answered(request, trouble)
        if trouble in {Trouble.TIMEOUT_NO_EFFECT, Trouble.TIMEOUT_WITH_EFFECT}:
            self._closing.wait(_PATIENCE_S)
            return None
        if trouble is Trouble.SLOW:
            time.sleep(SLOW_S)
        return answer

    def fail_next(self, trouble: Trouble) -> None:
        """Let the next order meet this."""
        self._next = trouble

    def advance(self, seconds: int) -> None:
        with self._lock:
            self.world.advance(seconds)

    def take_webhooks(self) -> list[tuple[bytes, str]]:
        """Return payload and signature of the events that were delivered since the last call."""
        with self._lock:
            return self.world.outbox.take(self.world.clock.now())

    def deliver(self, delivery: Delivery) -> None:
        """Deliver events like this from now on."""
        self.world.outbox.delivery = delivery

    def refund(self, charge_id: str, amount: int) -> str:
        """Refund in the dashboard, and return the refund's id."""
        params = {"payment_intent": charge_id, "amount": str(amount)}
        return self._changed(lambda: stripe_payins.make_refund(self.world, params))

    def open_dispute(self, charge_id: str) -> str:
        """Let the payer dispute the whole charge, and return the dispute's id."""
        intent = self.world.find("payment_intent", charge_id)
        return self._changed(lambda: stripe_payins.open_dispute(self.world, intent))

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        with self._lock:
            dispute = self.world.find("dispute", dispute_id)
            stripe_payins.close_dispute(self.world, dispute, won=won)

    def _changed(self, make: Callable[[], Thing]) -> str:
        with self._lock:
            return str(make()["id"])

    def _trouble_for(self, request: Request) -> Trouble | None:
        """Return what an order meets; one that was answered before meets only what is next."""
        if request.method != "POST":
            return None
        trouble, self._next = self._next, None
        if trouble is None and request.idempotency_key not in self._answers:
            return trouble_of(request)
        return trouble

    def _answered(self, request: Request, trouble: Trouble | None) -> Answer | None:
        if trouble is Trouble.UNAVAILABLE:
            return Refusal(429, "invalid_request_error", "Slow down.", code="rate_limit").answer
        if trouble is Trouble.TIMEOUT_NO_EFFECT:
            return None
        if request.api_key != self.api_key:
            return Refusal(401, "invalid_request_error", "Invalid API Key provided.").answer
        return self._once(request)

    def _once(self, request: Request) -> Answer:
        """Carry a request out, or tell again what the same one was told."""
        key, asked = request.idempotency_key, dumps([request.path, request.params])
        if request.method != "POST" or key is None:
            return _as_it_is(carry_out(self.world, request))
        if key not in self._answers:
            answer = _as_it_is(carry_out(self.world, request))
            if answer.status in _NOT_KEPT:
                return answer
            self._answers[key] = asked, answer
        before, answer = self._answers[key]
        if before != asked:
            return Refusal(400, "idempotency_error", _SENT_AGAIN).answer
        return answer


def _as_it_is(answer: Answer) -> Answer:
    """Return what does not change any more when the objects in it do."""
    return Answer(answer.status, loads(dumps(answer.body)))
