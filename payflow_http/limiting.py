"""Who may ask how often: per ledger, and per address where it is not known who asks."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from attrs import Factory, define, frozen
from falcon.asgi import Response

from payflow_domain.access.limits import (
    DEFAULT_LIMITS,
    FAILED_AUTHENTICATION,
    FAILED_SESSIONS,
    PUBLIC,
    LedgerLimits,
    Limit,
)
from payflow_domain.access.permissions import Actor
from payflow_domain.access.shared_limits import KeptLimits
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.ledgers import Environment
from payflow_http.addresses import ClientAddresses
from payflow_http.incoming import ApiRequest
from payflow_http.meters import Meter, Meters

API = "api"
MONEY = "money"
AUTHENTICATION = "authentication"
SESSIONS = "sessions"
PUBLIC_ROUTES = "public"

MONEY_ROUTES = frozenset(
    {
        "/api/v1/wallets/{wallet_id}/credit",
        "/api/v1/wallets/{wallet_id}/debit",
        "/api/v1/payouts",
        "/api/v1/transfers",
        "/api/v1/transfers/batch",
        "/api/v1/transactions/{transaction_id}/reverse",
    }
)
"""Where a ``POST`` moves money."""

# An IPv6 network of one customer is no smaller than this.
_IPV6_PREFIX = 64


@define(eq=False)
class Limiter:
    """Lets requests go on, or refuses them with 429; there is nothing to wait for.

    ``defaults`` are for ledgers that ``overrides`` does not name. Without ``is_on`` everything
    may go on, and no answer tells of limits.
    """

    addresses: ClientAddresses
    defaults: Mapping[Environment, LedgerLimits] = DEFAULT_LIMITS
    is_on: bool = True
    meters: Meters = Factory(Meters)
    overrides: dict[LedgerId, LedgerLimits] = Factory(dict)

    def admit(self, req: ApiRequest, actor: Actor) -> None:
        """Count a request of ``actor``; raises a ``Problem`` where it is one too many."""
        if self.is_on:
            self.meters.take(req, self._meters_of(req, actor))

    def charge(self, req: ApiRequest, actor: Actor, cost: int) -> None:
        """Count ``cost`` more for a request that was admitted."""
        if self.is_on and cost:
            self.meters.take(req, self._meters_of(req, actor), cost, besides=1)

    def admit_public(self, req: ApiRequest) -> None:
        """Count a request that needs no key, by its address."""
        if self.is_on:
            self.meters.take(req, [self._meter_at(req, PUBLIC_ROUTES, PUBLIC)])

    def begin_proof(self, req: ApiRequest) -> Meter | None:
        """Count a try to prove who asks with a key, by its address, as one that failed.

        Raises a ``Problem`` where too many did. ``end_proof`` takes the count back.
        """
        return self._begin_proof(req, AUTHENTICATION, FAILED_AUTHENTICATION)

    def begin_session_proof(self, req: ApiRequest) -> Meter | None:
        """Do as ``begin_proof``, for a session of staff."""
        return self._begin_proof(req, SESSIONS, FAILED_SESSIONS)

    def _begin_proof(self, req: ApiRequest, policy: str, limit: Limit) -> Meter | None:
        if not self.is_on:
            return None
        meter = self._meter_at(req, policy, limit)
        self.meters.take(req, [meter])
        return meter

    def end_proof(self, proof: Meter | None) -> None:
        """Take back what ``begin_proof`` counted: the try did not fail."""
        if proof is not None:
            self.meters.give_back(proof)

    def override(self, kept: KeptLimits) -> None:
        """Hold a ledger to limits of its own, or again to those of its environment."""
        defaults = self.defaults[kept.environment]
        own = LedgerLimits(kept.api or defaults.api, kept.money or defaults.money)
        if own == defaults:
            self.overrides.pop(kept.ledger_id, None)
        else:
            self.overrides[kept.ledger_id] = own

    def _meters_of(self, req: ApiRequest, actor: Actor) -> list[Meter]:
        ledger_id = actor.ledger_id
        limits = self.overrides.get(ledger_id) or self.defaults[actor.environment]
        subject = str(ledger_id)
        meters = [self.meters.find(API, subject, limits.api)]
        if req.uri_template in MONEY_ROUTES and req.method == "POST":
            meters.append(self.meters.find(MONEY, subject, limits.money))
        return meters

    def _meter_at(self, req: ApiRequest, policy: str, limit: Limit) -> Meter:
        return self.meters.find(policy, _network_of(self.addresses.of(req)), limit)


@frozen
class RateLimitHeaders:
    """Tells callers of limits (draft-ietf-httpapi-ratelimit-headers-10)."""

    async def process_response(
        self,
        req: ApiRequest,
        resp: Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001 - Falcon's signature
    ) -> None:
        if req.rate_limit:
            resp.set_header("RateLimit", req.rate_limit)
            resp.set_header("RateLimit-Policy", req.rate_limit_policy)


@lru_cache(maxsize=4096)
def _network_of(address: str) -> str:
    """Return what is taken for one caller: an IPv4 address, or a network of IPv6."""
    try:
        host = ip_address(address)
    except ValueError:
        return address
    if isinstance(host, IPv6Address):
        return str(ip_network((host, _IPV6_PREFIX), strict=False))
    return address
