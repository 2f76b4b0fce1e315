"""Every read for a partner is made in the role that sees its ledger only, and by an index."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from attrs import frozen
from sqlalchemy import Connection, Engine, event, text

from payflow_adapters.postgres.connection import DatabaseUnavailable, connect
from payflow_adapters.postgres.store import PostgresStore
from payflow_domain.ids import AccountId, DeliveryId, EndpointId, LedgerId, TransactionId
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.transactions import Status, TransactionType
from payflow_domain.partners.certification import CertificationItem
from payflow_domain.wallets.model import WalletStatus
from payflow_domain.wallets.ports import WalletFilter
from payflow_domain.webhooks.deliveries import DeliveryStatus
from payflow_domain.webhooks.ports import DeliveryFilter
from tests.builders.times import START, SettableClock
from tests.integration.isolation.tenant_tables import MINE, OTHERS, Rows

# These have nothing: what is looked at is what was asked.
EMPTY = LedgerId(3)
WALLET = AccountId("wal_1")
TRANSACTION = TransactionId("txn_1")
ENDPOINT = EndpointId("whk_1")
DELIVERY = DeliveryId("dlv_1")
FIRST = Page(20)

READS: Mapping[str, Callable[[PostgresStore], object]] = {
    "ledger": lambda store: store.ledger(EMPTY),
    "accounts": lambda store: store.accounts([(EMPTY, WALLET)]),
    "account_at": lambda store: store.account_at(EMPTY, WALLET, START),
    "statement": lambda store: store.statement(EMPTY, WALLET, FIRST),
    "statement, a later page": lambda store: store.statement(
        EMPTY, WALLET, Page(20, f"{START.isoformat()} 1")
    ),
    "transaction": lambda store: store.transaction(EMPTY, TRANSACTION),
    "transactions": lambda store: store.transactions(EMPTY, TransactionFilter(), FIRST),
    "transactions, filtered, a later page": lambda store: store.transactions(
        EMPTY,
        TransactionFilter(WALLET, Status.POSTED, TransactionType.CREDIT),
        Page(20, TRANSACTION),
    ),
    "transactions, failed": lambda store: store.transactions(
        EMPTY, TransactionFilter(WALLET, Status.VOIDED), FIRST
    ),
    "transactions, pending, a later page": lambda store: store.transactions(
        EMPTY, TransactionFilter(WALLET, Status.PENDING), Page(20, TRANSACTION)
    ),
    "events": lambda store: store.events(EMPTY, 0, 20),
    "wallet": lambda store: store.wallet(EMPTY, WALLET),
    "wallet_by_external_id": lambda store: store.wallet_by_external_id(EMPTY, "an id"),
    "wallets": lambda store: store.wallets(EMPTY, WalletFilter(), FIRST),
    "wallets, filtered, a later page": lambda store: store.wallets(
        EMPTY, WalletFilter("a user", "EUR", WalletStatus.ACTIVE), Page(20, WALLET)
    ),
    "payment": lambda store: store.payment(EMPTY, TRANSACTION),
    "certified": lambda store: store.certified(EMPTY),
    "endpoint": lambda store: store.endpoint(EMPTY, ENDPOINT),
    "endpoints": lambda store: store.endpoints(EMPTY, FIRST),
    "endpoints, a later page": lambda store: store.endpoints(EMPTY, Page(20, ENDPOINT)),
    "delivery": lambda store: store.delivery(EMPTY, ENDPOINT, DELIVERY),
    "deliveries": lambda store: store.deliveries(EMPTY, ENDPOINT, DeliveryFilter(), FIRST),
    "route_days": lambda store: store.route_days(EMPTY, START.date(), START.date()),
    "minutes": lambda store: store.minutes(EMPTY, START.date()),
    "key_days": lambda store: store.key_days(EMPTY, START.date(), START.date()),
    "volumes_between": lambda store: store.volumes_between(EMPTY, START.date(), START.date()),
    "volumes_sequence": lambda store: store.volumes_sequence(EMPTY),
    "deliveries, filtered, a later page": lambda store: store.deliveries(
        EMPTY, ENDPOINT, DeliveryFilter(DeliveryStatus.PENDING, "a type"), Page(20, DELIVERY)
    ),
}
"""A call of every method that reads a ledger. Up to a comma: its name."""

COMPOSED: Mapping[str, Callable[[PostgresStore], object]] = {
    "evidence": lambda store: store.evidence(EMPTY, frozenset(CertificationItem)),
}
"""The same, of methods whose statements are too long to be taken apart here."""

NAMING = {"ledger_id", "wanted"}
"""Parameters that say of which ledger a method reads."""

OF_ALL = {
    "legs_at_gateway": "reconciling compares all that a gateway has with what was booked",
    "keys": "what is kept of API keys is not for the role of partners, whose rows have digests",
}
"""Methods with such a parameter that the program reads for itself, and why."""

_SOURCE = re.compile(r"\bFROM (.*?)(?: WHERE| ORDER BY| LIMIT|$)")
_WANTED = re.compile(r"unnest\(.*?\) AS w\(.*?\) JOIN (.*?) USING \(.*?\)")

reads = pytest.mark.parametrize("read", READS.values(), ids=READS)
every_read = pytest.mark.parametrize(
    "read", [*READS.values(), *COMPOSED.values()], ids=[*READS, *COMPOSED]
)


@frozen
class Sent:
    """A statement that a reader has sent."""

    sql: str
    values: Any

    @property
    def source(self) -> str:
        """Return the tables it reads and how they are joined, without its WHERE."""
        found = _SOURCE.search(" ".join(self.sql.split()))
        assert found, self.sql
        return _WANTED.sub(r"\1", found[1])

    def ledgers_seen(self, connection: Connection) -> set[int]:
        """Return of which ledgers it would show rows without its WHERE."""
        table = self.source.split(" JOIN ")[0].split()[-1]
        column = "id" if table == "ledgers" else "ledger_id"
        query = text(f"SELECT DISTINCT {table}.{column} FROM {self.source}")  # noqa: S608
        return set(connection.execute(query).scalars())

    def scans(self, connection: Connection) -> list[str]:
        """Return how its rows are found, a line for each table and each condition."""
        plan = connection.exec_driver_sql(f"EXPLAIN {self.sql}", self.values).scalars()
        return [line.strip(" ->") for line in plan if " Scan " in line or "Index Cond" in line]


@pytest.fixture
def store(filled: str) -> Iterator[PostgresStore]:
    store = PostgresStore(connect(filled), SettableClock())
    yield store
    store.database.close()


@contextmanager
def listening(engine: Engine) -> Iterator[list[Sent]]:
    """Note what is sent through an engine."""
    heard: list[Sent] = []

    def note(_: object, __: object, sql: str, values: object, *___: object) -> None:
        heard.append(Sent(sql, values))

    event.listen(engine, "before_cursor_execute", note)
    yield heard
    event.remove(engine, "before_cursor_execute", note)


def test_every_method_that_reads_a_ledger_is_listed_here() -> None:
    methods = inspect.getmembers(PostgresStore, inspect.isfunction)

    found = {
        name
        for name, method in methods
        if not name.startswith("_") and inspect.signature(method).parameters.keys() & NAMING
    }

    assert found == {name.partition(",")[0] for name in READS} | COMPOSED.keys() | OF_ALL.keys()


@every_read
def test_it_is_made_in_the_role_of_partners(
    store: PostgresStore, read: Callable[[PostgresStore], object]
) -> None:
    database = store.database
    with listening(database.partner) as sent, listening(database.reader) as elsewhere:
        read(store)

    assert sent
    assert elsewhere == []


@reads
def test_without_its_where_it_shows_nothing_of_another_ledger(
    store: PostgresStore, read: Callable[[PostgresStore], object]
) -> None:
    with listening(store.database.partner) as sent:
        read(store)

    (statement,) = sent
    with store.database.reading_of(MINE) as connection:
        assert statement.ledgers_seen(connection) == {MINE}
    with store.database.reading_of(MINE, OTHERS) as connection:
        assert statement.ledgers_seen(connection) == {MINE, OTHERS}


@reads
def test_it_finds_its_rows_by_an_index_on_the_ledger(
    store: PostgresStore, read: Callable[[PostgresStore], object]
) -> None:
    with listening(store.database.partner) as sent:
        read(store)

    (statement,) = sent
    with store.database.reading_of(MINE) as connection:
        lines = statement.scans(connection)
    scans = [line for line in lines if " Scan " in line and not line.startswith("Function")]
    conditions = [line for line in lines if "Index Cond" in line]
    assert scans
    assert all(line.startswith("Index Scan") for line in scans), lines
    assert len(conditions) == len(scans)
    # What the query asks for, and what the policy does.
    assert all(re.search(r"\(\(?(ledger_)?id = [^A]", line) for line in conditions), lines
    assert all("id = ANY" in line for line in conditions), lines


def test_ledgers_are_named_for_one_statement_only(store: PostgresStore) -> None:
    with store.database.reading_of(MINE) as connection:
        connection.execute(text("SELECT 1"))
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)

        seen = raw.execute("SELECT count(*) FROM wallets").fetchone()

    assert seen == (0,)


def test_where_a_statement_fails_the_next_one_names_its_own_ledgers(store: PostgresStore) -> None:
    with pytest.raises(DatabaseUnavailable), store.database.reading_of(MINE) as connection:
        connection.execute(text("SELECT 1 / 0"))

    with store.database.reading_of(OTHERS) as connection:
        seen = connection.execute(text("SELECT ledger_id FROM wallets")).scalars().all()

    assert seen == [OTHERS]


def test_a_connection_that_names_no_ledger_sees_nothing(store: PostgresStore) -> None:
    with store.database.partner.connect() as connection:
        seen = connection.execute(text("SELECT ledger_id FROM wallets")).all()

    assert seen == []


def test_a_connection_that_the_server_has_closed_is_replaced(
    store: PostgresStore, owner: Rows
) -> None:
    pids = []
    for engine in (store.database.reader, store.database.partner):
        with engine.connect() as connection:
            pids.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    ended = owner.execute(
        "SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM unnest(%s) AS pid", [pids]
    )

    assert ended.fetchone() == (True,)
    assert store.ledger(EMPTY) is None
    assert store.payment_of(TRANSACTION) is None
