"""What the HTTP layer is given, and what its resources share."""

from collections.abc import Callable, Mapping

from attrs import field, frozen

from payflow_domain.access.key_service import ApiKeys
from payflow_domain.access.limit_service import Limits
from payflow_domain.access.limits import DEFAULT_LIMITS, LedgerLimits
from payflow_domain.access.permissions import Actor
from payflow_domain.access.service import Access
from payflow_domain.access.staff import Staff
from payflow_domain.access.usage_service import Usage
from payflow_domain.errors import PayFlowError
from payflow_domain.ledger.batch import Request, Result
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.service import BalanceAt, Ledgers
from payflow_domain.oversight.service import Oversight
from payflow_domain.partners.certifying import Certifications
from payflow_domain.partners.metering import Metering
from payflow_domain.partners.onboarding import Onboarding
from payflow_domain.payments.notices import Notices
from payflow_domain.payments.service import Payments
from payflow_domain.wallets.history import History
from payflow_domain.wallets.service import Wallets
from payflow_domain.webhooks.delivery_service import Deliveries
from payflow_domain.webhooks.service import Webhooks
from payflow_http.addresses import ClientAddresses
from payflow_http.authentication import Authenticator
from payflow_http.counting import KEEP_PERIOD_S, RequestCounter
from payflow_http.cursors import Cursors
from payflow_http.devices import Devices
from payflow_http.exchanging import EXCHANGE_PERIOD_S, LimitExchange
from payflow_http.grouping import Grouped, Runner
from payflow_http.incoming import ApiRequest
from payflow_http.limiting import Limiter, RateLimitHeaders
from payflow_http.periodic import Background
from payflow_http.replays import Replays
from payflow_http.staff import StaffGate
from payflow_http.threads import Threads

_COUNTS_WAITING_MAX = 20


@frozen
class Services:
    """The use cases that are served; ``ready`` tells whether they can be.

    ``run_commits`` calls ``ledgers.execute`` on the event loop, where its store allows that; else
    a thread does.
    """

    ledgers: Ledgers
    wallets: Wallets
    history: History
    access: Access
    api_keys: ApiKeys
    onboarding: Onboarding
    certifications: Certifications
    payments: Payments
    notices: Notices
    webhooks: Webhooks
    deliveries: Deliveries
    staff: Staff
    oversight: Oversight
    limits: Limits
    usage: Usage
    metering: Metering
    ready: Callable[[], bool]
    run_commits: Runner | None = None


@frozen
class HttpSettings:
    """How to serve them.

    ``cursor_secret`` signs cursors and ``csrf_secret`` makes the tokens of sessions: all processes
    have the same ones, of 32 random bytes or more; so it is with ``device_secret``, which signs the
    cookies of devices. ``cookie_secure`` keeps the cookies of sessions
    to HTTPS. ``access_log`` writes a line for each request. ``threads`` calls block at a time;
    ``group_requests_max`` requests with at most ``group_commands_max`` commands are committed
    together; ``gateway_threads`` requests wait for a payment gateway at a time, apart from all
    others; ``waiting_max`` requests may wait in each queue before others get 503. So it is with
    ``login_threads`` and ``logins_waiting_max``, for strangers and for known devices: a login takes
    a processor for 0.2 s, and 64 MiB. What proxies in the networks ``trusted_proxies`` say of a
    client's address is believed. With ``limits_are_on`` ledgers are held to ``limits``,
    unless they have others of their own.
    """

    cursor_secret: bytes = field(repr=False)
    csrf_secret: bytes = field(repr=False)
    device_secret: bytes = field(repr=False)
    cookie_secure: bool = True
    access_log: bool = True
    threads: int = 8
    gateway_threads: int = 32
    login_threads: int = 1
    logins_waiting_max: int = 50
    group_requests_max: int = 256
    group_commands_max: int = 500
    waiting_max: int = 10_000
    trusted_proxies: tuple[str, ...] = ()
    limits_are_on: bool = True
    limits: Mapping[Environment, LedgerLimits] = DEFAULT_LIMITS


@frozen
class Api:
    """What resources share; ``watchers`` see each request once it is answered."""

    services: Services
    authenticator: Authenticator
    commits: Grouped[Request, Result]
    balances: Grouped[tuple[Actor, str], BalanceAt | PayFlowError]
    threads: Threads
    gateway_threads: Threads
    login_threads: Threads
    known_login_threads: Threads
    counting_threads: Threads
    cursors: Cursors
    addresses: ClientAddresses
    staff: StaffGate
    devices: Devices
    replays: Replays
    limiter: Limiter
    background: Background
    watchers: tuple[RateLimitHeaders | RequestCounter, ...]


def make_api(services: Services, settings: HttpSettings) -> Api:
    """Put together what resources share; its queues are closed still."""
    threads = Threads(settings.threads, settings.waiting_max)
    addresses = ClientAddresses(settings.trusted_proxies)
    limiter = Limiter(addresses, settings.limits, settings.limits_are_on)
    background = Background()
    exchange = LimitExchange(limiter, services.limits, background.threads).exchange
    background.add("exchange_limits", exchange, EXCHANGE_PERIOD_S)
    counter = RequestCounter(services.usage, addresses, background.threads)
    background.add("keep_usage", counter.keep, KEEP_PERIOD_S)

    def refuse_key(secret: str, req: ApiRequest) -> None:
        services.staff.refusals.refuse_key(secret, addresses.of(req))

    return Api(
        services=services,
        authenticator=Authenticator(services.access.actor_of, threads, limiter, refuse_key),
        commits=Grouped(
            services.ledgers.execute,
            name="commits",
            items_max=settings.group_requests_max,
            weight_max=settings.group_commands_max,
            waiting_max=settings.waiting_max,
            weigh=_commands,
            run=services.run_commits,
        ),
        balances=Grouped(
            services.history.balances,
            name="balances",
            items_max=settings.group_requests_max,
            waiting_max=settings.waiting_max,
        ),
        threads=threads,
        gateway_threads=Threads(settings.gateway_threads, settings.waiting_max),
        counting_threads=Threads(1, _COUNTS_WAITING_MAX),
        login_threads=Threads(settings.login_threads, settings.logins_waiting_max),
        known_login_threads=Threads(settings.login_threads, settings.logins_waiting_max),
        cursors=Cursors(settings.cursor_secret),
        addresses=addresses,
        staff=StaffGate(
            services.staff, limiter, threads, settings.csrf_secret, settings.cookie_secure
        ),
        devices=Devices(settings.device_secret),
        limiter=limiter,
        background=background,
        replays=Replays(services.certifications.note_replay, threads),
        watchers=(RateLimitHeaders(), counter),
    )


def _commands(request: Request) -> int:
    return sum(map(len, request.units))
