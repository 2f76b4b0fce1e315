"""The ASGI application."""

from collections.abc import Callable

import falcon
import structlog
from falcon.asgi import Response, WebSocket

from payflow_domain.errors import PayFlowError
from payflow_http.headers import SingleHeaders
from payflow_http.incoming import ApiRequest
from payflow_http.locating import locate
from payflow_http.observing import AccessLog, RequestIds
from payflow_http.problems import (
    MEDIA_TYPE,
    Problem,
    internal_error,
    problem_of,
    problem_of_http,
)
from payflow_http.resources.admin_api_keys import (
    AdminApiKey,
    AdminApiKeyRotation,
    AdminPartnerKeys,
)
from payflow_http.resources.admin_audit import AuditLog
from payflow_http.resources.admin_events import (
    GatewayEventList,
    GatewayEventReplay,
    SecurityEventList,
)
from payflow_http.resources.admin_limits import AdminPartnerLimits, AdminPartnerUsage
from payflow_http.resources.admin_partners import (
    AdminPartnerItem,
    AdminPartnerList,
    AdminPartnerStatus,
)
from payflow_http.resources.admin_stats import SystemStats
from payflow_http.resources.api_keys import ApiKeyItem, ApiKeyList, ApiKeyRotation
from payflow_http.resources.auth import CsrfToken, Login, Logout, Me
from payflow_http.resources.certification import CertificationItems
from payflow_http.resources.events import Events
from payflow_http.resources.gateway_notices import GatewayNotices
from payflow_http.resources.health import Health, Ready
from payflow_http.resources.movements import Credits, Debits
from payflow_http.resources.partner_applications import PartnerApplications
from payflow_http.resources.payouts import Payouts
from payflow_http.resources.transactions import Reversals, TransactionItem, TransactionList
from payflow_http.resources.transfers import TransferBatches, Transfers
from payflow_http.resources.usage import UsageReport
from payflow_http.resources.wallets import (
    ExternalWallet,
    WalletBalance,
    WalletItem,
    WalletList,
    WalletTransactions,
)
from payflow_http.resources.webhook_deliveries import (
    WebhookDeliveryItem,
    WebhookDeliveryList,
    WebhookRecoveries,
    WebhookRetries,
    WebhookTests,
)
from payflow_http.resources.webhook_endpoints import (
    WebhookEndpointItem,
    WebhookEndpointList,
    WebhookEndpointSwitch,
    WebhookSecretRotation,
)
from payflow_http.services import Api, HttpSettings, Services, make_api
from payflow_http.serving import App, Router

__all__ = ["App", "HttpSettings", "Services", "create_app"]

BASE = "/api/v1"
STAFF_BASE = "/api"

Params = dict[str, object]

# Falcon's own: a WebSocket is closed with 3000 and the status on top.
_WEBSOCKET_CODE_BASE = 3000

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


def create_app(
    services: Services,
    settings: HttpSettings,
    make: Callable[[Services, HttpSettings], Api] = make_api,
) -> App:
    """Build the application that serves ``services``; ``make`` puts its parts together.

    Its queues and threads start and stop with the ASGI lifespan; without one it answers 503.
    """
    api = make(services, settings)
    app = App(request_type=ApiRequest, middleware=_Lifespan(api), router=Router())
    app.add_middleware(RequestIds())
    app.add_middleware(SingleHeaders())
    for watcher in api.watchers:
        app.add_middleware(watcher)
    if settings.access_log:
        app.add_middleware(AccessLog())
    app.req_options.keep_blank_qs_values = True
    app.req_options.auto_parse_qs_csv = False
    _add_routes(app, api)
    app.add_error_handler(Exception, _answer_exception)
    app.add_error_handler(falcon.HTTPError, _answer_http_error)
    app.add_error_handler(PayFlowError, _answer_error)
    app.add_error_handler(Problem, _answer_problem)
    return app


