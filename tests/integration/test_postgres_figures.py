"""What is in PostgreSQL is counted as the port promises, and within bounds."""

from collections.abc import Iterator, Sequence

import psycopg
import pytest

from payflow_adapters.postgres import figures as module
from payflow_adapters.postgres import figures_statements as statements
from payflow_adapters.postgres.connection import connect
from payflow_adapters.postgres.figures import PostgresFigures
from payflow_adapters.postgres.store import PostgresStore
from payflow_domain.oversight.figures import FigureUnavailable, SlowStatement
from tests.builders.times import START, SettableClock
from tests.contracts.figures import FiguresContract

# What the extension shows, as a table: the server of the tests comes without it.
Values = Sequence[object] | dict[str, object]

STATISTICS = """
    CREATE TABLE pg_stat_statements AS
    SELECT oid AS dbid, query, calls, total_exec_time, mean_exec_time, rows
    FROM pg_database, (VALUES
      ('SELECT 1', 2::bigint, 20.0::float8, 10.0::float8, 2::bigint),
      (repeat('x', 600), 3, 30.5, 10.25, 7),
      ('SELECT 3', 1, 1.0, 1.0, 1)
    ) AS shown (query, calls, total_exec_time, mean_exec_time, rows)
    WHERE datname = current_database();
    GRANT SELECT ON pg_stat_statements TO payflow_app;
"""


class TestPostgresFigures(FiguresContract):
    @pytest.fixture
    def store(self, clock: SettableClock, migrated_url: str) -> Iterator[PostgresStore]:
        database = connect(migrated_url)
        yield PostgresStore(database, clock)
        database.close()

    @pytest.fixture
    def figures(self, store: PostgresStore) -> PostgresFigures:
        return PostgresFigures(store.database)

    def test_a_figure_that_takes_too_long_is_given_up(
        self, figures: PostgresFigures, migrated_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "COUNTING_SECONDS_MAX", 1)
        with psycopg.connect(migrated_url) as owner:
            owner.execute("LOCK TABLE partners IN ACCESS EXCLUSIVE MODE")

            with pytest.raises(FigureUnavailable, match="longer than 1 seconds"):
                figures.partners_by_status()

        assert figures.partners_by_status() == {}

    def test_connections_are_counted(self, store: PostgresStore, figures: PostgresFigures) -> None:
        with store.database.writing(), store.database.reading():
            told = figures.connections()

        assert told["writers"] == {"inUse": 1, "max": 2, "waiting": 0}
        assert told["readers"] == {"inUse": 1, "max": 8}
        assert told["partnerReaders"] == {"inUse": 0, "max": 8}
        assert 3 <= told["server"]["inUse"] <= told["server"]["max"]

    def test_without_the_extension_there_are_no_statements(self, figures: PostgresFigures) -> None:
        with pytest.raises(FigureUnavailable, match="pg_stat_statements"):
            figures.slowest_statements(3)

    def test_with_the_extension_the_slowest_statements_are_listed(
        self, figures: PostgresFigures, migrated_url: str
    ) -> None:
        with psycopg.connect(migrated_url) as owner:
            owner.execute(STATISTICS)

        assert figures.slowest_statements(2) == [
            SlowStatement("x" * 500, 3, 30.5, 10.25, 7),
            SlowStatement("SELECT 1", 2, 20.0, 10.0, 2),
        ]

    @pytest.mark.parametrize(
        ("statement", "values", "index"),
        [
            (statements.DAILY_VOLUMES, {"first": START.date(), "amount_max": 1}, "volumes_pkey"),
            (statements.PENDING, {"edges": [START]}, "transactions_pending"),
            (
                statements.GATEWAY,
                {"gateway": "mock", "environment": "sandbox"},
                "gateway_notices_gateway",
            ),
            (statements.GATEWAY, {"gateway": "mock", "environment": "sandbox"}, "payments_due"),
            (
                statements.WEBHOOKS,
                {"first_id": "dlv_0", "since": START},
                "webhook_deliveries_pkey",
            ),
            (statements.WEBHOOKS, {"first_id": "dlv_0", "since": START}, "webhook_deliveries_due"),
            (statements.SECURITY_EVENTS, [START], "security_events_at"),
        ],
    )
    def test_no_figure_needs_all_of_a_large_table(
        self, store: PostgresStore, statement: str, values: Values, index: str
    ) -> None:
        with store.database.writing() as connection:
            # What the planner has left for a table that grows is the index, if there is one.
            connection.execute("SET LOCAL enable_bitmapscan = on")
            plan = connection.execute(f"EXPLAIN {statement}".encode(), values).fetchall()

        lines = "\n".join(line for (line,) in plan)
        assert index in lines, lines
        for table in ("transactions", "payments", "gateway_notices", "webhook_deliveries"):
            assert f"Seq Scan on {table}" not in lines, lines
