"""The API over stores in memory, with a partner who may do everything."""

from collections.abc import Mapping
from typing import NoReturn

import falcon.testing
import orjson
from argon2 import PasswordHasher
from attrs import define, evolve

from payflow_adapters.bounded_audit_log import BoundedAuditLog
from payflow_adapters.currencies import iso_currencies
from payflow_adapters.encoding import encode_json
from payflow_adapters.gateways.chosen import Gateways
from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.ids import UuidSource
from payflow_adapters.memory import MemoryStore
from payflow_adapters.passwords import Argon2Hasher
from payflow_adapters.secret_source import SystemSecrets
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_domain.access.audit import COMMAND_LINE, AuditEntry, AuditFilter
from payflow_domain.access.key_service import ApiKeys
from payflow_domain.access.limit_service import Limits
from payflow_domain.access.limits import DEFAULT_LIMITS
from payflow_domain.access.operator_service import Operators
from payflow_domain.access.operators import Role
from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from payflow_domain.access.refusals import Refusals
from payflow_domain.access.service import Access
from payflow_domain.access.staff import Staff
from payflow_domain.access.usage_service import Usage
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.volumes import VolumeRoller
from payflow_domain.oversight.service import Oversight
from payflow_domain.partners.certifying import Certifications
from payflow_domain.partners.metering import Metering
from payflow_domain.partners.onboarding import Onboarding
from payflow_domain.partners.service import Partners
from payflow_domain.payments.desk import Desk
from payflow_domain.payments.notices import Notices
from payflow_domain.payments.resolving import Resolver
from payflow_domain.payments.service import Payments
from payflow_domain.wallets.history import History
from payflow_domain.wallets.service import Wallets
from payflow_domain.webhooks.delivery_service import Deliveries
from payflow_domain.webhooks.desk import EndpointDesk
from payflow_domain.webhooks.service import Webhooks
from payflow_http.answers import render_payment_for
from payflow_http.app import App, HttpSettings, Services, create_app
from payflow_http.staff import csrf_token_of
from tests.builders.times import SettableClock

