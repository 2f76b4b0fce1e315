"""Every route of the API, classified: who may call it, with what, and which objects it names.

A route that is added gets one line here. The objects in its path and body are called as in
``scene.Books``; every test of ``test_api_access`` then asks it too.
"""

import re
from collections.abc import Iterator, Mapping
from string import Template
from typing import Any

import orjson
from attrs import frozen

from payflow_domain.access.operators import StaffPermission
from payflow_domain.access.permissions import Permission
from tests.builders.http_client import BASE, Json

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_NAMED = re.compile(r"\$(\w+)")

STRAY: Json = {
    "balance": {"available": 1_000_000},
    "environment": "live",
    "id": "wal_01jd0000000000000000000000",
    "ledgerId": 1,
    "partnerId": "ptr_01jd0000000000000000000000",
    "status": "active",
}
"""Members that a caller may wish to set, and may not."""


@frozen
class Route:
    """A route that takes an API key with ``permission``; ``$name`` in ``body`` is an object."""

    method: str
    path: str
    permission: Permission
    body: Json | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        """Return which objects the path and the body name."""
        return _PARAMETER.findall(self.path) + _NAMED.findall(str(self.body))

    def url(self, objects: Mapping[str, str]) -> str:
        return BASE + _PARAMETER.sub(lambda found: objects[found[1]], self.path)

    def content(self, objects: Mapping[str, str]) -> bytes | None:
        if self.body is None:
            return None
        return Template(orjson.dumps(self.body).decode()).substitute(objects).encode()


def with_strays(body: Json | None) -> tuple[Json, list[str]]:
    """Add members that may not be set to every object of a body; tell where they are."""
    return _strayed(body or {}), sorted(_strays(body or {}, ""))


def _strayed(value: object) -> Any:  # noqa: ANN401 - what JSON has
    if not isinstance(value, dict):
        return value
    inner = {
        name: [_strayed(item) for item in member] if isinstance(member, list) else member
        for name, member in value.items()
    }
    return STRAY | inner


def _strays(value: Json, place: str) -> Iterator[str]:
    yield from (f"{place}/{name}" for name in STRAY if name not in value)
    for name, member in value.items():
        for index, item in enumerate(member if isinstance(member, list) else []):
            if isinstance(item, dict):
                yield from _strays(item, f"{place}/{name}/{index}")


_MONEY = {"amount": 100, "currency": "EUR"}
_MOVE = {"fromWalletId": "$wallet_id", "toWalletId": "$other_wallet_id", **_MONEY}
_ENDPOINT = "/webhook-endpoints/{endpoint_id}"
_P = Permission

ROUTES = (
    Route("GET", "/wallets", _P.WALLETS_READ),
    Route("POST", "/wallets", _P.WALLETS_WRITE, {"name": "Anna", "currency": "EUR"}),
    Route("GET", "/wallets/{wallet_id}", _P.WALLETS_READ),
    Route("PATCH", "/wallets/{wallet_id}", _P.WALLETS_WRITE, {"name": "Mine", "status": "active"}),
    Route("GET", "/wallets/external/{external_wallet_id:path}", _P.WALLETS_READ),
    Route("GET", "/wallets/{wallet_id}/balance", _P.WALLETS_READ),
    Route("GET", "/wallets/{wallet_id}/transactions", _P.TRANSACTIONS_READ),
    Route("POST", "/wallets/{wallet_id}/credit", _P.TRANSACTIONS_WRITE, _MONEY),
    Route("POST", "/wallets/{wallet_id}/debit", _P.TRANSACTIONS_WRITE, _MONEY),
    Route(
        "POST",
        "/payouts",
        _P.PAYOUTS_WRITE,
        {"walletId": "$wallet_id", "destination": "ba_paid", **_MONEY},
    ),
    Route("POST", "/transfers", _P.TRANSFERS_WRITE, _MOVE),
    Route("POST", "/transfers/batch", _P.TRANSFERS_WRITE, {"mode": "atomic", "transfers": [_MOVE]}),
    Route("GET", "/transactions", _P.TRANSACTIONS_READ),
    Route("GET", "/transactions/{transaction_id}", _P.TRANSACTIONS_READ),
    Route("POST", "/transactions/{transaction_id}/reverse", _P.TRANSACTIONS_WRITE, {"amount": 1}),
    Route("GET", "/events", _P.EVENTS_READ),
    Route("GET", "/api-keys", _P.KEYS_READ),
    Route("POST", "/api-keys", _P.KEYS_WRITE, {"name": "Ours", "permissions": ["keys:write"]}),
    Route("GET", "/api-keys/{key_id}", _P.KEYS_READ),
    Route("DELETE", "/api-keys/{key_id}", _P.KEYS_WRITE),
    Route("POST", "/api-keys/{key_id}/rotate", _P.KEYS_WRITE, {"oldKeyExpiresIn": 60}),
    Route("GET", "/usage", _P.USAGE_READ),
    Route("GET", "/webhook-endpoints", _P.WEBHOOKS_READ),
    Route("POST", "/webhook-endpoints", _P.WEBHOOKS_WRITE, {"url": "https://example.com/hook"}),
    Route("GET", _ENDPOINT, _P.WEBHOOKS_READ),
    Route("PATCH", _ENDPOINT, _P.WEBHOOKS_WRITE, {"description": "Ours"}),
    Route("DELETE", _ENDPOINT, _P.WEBHOOKS_WRITE),
    Route("POST", f"{_ENDPOINT}/disable", _P.WEBHOOKS_WRITE),
    Route("POST", f"{_ENDPOINT}/enable", _P.WEBHOOKS_WRITE),
    Route("POST", f"{_ENDPOINT}/rotate-secret", _P.WEBHOOKS_WRITE, {"overlapSeconds": 60}),
    Route("POST", f"{_ENDPOINT}/test", _P.WEBHOOKS_WRITE),
    Route("POST", f"{_ENDPOINT}/recover", _P.WEBHOOKS_WRITE, {"since": "2026-01-01T00:00:00Z"}),
    Route("GET", f"{_ENDPOINT}/deliveries", _P.WEBHOOKS_READ),
    Route("GET", f"{_ENDPOINT}/deliveries/{{delivery_id}}", _P.WEBHOOKS_READ),
    Route("POST", f"{_ENDPOINT}/deliveries/{{delivery_id}}/retry", _P.WEBHOOKS_WRITE),
)
"""What partners call, with an API key."""