class _Lifespan:
    """Opens and closes what runs beside requests, in the server's event loop."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def process_startup(self, _scope: object, _event: object) -> None:
        self._api.threads.open("payflow-calls")
        self._api.gateway_threads.open("payflow-gateway")
        self._api.login_threads.open("payflow-logins")
        self._api.known_login_threads.open("payflow-known-logins")
        self._api.counting_threads.open("payflow-counting")
        self._api.commits.open()
        self._api.balances.open()
        await self._api.background.open()

    async def process_shutdown(self, _scope: object, _event: object) -> None:
        await self._api.commits.close()
        await self._api.balances.close()
        await self._api.background.close()
        await self._api.threads.close()
        await self._api.gateway_threads.close()
        await self._api.login_threads.close()
        await self._api.known_login_threads.close()
        await self._api.counting_threads.close()


def _add_routes(app: App, api: Api) -> None:
    routes = {
        "/wallets": WalletList(api),
        "/wallets/{wallet_id}": WalletItem(api),
        "/wallets/external/{external_wallet_id:path}": ExternalWallet(api),
        "/wallets/{wallet_id}/balance": WalletBalance(api),
        "/wallets/{wallet_id}/transactions": WalletTransactions(api),
        "/wallets/{wallet_id}/credit": Credits(api),
        "/wallets/{wallet_id}/debit": Debits(api),
        "/payouts": Payouts(api),
        "/transfers": Transfers(api),
        "/transfers/batch": TransferBatches(api),
        "/transactions": TransactionList(api),
        "/transactions/{transaction_id}": TransactionItem(api),
        "/transactions/{transaction_id}/reverse": Reversals(api),
        "/events": Events(api),
        "/api-keys": ApiKeyList(api),
        "/api-keys/{key_id}": ApiKeyItem(api),
        "/api-keys/{key_id}/rotate": ApiKeyRotation(api),
        "/certification": CertificationItems(api),
        "/partner-applications": PartnerApplications(api),
        "/usage": UsageReport(api),
        "/webhooks/stripe": GatewayNotices(api),
        **_webhook_routes(api),
    }
    for path, resource in routes.items():
        app.add_route(BASE + path, resource)
    _add_staff_routes(app, api)
    app.add_route("/health", Health())
    app.add_route("/ready", Ready(api))


def _webhook_routes(api: Api) -> dict[str, object]:
    webhooks = api.services.webhooks
    item = "/webhook-endpoints/{endpoint_id}"
    return {
        "/webhook-endpoints": WebhookEndpointList(api),
        item: WebhookEndpointItem(api),
        f"{item}/disable": WebhookEndpointSwitch(api, webhooks.disable),
        f"{item}/enable": WebhookEndpointSwitch(api, webhooks.enable),
        f"{item}/rotate-secret": WebhookSecretRotation(api),
        f"{item}/test": WebhookTests(api),
        f"{item}/recover": WebhookRecoveries(api),
        f"{item}/deliveries": WebhookDeliveryList(api),
        f"{item}/deliveries/{{delivery_id}}": WebhookDeliveryItem(api),
        f"{item}/deliveries/{{delivery_id}}/retry": WebhookRetries(api),
    }


def _add_staff_routes(app: App, api: Api) -> None:
    routes = {
        "/auth/login": Login(api),
        "/auth/logout": Logout(api),
        "/auth/me": Me(api),
        "/csrf-token": CsrfToken(api),
        "/admin/audit": AuditLog(api),
        "/admin/gateway-events": GatewayEventList(api),
        "/admin/gateway-events/{gateway}/{environment}/{notice_id}/replay": GatewayEventReplay(api),
        "/admin/security-events": SecurityEventList(api),
        "/admin/partners": AdminPartnerList(api),
        "/admin/partners/{partner_id}": AdminPartnerItem(api),
        "/admin/partners/{partner_id}/status": AdminPartnerStatus(api),
        "/admin/partners/{partner_id}/api-keys": AdminPartnerKeys(api),
        "/admin/api-keys/{key_id}": AdminApiKey(api),
        "/admin/api-keys/{key_id}/rotate": AdminApiKeyRotation(api),
        "/admin/partners/{partner_id}/limits": AdminPartnerLimits(api),
        "/admin/partners/{partner_id}/usage": AdminPartnerUsage(api),
        "/admin/system/stats": SystemStats(api),
    }
    for path, resource in routes.items():
        app.add_route(STAFF_BASE + path, resource)


async def _answer_problem(
    req: ApiRequest,
    resp: Response | None,
    problem: Problem,
    _params: Params,
    ws: WebSocket | None = None,
) -> None:
    if ws is not None:
        await ws.close(_WEBSOCKET_CODE_BASE + problem.status)
    if resp is None:
        return
    resp.status = problem.status
    resp.content_type = MEDIA_TYPE
    resp.data = problem.body(req.request_id)
    for name, value in problem.headers.items():
        resp.set_header(name, value)


async def _answer_error(
    req: ApiRequest,
    resp: Response | None,
    error: PayFlowError,
    params: Params,
    ws: WebSocket | None = None,
) -> None:
    await _answer_problem(req, resp, problem_of(error, locate(error, req.document)), params, ws)


async def _answer_http_error(
    req: ApiRequest,
    resp: Response | None,
    error: falcon.HTTPError,
    params: Params,
    ws: WebSocket | None = None,
) -> None:
    await _answer_problem(req, resp, problem_of_http(error), params, ws)


async def _answer_exception(
    req: ApiRequest,
    resp: Response | None,
    error: Exception,
    params: Params,
    ws: WebSocket | None = None,
) -> None:
    route = req.uri_template
    _logger.error("request_failed", request_id=req.request_id, route=route, exc_info=error)
    await _answer_problem(req, resp, internal_error(), params, ws)