SETTINGS = HttpSettings(
    cursor_secret=b"a secret of thirty-two bytes ...",
    csrf_secret=b"another one, of thirty-two bytes",
    device_secret=b"a third one, of thirty-two bytes",
    access_log=False,
)
BASE = "/api/v1"
PASSWORD = "a password of staff"
# As quick as Argon2 gets: what is kept in memory needs no protection.
HASHER = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@define
class World:
    """A partner, its key, and the API that it calls."""

    services: Services
    ledger: Ledger
    partners: Partners
    clock: SettableClock
    mock: MockGateway
    resolver: Resolver
    volume_roller: VolumeRoller
    operators: Operators
    audit_log: BoundedAuditLog
    key: str
    settings: HttpSettings = SETTINGS

    @property
    def app(self) -> App:
        return create_app(self.services, self.settings)

    @property
    def client(self) -> falcon.testing.TestClient:
        return falcon.testing.TestClient(self.app)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> falcon.testing.Result:
        """Call the API; a body of bytes goes as it is, anything else as JSON."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {"Authorization": f"Bearer {self.key if key is None else key}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        return self.client.simulate_request(
            method,
            BASE + path,
            headers=sent | dict(headers or {}),
            body=content if body is not None else None,
            query_string=query,
        )

    def get(self, path: str, query: str = "", key: str | None = None) -> falcon.testing.Result:
        return self.call("GET", path, query=query, key=key)

    def post(
        self, path: str, body: object = None, *, idempotency_key: str | None = None
    ) -> falcon.testing.Result:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self.call("POST", path, body, headers=headers)

    def wallet(self, amount: int = 0, currency: str = "EUR", **members: object) -> str:
        """Open a wallet with ``amount`` in it; return its id."""
        body = {"name": "A wallet", "currency": currency, **members}
        wallet_id = str(self.post("/wallets", body).json["id"])
        if amount:
            self.post(f"/wallets/{wallet_id}/credit", {"amount": amount, "currency": currency})
        return wallet_id

    def available(self, wallet_id: str) -> int:
        return int(self.get(f"/wallets/{wallet_id}/balance").json["available"])

    def key_with(self, *permissions: Permission, ledger: Ledger | None = None) -> str:
        """Issue a key that may do only what is listed."""
        access = self.services.access
        return access.issue_key(ledger or self.ledger, "A key", frozenset(permissions))[1]

    def log_in(self, role: Role = Role.ADMIN, username: str | None = None) -> dict[str, str]:
        """Open a session of a new operator; return the headers that our pages send."""
        name = username or f"{role.value}{len(self.operators.list())}"
        self.operators.create(COMMAND_LINE, name, role, PASSWORD)
        session_id = self.services.staff.log_in(name, PASSWORD, None).session_id
        token = csrf_token_of(self.settings.csrf_secret, session_id)
        return {"Cookie": f"payflow_session={session_id}", "X-CSRF-Token": token}

    def admin(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        query: str = "",
        body: object = None,
    ) -> falcon.testing.Result:
        """Call the admin API with the headers of a session."""
        return self.client.simulate_request(
            method, f"/api/admin{path}", headers=headers, query_string=query, json=body
        )

    def audited(self, action: str | None = None) -> list[AuditEntry]:
        """Return the last entries of the audit log, newest first."""
        self.audit_log.flush()
        found = self.services.staff.reader.audit_entries(AuditFilter(action=action), Page(100))
        return [record.entry for record in found]

    def deliver_notices(self) -> list[falcon.testing.Result]:
        """Bring what the mock gateway has to tell to its door."""
        answers = []
        for notice in self.mock.due_notices():
            answers.append(self.notify(notice.payload, notice.signature))
            self.mock.mark_delivered(notice.id)
        return answers

    def notify(self, payload: bytes, signature: str) -> falcon.testing.Result:
        return self.client.simulate_post(
            f"{BASE}/webhooks/stripe", body=payload, headers={"Stripe-Signature": signature}
        )

    def other_partner_key(self) -> str:
        _, ledger = self.partners.approve("Another")
        return self.key_with(*ALL_PERMISSIONS, ledger=ledger)

    def failing_with(self, error: Exception) -> "World":
        """Return the same world, whose books cannot be written any more."""

        def begin() -> NoReturn:
            raise error

        services = evolve(
            self.services,
            ledgers=evolve(self.services.ledgers, begin=begin),
            wallets=evolve(self.services.wallets, begin=begin),
        )
        return evolve(self, services=services)


def make_world() -> World:
    clock, ids = SettableClock(), UuidSource()
    store = MemoryStore(clock)
    ledgers = Ledgers(store.begin, store, clock, ids, encode_json)
    mock = MockGateway(":memory:", clock, "a secret of the mock gateway")
    gateways = Gateways(sandbox=mock, live=None)
    desk = Desk(store.begin, ledgers, clock)
    audit_log = BoundedAuditLog(store.begin)
    refusals, secrets = Refusals(audit_log, clock), SystemSecrets()
    notices = Notices(store.begin, store, desk, gateways, store, clock, render_payment_for)
    certifications = Certifications(store.begin, store, clock)
    usage = Usage(store, clock)
    endpoints = EndpointDesk(store.begin, store, clock)
    services = Services(
        ledgers=ledgers,
        payments=Payments(desk, store, gateways, clock),
        notices=notices,
        webhooks=Webhooks(endpoints, AddressGuard(loopback_open=False), ids, secrets),
        deliveries=Deliveries(endpoints, ids, encode_json),
        wallets=Wallets(store.begin, store, clock, ids, encode_json, iso_currencies()),
        history=History(ledgers),
        access=Access(store.begin, store, clock, ids, secrets),
        api_keys=ApiKeys(store.begin, store, clock, ids, secrets),
        onboarding=Onboarding(store.begin, store, certifications, clock, ids, iso_currencies()),
        certifications=certifications,
        staff=Staff(store.begin, store, HASHER, refusals, secrets, clock),
        oversight=Oversight(store.begin, notices, store, store, clock),
        limits=Limits(store),
        usage=usage,
        metering=Metering(store.begin, store, usage, clock, DEFAULT_LIMITS),
        ready=lambda: True,
    )
    partners = Partners(store.begin, store, clock, ids)
    _, ledger = partners.approve("RoSaBank")
    key = services.access.issue_key(ledger, "A key", ALL_PERMISSIONS)[1]
    resolver = Resolver(store.begin, desk, gateways, clock, render_payment_for)
    operators = Operators(store.begin, store, HASHER, clock, ids)
    roller = VolumeRoller(store.begin, store)
    return World(
        services, ledger, partners, clock, mock, resolver, roller, operators, audit_log, key
    )


def transfer(
    from_id: str, to_id: str, amount: object = 100, **members: object
) -> dict[str, object]:
    return {
        "fromWalletId": from_id,
        "toWalletId": to_id,
        "amount": amount,
        "currency": "EUR",
        **members,
    }