@frozen
class StaffRoute:
    """A route that takes a session; ``permission`` is None where every role has it."""

    method: str
    path: str
    permission: StaffPermission | None = None
    body: Json | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


_S = StaffPermission
PARTNER: Json = {
    "name": "A partner",
    "legalName": "A partner Ltd",
    "country": "KE",
    "contactEmail": "a@partner.example",
}
"""The body by which staff take a partner in."""

STAFF_ROUTES = (
    StaffRoute("POST", "/api/auth/logout"),
    StaffRoute("GET", "/api/auth/me"),
    StaffRoute("GET", "/api/csrf-token"),
    StaffRoute("GET", "/api/admin/audit", _S.READ),
    StaffRoute("GET", "/api/admin/gateway-events", _S.READ),
    StaffRoute(
        "POST",
        "/api/admin/gateway-events/{gateway}/{environment}/{notice_id}/replay",
        _S.REVIEW,
    ),
    StaffRoute("GET", "/api/admin/security-events", _S.READ),
    StaffRoute("GET", "/api/admin/partners", _S.READ),
    StaffRoute("POST", "/api/admin/partners", _S.REVIEW, PARTNER),
    StaffRoute("GET", "/api/admin/partners/{partner_id}", _S.READ),
    StaffRoute(
        "PATCH", "/api/admin/partners/{partner_id}/status", _S.REVIEW, {"status": "approved"}
    ),
    StaffRoute("GET", "/api/admin/partners/{partner_id}/api-keys", _S.READ),
    StaffRoute(
        "POST",
        "/api/admin/partners/{partner_id}/api-keys",
        _S.ADMINISTER,
        {"name": "Theirs", "environment": "sandbox", "permissions": ["wallets:read"]},
    ),
    StaffRoute("DELETE", "/api/admin/api-keys/{key_id}", _S.ADMINISTER),
    StaffRoute("POST", "/api/admin/api-keys/{key_id}/rotate", _S.ADMINISTER),
    StaffRoute("GET", "/api/admin/system/stats", _S.READ),
    StaffRoute("GET", "/api/admin/partners/{partner_id}/limits", _S.READ),
    StaffRoute(
        "PUT",
        "/api/admin/partners/{partner_id}/limits",
        _S.ADMINISTER,
        {"environment": "sandbox", "rate": 1, "burst": 2},
    ),
    StaffRoute("DELETE", "/api/admin/partners/{partner_id}/limits", _S.ADMINISTER),
    StaffRoute("GET", "/api/admin/partners/{partner_id}/usage", _S.READ),
)
"""What staff call, with a session."""

ANY_KEY = {("GET", f"{BASE}/certification")}
"""With any key of a sandbox, whatever its permissions: see test_partners."""

PUBLIC = {("POST", f"{BASE}/partner-applications")}
"""For anybody, with a body that says who: see test_partners."""

OPEN = {("GET", "/health"), ("GET", "/ready")}
"""Without any key."""

LOGIN = {("POST", "/api/auth/login")}
"""With a password: see test_staff_logins."""

SIGNED = {("POST", f"{BASE}/webhooks/stripe")}
"""Without a key, but with a signature over the body: see test_payments."""

NOT_FOUND = {
    "wallet_id": "wallet_not_found",
    "other_wallet_id": "wallet_not_found",
    "external_wallet_id": "wallet_not_found",
    "transaction_id": "transaction_not_found",
    "endpoint_id": "webhook_endpoint_not_found",
    "delivery_id": "delivery_not_found",
    "key_id": "api_key_not_found",
}
"""The code of the problem for an object that is not there, by what routes call it."""
