"""The adapter for Stripe, and the stand-in that it speaks to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from attrs import frozen

from payflow_adapters.gateways.mock_values import Trouble
from payflow_adapters.gateways.stripe_client import Timeouts
from payflow_adapters.gateways.stripe_gateway import StripeGateway
from payflow_domain.ledger.ledgers import Environment
from tests.builders.stripe_stand_in import API_KEY, SECRET, StripeStandIn
from tests.builders.stripe_webhooks import sign
from tests.contracts.gateway_harness import Values

TIMEOUTS = Timeouts(connect_s=0.5, read_s=0.5)


@frozen
class StripeHarness:
    """Stripe as the contract suite wants it."""

    gateway: StripeGateway
    stripe: StripeStandIn
    values: Values

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator["StripeHarness"]:
        with StripeStandIn.opened() as stripe:
            yield cls(gateway_of(stripe), stripe, Values())

    def now(self) -> datetime:
        return self.stripe.world.clock.now()

    def advance(self, seconds: int) -> None:
        self.stripe.advance(seconds)

    def take_notices(self) -> list[tuple[bytes, str]]:
        return self.stripe.take_webhooks()

    def refund_outside(self, charge_id: str, amount: int) -> str:
        return self.stripe.refund(charge_id, amount)

    def open_dispute(self, charge_id: str) -> str:
        return self.stripe.open_dispute(charge_id)

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        self.stripe.close_dispute(dispute_id, won=won)

    def forge(self, payload: bytes, seconds: int = 0) -> str:
        return sign(payload, SECRET, self.now() + timedelta(seconds=seconds))

    def lose_next(self, *, effect: bool) -> None:
        timeouts = (Trouble.TIMEOUT_NO_EFFECT, Trouble.TIMEOUT_WITH_EFFECT)
        self.stripe.fail_next(timeouts[effect])

    def refuse_next(self) -> None:
        self.stripe.fail_next(Trouble.UNAVAILABLE)


def gateway_of(
    stripe: StripeStandIn, api_key: str = API_KEY, secrets: tuple[str, ...] = (SECRET,)
) -> StripeGateway:
    """Return the adapter for the sandbox, with the stand-in's address and clock."""
    return StripeGateway(
        Environment.SANDBOX,
        api_key,
        secrets,
        api_base=stripe.url,
        timeouts=TIMEOUTS,
        clock=stripe.world.clock,
    )
