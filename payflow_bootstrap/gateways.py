"""Which payment gateway serves which environment."""

from payflow_adapters.gateways.chosen import Gateways
from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.stripe_gateway import StripeGateway
from payflow_bootstrap.settings import Settings, SettingsError
from payflow_domain.clock import Clock
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import PaymentGateway


def make_gateways(settings: Settings, clock: Clock) -> Gateways:
    """Set up what ``settings`` ask for; raises ``SettingsError`` where something is missing."""
    return Gateways(sandbox=_sandbox(settings, clock), live=_live(settings))


def check_gateways(settings: Settings) -> None:
    """Raise ``SettingsError`` as ``make_gateways`` does, and open no file: we may fork yet."""
    _live(settings)
    if settings.sandbox_gateway == "mock":
        _mock_file(settings)
    elif settings.sandbox_gateway == "stripe":
        _stripe_sandbox(settings)


def make_mock(settings: Settings, clock: Clock) -> MockGateway | None:
    """Return the mock gateway, if sandbox ledgers use it."""
    if settings.sandbox_gateway != "mock":
        return None
    secret = settings.derived_secret("mock-gateway").hex()
    return MockGateway(_mock_file(settings), clock, secret)


def _mock_file(settings: Settings) -> str:
    if not settings.mock_gateway_file:
        raise SettingsError("Set PAYFLOW_MOCK_GATEWAY_FILE: where the mock keeps its state.")
    return settings.mock_gateway_file


def _sandbox(settings: Settings, clock: Clock) -> PaymentGateway | None:
    if settings.sandbox_gateway == "stripe":
        return _stripe_sandbox(settings)
    return make_mock(settings, clock)


def _stripe_sandbox(settings: Settings) -> PaymentGateway:
    return _stripe(
        settings,
        Environment.SANDBOX,
        settings.stripe_test_key,
        settings.stripe_test_webhook_secrets,
    )


def _live(settings: Settings) -> PaymentGateway | None:
    if not settings.stripe_live_key:
        return None
    return _stripe(
        settings,
        Environment.LIVE,
        settings.stripe_live_key,
        settings.stripe_live_webhook_secrets,
    )


def _stripe(
    settings: Settings, environment: Environment, api_key: str, webhook_secrets: tuple[str, ...]
) -> PaymentGateway:
    word = "TEST" if environment is Environment.SANDBOX else "LIVE"
    if not api_key or not webhook_secrets:
        raise SettingsError(
            f"Set PAYFLOW_STRIPE_{word}_KEY and PAYFLOW_STRIPE_{word}_WEBHOOK_SECRETS."
        )
    try:
        return StripeGateway(
            environment, api_key, webhook_secrets, api_base=settings.stripe_api_base or None
        )
    except ValueError as error:
        raise SettingsError(f"PAYFLOW_STRIPE_{word}_KEY: {error}") from None
