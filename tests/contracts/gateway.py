"""The suite for payment gateways: derive from ``GatewayContract`` and give it a ``harness``."""

from tests.contracts.gateway_charges import GatewayCharges
from tests.contracts.gateway_harness import GatewayHarness, Values
from tests.contracts.gateway_movements import GatewayMovements
from tests.contracts.gateway_notices import GatewayNotices
from tests.contracts.gateway_payouts import GatewayDisputes, GatewayPayouts
from tests.contracts.gateway_refunds import GatewayRefunds

__all__ = ["GatewayContract", "GatewayHarness", "Values"]


class GatewayContract(
    GatewayCharges,
    GatewayRefunds,
    GatewayPayouts,
    GatewayDisputes,
    GatewayNotices,
    GatewayMovements,
):
    """What ``PaymentGateway`` promises."""
