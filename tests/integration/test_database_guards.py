"""What the database refuses by itself, whatever the program does."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from psycopg import Connection
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from payflow_adapters.postgres.connection import connect, sqlalchemy_url
from payflow_adapters.postgres.migrate import alembic_config, is_migrated
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_adapters.postgres.store import PostgresStore
from tests.builders.ledger import FundedLedger, ledgers_over, open_funded_ledger
from tests.builders.times import SettableClock
from tests.integration.conftest import new_database

Rows = Connection[tuple[object, ...]]

INSERT_ENTRY = """
    INSERT INTO entries
    SELECT ledger_id, account_id, at + interval '1 second', version + 1, transaction_id, %s, phase,
      amount, debits_posted, credits_posted, debits_pending, credits_pending, sequence
    FROM entries WHERE ledger_id = %s ORDER BY at DESC LIMIT 1
"""


@pytest.fixture(scope="module")
def guarded(postgres_server: EmbeddedServer, migrated: str) -> Iterator[tuple[str, FundedLedger]]:
    """A database, which nothing here changes, and the ledger in it."""
    with new_database(postgres_server, migrated) as name:
        url = postgres_server.url(name)
        clock = SettableClock()
        database = connect(url)
        store = PostgresStore(database, clock)
        yield url, open_funded_ledger(ledgers_over(store.begin, store, clock), wallets=2)
        database.close()


@pytest.fixture
def ledger(guarded: tuple[str, FundedLedger]) -> FundedLedger:
    return guarded[1]


@pytest.fixture
def owner(guarded: tuple[str, FundedLedger]) -> Iterator[Rows]:
    """The owner of the tables, who may do anything that no trigger forbids."""
    with psycopg.connect(guarded[0]) as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("entries", "at"),
        ("journal_blocks", "at"),
        ("gateway_legs", "at"),
        ("security_events", "at"),
        ("audit_log", "at"),
        ("partner_changes", "at"),
        ("certifications", "done_at"),
    ],
)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET {} = {} + interval '1 second'", "DELETE FROM {}", "TRUNCATE {}"],
    ids=["update", "delete", "truncate"],
)
def test_not_even_the_owner_changes_what_is_append_only(
    owner: Rows, ledger: FundedLedger, table: str, column: str, statement: str
) -> None:
    assert ledger.wallets

    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner.execute(statement.format(table, column, column).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET amount = 1",
        "DELETE FROM entries",
        "UPDATE journal_blocks SET bodies = ''",
        "DELETE FROM transactions",
        "UPDATE transactions SET currency = 'USD'",
        "DELETE FROM accounts",
        "UPDATE accounts SET currency = 'USD'",
        "UPDATE ledgers SET partner_id = ''",
        "UPDATE payments SET amount = 1",
        "DELETE FROM payments",
        "UPDATE gateway_legs SET amount = 1",
        "DELETE FROM gateway_legs",
        "UPDATE gateway_notices SET payload = ''",
        "DELETE FROM gateway_notices",
        "UPDATE security_events SET detail = ''",
        "UPDATE partners SET legal_name = ''",
        "UPDATE partner_changes SET actor = ''",
        "DELETE FROM partner_changes",
        "DELETE FROM certifications",
        "UPDATE api_keys SET permissions = '[]'",
        "DELETE FROM api_keys",
        "DELETE FROM security_events",
        "UPDATE audit_log SET actor = ''",
        "DELETE FROM audit_log",
        "UPDATE operators SET role = 'admin'",
        "DELETE FROM operators",
        "UPDATE staff_sessions SET created_at = seen_at",
        "UPDATE staff_idempotency_keys SET body = ''",
        "DROP TABLE wallets",
        "ALTER TABLE entries DISABLE TRIGGER ALL",
    ],
)
def test_the_program_may_not(owner: Rows, statement: str) -> None:
    owner.execute("SET ROLE payflow_app")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute(statement.encode())


@pytest.mark.parametrize("side", ["debit", "credit"])
def test_an_entry_without_its_counterpart_is_refused(
    owner: Rows, ledger: FundedLedger, side: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="differ"):
        owner.execute(INSERT_ENTRY, [side, ledger.id])


@pytest.mark.parametrize(
    "change",
    [
        "debits_posted = credits_posted + 1",
        "debits_pending = credits_posted + 1",
        "credits_pending = -1",
    ],
    ids=["overdraft", "overdraft by a hold", "a counter below zero"],
)
def test_a_wallet_is_not_overdrawn(owner: Rows, ledger: FundedLedger, change: str) -> None:
    statement = f"UPDATE accounts SET {change} WHERE ledger_id = %s AND id = %s"  # noqa: S608

    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(statement.encode(), [ledger.id, ledger.wallets[0]])


@pytest.mark.parametrize(
    ("reversed_amount", "reversing_amount"), [(501, 500), (1001, 0), (0, 1001), (-1, 0), (0, -1)]
)
def test_no_more_is_reversed_or_about_to_be_than_there_was(
    owner: Rows, ledger: FundedLedger, reversed_amount: int, reversing_amount: int
) -> None:
    change = """
        UPDATE transactions SET reversed_amount = %s, reversing_amount = %s
        WHERE ledger_id = %s AND amount = 1000
    """
    owner.execute(change, [400, 600, ledger.id])

    with pytest.raises(psycopg.errors.CheckViolation, match="transactions_reversed_amount_check"):
        owner.execute(change, [reversed_amount, reversing_amount, ledger.id])


def test_the_migrations_make_the_tables_that_the_code_knows(migrated_url: str) -> None:
    engine = create_engine(sqlalchemy_url(migrated_url), poolclass=NullPool)

    with engine.connect() as connection:
        command.check(alembic_config(connection))


def test_the_migrations_go_down_and_up_again(migrated_url: str) -> None:
    engine = create_engine(sqlalchemy_url(migrated_url), poolclass=NullPool)

    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        was_migrated = is_migrated(connection)
        command.upgrade(alembic_config(connection), "head")

        assert not was_migrated
        assert is_migrated(connection)
