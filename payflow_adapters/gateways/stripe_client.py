"""How Stripe is spoken to: the official SDK's client, with time-outs and keys of our own."""

from collections.abc import Mapping

import stripe
from attrs import frozen
from stripe import RequestsClient, StripeClient

from payflow_domain.ledger.ledgers import Environment

# Otherwise the SDK writes an id into the home directory and sends it along.
stripe.enable_telemetry = False

_PREFIXES: Mapping[Environment, tuple[str, ...]] = {
    Environment.SANDBOX: ("sk_test_", "rk_test_"),
    Environment.LIVE: ("sk_live_", "rk_live_"),
}

_RETRIES = 1
"""How often a question is asked again; what moves money is sent once and then looked for."""


@frozen
class Timeouts:
    """How long to wait for a connection, and then for an answer."""

    connect_s: float = 5.0
    read_s: float = 25.0


def open_client(
    environment: Environment, api_key: str, api_base: str | None, timeouts: Timeouts
) -> StripeClient:
    """Return a client that any thread may use.

    Raises ``ValueError`` for a key of the other environment, and where the key of real money
    would go over the wire in the clear. It does not repeat the key.
    """
    if not api_key.startswith(_PREFIXES[environment]):
        expected = " or ".join(_PREFIXES[environment])
        raise ValueError(f"A key for {environment.value} begins with {expected}.")
    if environment is Environment.LIVE and api_base and not api_base.startswith("https://"):
        raise ValueError("The address of Stripe's live API begins with https://.")
    return StripeClient(
        api_key,
        base_addresses={"api": api_base.rstrip("/")} if api_base else None,
        http_client=RequestsClient(timeout=(timeouts.connect_s, timeouts.read_s)),
        max_network_retries=_RETRIES,
    )
