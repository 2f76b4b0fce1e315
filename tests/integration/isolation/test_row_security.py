"""PostgreSQL itself keeps partners apart: a query that forgets its WHERE shows no other's rows."""

from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from payflow_adapters.postgres.connection import connect
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_adapters.postgres.verify import snapshot, verify
from tests.integration.isolation.tenant_tables import (
    MINE,
    OTHERS,
    Rows,
    TenantTable,
    tenant_tables,
)

NAME = "SELECT set_config('payflow.ledgers', %s, false)"

_POLICIES = """
    SELECT tablename, roles::text[], cmd, permissive FROM pg_policies
    WHERE schemaname = 'public' ORDER BY tablename, cmd
"""
_VIEWS = """
    SELECT relname, coalesce('security_invoker=true' = ANY (reloptions), false) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
"""
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm', 'f')
"""
_UPDATABLE = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
      AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND has_any_column_privilege('payflow_partner', oid, 'INSERT, UPDATE')
"""


@pytest.fixture
def partner(owner: Rows) -> Rows:
    """A connection in the role in which partners' reads are made, allowed to try any table."""
    owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO payflow_partner")
    owner.execute("SET LOCAL ROLE payflow_partner")
    return owner


def ledgers_seen(connection: Rows) -> dict[str, set[int]]:
    return {table.name: table.ledgers_seen(connection) for table in tenant_tables(connection)}


def each_sees(connection: Rows, *ledger_ids: int) -> dict[str, set[int]]:
    return {table.name: {*ledger_ids} for table in tenant_tables(connection)}


def test_the_owner_sees_every_ledger(owner: Rows) -> None:
    assert ledgers_seen(owner) == each_sees(owner, MINE, OTHERS)


def test_the_program_sees_every_ledger(owner: Rows) -> None:
    owner.execute("SET LOCAL ROLE payflow_app")

    assert ledgers_seen(owner) == each_sees(owner, MINE, OTHERS)


@pytest.mark.parametrize(
    ("named", "seen"),
    [("{1}", [1]), ("{2}", [2]), ("{1,2}", [1, 2]), ("{3}", []), ("{}", []), ("", [])],
)
def test_of_every_table_a_partner_sees_the_ledgers_that_are_named(
    partner: Rows, named: str, seen: list[int]
) -> None:
    partner.execute(NAME, [named])

    assert ledgers_seen(partner) == each_sees(partner, *seen)


def test_where_no_ledger_was_ever_named_a_partner_sees_nothing(partner: Rows) -> None:
    assert ledgers_seen(partner) == each_sees(partner)


def test_the_view_of_events_is_no_way_around(partner: Rows) -> None:
    partner.execute(NAME, ["{1}"])

    assert TenantTable("events", "ledger_id").ledgers_seen(partner) == {MINE}


def test_every_view_shows_what_who_asks_may_see(owner: Rows) -> None:
    views = owner.execute(_VIEWS).fetchall()

    assert views
    assert [name for name, as_who_asks in views if not as_who_asks] == []


def test_every_table_of_ledgers_has_a_policy_for_the_program_and_one_for_partners(
    owner: Rows,
) -> None:
    policies = owner.execute(_POLICIES).fetchall()

    assert policies == [
        (name, [role], command, "PERMISSIVE")
        for name in sorted(table.name for table in tenant_tables(owner))
        for role, command in (("payflow_app", "ALL"), ("payflow_partner", "SELECT"))
    ]


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"],
    ids=["insert", "delete", "truncate", "drop"],
)
def test_a_partners_reads_write_nothing(owner: Rows, statement: str) -> None:
    owner.execute("SET LOCAL ROLE payflow_partner")

    for (name,) in owner.execute(_TABLES).fetchall():
        with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
            owner.execute(sql.SQL(statement).format(sql.Identifier(name)))


def test_a_partners_reads_update_nothing(owner: Rows) -> None:
    assert owner.execute(_UPDATABLE).fetchall() == []


@pytest.mark.parametrize("name", ["partners", "api_keys", "idempotency_keys", "security_events"])
def test_what_no_read_of_a_partner_needs_may_not_be_read_whole(owner: Rows, name: str) -> None:
    owner.execute("SET LOCAL ROLE payflow_partner")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))


def test_who_may_be_the_program_may_read_for_partners(
    filled: str, postgres_server: EmbeddedServer
) -> None:
    """A login that is not the owner needs no other grant than before."""
    user = f"user_{uuid4().hex}"
    database = filled.rsplit("/", 1)[1]
    url = postgres_server.url(database, user)
    password = url.split(":")[2].split("@")[0]
    create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE payflow_app")
    with psycopg.connect(postgres_server.url(database, "postgres"), autocommit=True) as superuser:
        superuser.execute(create.format(sql.Identifier(user), sql.Literal(password)))
        try:
            reading = connect(url)
            with reading.reading_of(MINE) as connection:
                found = connection.execute(text("SELECT id FROM ledgers")).scalars().all()
            reading.close()
        finally:
            superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user)))

    assert found == [MINE]


def test_books_are_not_verified_by_who_sees_a_part_of_them(filled: str) -> None:
    with snapshot(filled) as connection:
        connection.execute("SET ROLE payflow_partner")
        connection.execute("SET payflow.ledgers = '{1}'")

        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            verify(connection)
