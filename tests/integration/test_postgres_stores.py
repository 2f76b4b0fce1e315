"""The stores in PostgreSQL keep what the ports promise, and do what a simple model does."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import ClassVar

import pytest
from hypothesis import Phase, settings

from payflow_adapters.postgres.connection import connect
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_adapters.postgres.store import PostgresStore
from tests.builders.times import SettableClock
from tests.contracts.access_store import KeyStoreContract
from tests.contracts.ledger_machine import LedgerMachine
from tests.contracts.ledger_store import LedgerStoreContract
from tests.contracts.partner_store import PartnerStoreContract
from tests.contracts.wallet_store import WalletStoreContract
from tests.integration.conftest import new_database


class _OnPostgres:
    @pytest.fixture
    def store(self, clock: SettableClock, migrated_url: str) -> Iterator[PostgresStore]:
        database = connect(migrated_url)
        yield PostgresStore(database, clock)
        database.close()


class TestPostgresLedgerStore(_OnPostgres, LedgerStoreContract):
    pass


class TestPostgresWalletStore(_OnPostgres, WalletStoreContract):
    pass


class TestPostgresPartnerStore(_OnPostgres, PartnerStoreContract):
    pass


class TestPostgresKeyStore(_OnPostgres, KeyStoreContract):
    pass


class PostgresMachine(LedgerMachine):
    server: ClassVar[EmbeddedServer]
    template: ClassVar[str]

    def make_store(self, clock: SettableClock) -> PostgresStore:
        self.opened = ExitStack()
        name = self.opened.enter_context(new_database(self.server, self.template))
        database = connect(self.server.url(name))
        self.opened.callback(database.close)
        return PostgresStore(database, clock)

    def teardown(self) -> None:
        super().teardown()
        self.opened.close()


class TestPostgresMachine(PostgresMachine.TestCase):  # type: ignore[misc,valid-type]  # made anew
    # Each example is a database, so a failing one is shown as it was found.
    settings = settings(
        max_examples=15,
        stateful_step_count=25,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
    )

    @pytest.fixture(autouse=True)
    def on(self, postgres_server: EmbeddedServer, migrated: str) -> None:
        PostgresMachine.server = postgres_server
        PostgresMachine.template = migrated
