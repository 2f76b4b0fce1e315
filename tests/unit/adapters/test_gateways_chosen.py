"""Which gateway serves which environment, and that none serves the wrong one."""

from collections.abc import Iterator

import pytest

from payflow_adapters.gateways.chosen import Gateways
from payflow_adapters.gateways.mock import MockGateway
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import GatewayOf
from tests.builders.times import SettableClock


class Pretender(MockGateway):
    """A mock that says that its money is real."""

    @property
    def environment(self) -> Environment:
        return Environment.LIVE


class RealGateway(Pretender):
    """Stands for a gateway with real money."""

    @property
    def name(self) -> str:
        return "real"


@pytest.fixture
def mock() -> Iterator[MockGateway]:
    gateway = MockGateway(":memory:", SettableClock(), "secret")
    yield gateway
    gateway.close()


@pytest.fixture
def real() -> Iterator[RealGateway]:
    gateway = RealGateway(":memory:", SettableClock(), "secret")
    yield gateway
    gateway.close()


def test_each_environment_has_its_gateway(mock: MockGateway, real: RealGateway) -> None:
    gateway_of: GatewayOf = Gateways(sandbox=mock, live=real)

    assert gateway_of(Environment.SANDBOX) is mock
    assert gateway_of(Environment.LIVE) is real


def test_an_environment_may_have_none() -> None:
    gateways = Gateways(sandbox=None, live=None)

    assert [gateways(each) for each in Environment] == [None, None]


def test_the_mock_cannot_be_live(mock: MockGateway) -> None:
    with pytest.raises(ValueError, match="not for live"):
        Gateways(sandbox=None, live=mock)


def test_a_mock_that_says_that_it_is_live_cannot_be_live() -> None:
    pretender = Pretender(":memory:", SettableClock(), "secret")

    with pytest.raises(ValueError, match="moves no money"):
        Gateways(sandbox=None, live=pretender)
    pretender.close()


def test_real_money_is_not_for_the_sandbox(real: RealGateway) -> None:
    with pytest.raises(ValueError, match="not for sandbox"):
        Gateways(sandbox=real, live=None)
