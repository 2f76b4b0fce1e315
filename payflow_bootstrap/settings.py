"""Settings, from the environment."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from ipaddress import ip_network

import environ

from payflow_adapters.postgres.address import PORT_MAX, AddressError, check_address
from payflow_domain.access.limits import BURST_MAX, RATE_MAX, LedgerLimits, Limit
from payflow_domain.ledger.ledgers import Environment

SECRET_LENGTH_MIN = 32
_GATEWAYS = ("mock", "stripe", "none")
_DESCRIPTOR = re.compile(r"[A-Za-z][A-Za-z0-9 .-]{4,21}")
_LEVELS = ("debug", "info", "warning", "error")
_HINT = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'


class SettingsError(Exception):
    """A setting is missing or out of bounds; the message says which and what to do."""


def _address(value: str) -> str:
    try:
        return check_address(value)
    except AddressError as error:
        raise SettingsError(f"PAYFLOW_DATABASE_URL: {error}") from None


def _secret(value: str) -> bytes:
    secret = value.encode()
    if len(secret) < SECRET_LENGTH_MIN:
        raise SettingsError(
            f"SESSION_SECRET must have {SECRET_LENGTH_MIN} bytes or more; make one with: {_HINT}"
        )
    return secret


def _switch(value: str) -> bool:
    words = {"on": True, "off": False}
    if value not in words:
        raise SettingsError(f"A switch is 'on' or 'off', not {value!r}.")
    return words[value]


def _count(value: str) -> int:
    number = int(value)
    if number < 1:
        raise SettingsError(f"A number of processes or seconds is 1 or more, not {number}.")
    return number


def _port(value: str) -> int:
    number = int(value)
    if not 0 <= number <= PORT_MAX:
        raise SettingsError(f"PAYFLOW_PORT is a port, {PORT_MAX} at most, not {number}.")
    return number


def _level(value: str) -> str:
    if value not in _LEVELS:
        raise SettingsError(f"PAYFLOW_LOG_LEVEL is one of {', '.join(_LEVELS)}, not {value!r}.")
    return value


def _gateway(value: str) -> str:
    if value not in _GATEWAYS:
        raise SettingsError(
            f"PAYFLOW_SANDBOX_GATEWAY is one of {', '.join(_GATEWAYS)}, not {value!r}."
        )
    return value


def _limit(value: str) -> Limit:
    rate, separator, burst = value.partition("/")
    try:
        return Limit(int(rate), int(burst if separator else rate))
    except ValueError:
        raise SettingsError(
            f"A limit is requests a second (1 to {RATE_MAX}), a slash, and requests at once (1 to "
            f"{BURST_MAX}), such as 100/500, not {value!r}."
        ) from None


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for word in value.split(",") if word)


def _networks(value: str) -> tuple[str, ...]:
    networks = _words(value)
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise SettingsError(f"PAYFLOW_TRUSTED_PROXIES: {error}") from None
    return networks


def _descriptor(value: str) -> str:
    if not _DESCRIPTOR.fullmatch(value):
        raise SettingsError(
            "PAYFLOW_STATEMENT_DESCRIPTOR has 5 to 22 letters, digits, spaces, dots and hyphens, "
            f"and begins with a letter, unlike {value!r}."
        )
    return value


@environ.config(prefix="PAYFLOW", frozen=True)
class Settings:
    """How this program runs.

    ``processes`` is the number of API processes on this machine. ``session_secret`` has
    ``SECRET_LENGTH_MIN`` bytes or more and is the same on every machine.
    """

    database_url: str = environ.var(
        converter=_address, help="postgresql:// address of a migrated database"
    )
    session_secret: bytes = environ.var(
        name="SESSION_SECRET", converter=_secret, help="32 bytes or more, the same everywhere"
    )
    host: str = environ.var("127.0.0.1", help="address to listen on")
    port: int = environ.var("3000", converter=_port, help="port to listen on")
    processes: int = environ.var("1", converter=_count, help="API processes on this machine")
    log_level: str = environ.var("info", converter=_level, help="debug, info, warning or error")
    access_log: bool = environ.var("on", converter=_switch, help="a log line for each request")
    cookie_secure: bool = environ.var(
        "on", converter=_switch, help="sessions of staff over HTTPS only"
    )
    trusted_proxies: tuple[str, ...] = environ.var(
        "", converter=_networks, help="networks whose X-Forwarded-For is believed, by commas"
    )
    rate_limit: bool = environ.var("on", converter=_switch, help="whether callers are limited")
    sandbox_limit: Limit = environ.var(
        "100/500", converter=_limit, help="requests a second and at once, of a sandbox ledger"
    )
    sandbox_money_limit: Limit = environ.var(
        "50/250", converter=_limit, help="likewise of those that move money"
    )
    live_limit: Limit = environ.var("500/2000", converter=_limit, help="of a live ledger")
    live_money_limit: Limit = environ.var(
        "250/1000", converter=_limit, help="likewise of those that move money"
    )
    sandbox_gateway: str = environ.var(
        "none", converter=_gateway, help="gateway of sandbox ledgers: mock, stripe or none"
    )
    mock_gateway_file: str = environ.var("", help="where the mock gateway keeps its state")
    stripe_test_key: str = environ.var("", help="sk_test_ key, for sandbox ledgers")
    stripe_test_webhook_secrets: tuple[str, ...] = environ.var(
        "", converter=_words, help="whsec_ secrets of the test endpoint, separated by commas"
    )
    stripe_live_key: str = environ.var("", help="sk_live_ key; without it no live gateway")
    stripe_live_webhook_secrets: tuple[str, ...] = environ.var(
        "", converter=_words, help="whsec_ secrets of the live endpoint, separated by commas"
    )
    stripe_api_base: str = environ.var("", help="another address of Stripe's API")
    gateway_answer_seconds: int = environ.var(
        "90", converter=_count, help="after so many a worker asks for what nobody knows"
    )
    webhook_loopback: bool = environ.var(
        "off", converter=_switch, help="on: webhooks may go to this machine, for development"
    )
    webhook_attempt_seconds: int = environ.var(
        "15", converter=_count, help="how long an attempt to send an event may take in all"
    )
    statement_descriptor: str = environ.var(
        "PAYFLOW", converter=_descriptor, help="what payers read: 5 to 22 characters"
    )

    @property
    def limits(self) -> Mapping[Environment, LedgerLimits]:
        """What a ledger may ask for, by its environment."""
        return {
            Environment.SANDBOX: LedgerLimits(self.sandbox_limit, self.sandbox_money_limit),
            Environment.LIVE: LedgerLimits(self.live_limit, self.live_money_limit),
        }

    def derived_secret(self, purpose: str) -> bytes:
        """Return a secret of 32 bytes for one purpose."""
        return hmac.digest(self.session_secret, purpose.encode(), hashlib.sha256)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises ``SettingsError``."""
    try:
        settings: Settings = environ.to_config(Settings, environ=dict(environment))
    except environ.MissingEnvValueError as missing:
        name = missing.args[0]
        hint = f"; make one with: {_HINT}" if name == "SESSION_SECRET" else ""
        raise SettingsError(f"Set {name} in the environment{hint}.") from None
    except ValueError as fault:
        raise SettingsError(f"A setting is not a number: {fault}.") from None
    return settings
