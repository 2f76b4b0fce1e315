"""The adapter for Stripe, against the stand-in over a socket."""

from collections.abc import Iterator

import pytest

from tests.builders.stripe_gateway import StripeHarness
from tests.contracts.gateway import GatewayContract


class TestStripeGateway(GatewayContract):
    @pytest.fixture
    def harness(self) -> Iterator[StripeHarness]:
        with StripeHarness.opened() as opened:
            yield opened
