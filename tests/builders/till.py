"""A partner's till beside a real database and a mock gateway, without HTTP in between."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from payflow_adapters.gateways.mock import MockGateway
from payflow_bootstrap.containers import Core, make_core
from payflow_bootstrap.gateways import make_mock
from payflow_bootstrap.settings import read_settings
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ids import AccountId
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.money import Money
from payflow_domain.payments.service import Asked
from payflow_domain.wallets.model import NewWallet, Wallet
from payflow_http.answers import render_payment_for
from tests.builders.api_server import SESSION_SECRET
from tests.builders.http_client import Json

REQUEST_ID = "a request"
ASKED = Asked(render_payment_for(REQUEST_ID), request_id=REQUEST_ID)


@frozen
class Till:
    """Wallets of one partner and the gateway behind them; ``environment`` is that of programs."""

    environment: Mapping[str, str]
    core: Core
    mock: MockGateway
    actor: Actor

    def wallet(self) -> AccountId:
        opened = self.core.wallets().create(self.actor, NewWallet("A wallet", "EUR"))
        assert isinstance(opened, Wallet)
        return opened.id

    def charge(
        self, wallet_id: AccountId, method: str = "pm_card_visa", amount: int = 5_000
    ) -> Json:
        """Pay in by card; return what the partner is answered."""
        money = Money(amount, "EUR")
        answer = self.core.payments().credit(self.actor, wallet_id, money, method, ASKED)
        assert isinstance(answer, Answer)
        return _members(answer.body)

    def charge_at_gateway(self, transaction_id: str) -> str:
        """Return the gateway's id of a charge."""
        payment = self.core.payments().charge_of(self.actor, transaction_id)
        assert payment is not None
        assert payment.gateway_id is not None
        return payment.gateway_id

    def status_of(self, transaction_id: str) -> str:
        return self.core.history().transaction(self.actor, transaction_id).status.value

    def posted(self, account_id: AccountId) -> int:
        return self.core.ledgers().balance(self.actor.ledger_id, account_id).balance.posted

    def tell_of_all(self) -> None:
        """Bring what the gateway has to tell to its door."""
        for notice in self.mock.due_notices():
            self.core.notices().receive(notice.payload, notice.signature)
            self.mock.mark_delivered(notice.id)


@contextmanager
def open_till(database_url: str, directory: Path) -> Iterator[Till]:
    """Set up a partner on a migrated database; the mock's file is in ``directory``."""
    environment = {
        "PAYFLOW_DATABASE_URL": database_url,
        "PAYFLOW_SANDBOX_GATEWAY": "mock",
        "PAYFLOW_MOCK_GATEWAY_FILE": str(directory / "mock-gateway.sqlite3"),
        "PAYFLOW_LOG_LEVEL": "warning",
        "SESSION_SECRET": SESSION_SECRET,
    }
    settings = read_settings(environment)
    core = make_core(settings)
    mock = make_mock(settings, core.clock())
    assert mock is not None
    try:
        _, ledger = core.partners().approve("RoSaBank")
        _, secret = core.access().issue_key(ledger, "A key", ALL_PERMISSIONS)
        yield Till(environment, core, mock, core.access().authenticate(secret))
    finally:
        mock.close()
        core.database().close()


def _members(body: bytes) -> Json:
    members = json.loads(body)
    assert isinstance(members, dict)
    return members
