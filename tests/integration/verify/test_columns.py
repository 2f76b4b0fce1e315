"""Each column of the books is proved: changing it in one row is found, whatever it is.

A column that is added later has to be proved, or to be named here and in ``docs/operations.md``.
"""

from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from payflow_adapters.postgres.verify import Fault, verify
from tests.integration.verify.books import Books

ROWS: dict[str, LiteralString] = {
    "ledgers": "id = 1",
    "accounts": "ledger_id = 1 AND id = 'gateway_clearing:EUR'",
    "transactions": "id = %(charged)s",
    "entries": "transaction_id = %(charged)s AND side = 'debit' AND phase = 'settled'",
    "journal_blocks": "ledger_id = 1 AND first_sequence = 1",
    "wallets": "ledger_id = 1 AND id = %(debtor)s",
    "payments": "gateway_id = 'ch_1'",
    "gateway_legs": "gateway_id = 'ch_1'",
    "volumes": "ledger_id = 1 AND type = 'credit'",
}

CHANGES: dict[str, LiteralString] = {
    "bigint": "coalesce({column}, 0) + 1",
    "numeric": "{column} + 1",
    "text": "coalesce({column}, '') || 'x'",
    "boolean": "NOT {column}",
    "date": "{column} + 1",
    "timestamp with time zone": "coalesce({column}, now()) + interval '1 second'",
    "json": """'{{"x": "y"}}'""",
    "bytea": "sha256({column})",
}

NOT_PROVED = {
    "ledgers": {"id", "partner_id"},  # the first cannot be changed at all
    "payments": {
        "created_at",
        "reference",
        "attempts",
        "claim_key",
        "claim_fingerprint",
        "request_id",
    },
    "gateway_legs": {"at"},
}

COLUMNS = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"


@pytest.mark.parametrize("table", ROWS)
def test_no_column_can_be_changed_unseen(books: Books, table: str) -> None:
    names = {"charged": books.made.charged, "debtor": books.made.debtor}
    unseen = set()
    with psycopg.connect(books.owner_url) as connection:
        connection.execute("SET session_replication_role = replica")
        for column, kind in connection.execute(COLUMNS, (table,)).fetchall():
            if column in NOT_PROVED.get(table, ()):
                continue
            name = sql.Identifier(column)
            change = sql.SQL("UPDATE {} SET {} = {} WHERE ").format(
                sql.Identifier(table), name, sql.SQL(CHANGES[kind]).format(column=name)
            ) + sql.SQL(ROWS[table])
            try:
                with connection.transaction(force_rollback=True):
                    assert connection.execute(change, names).rowcount == 1
                    if not isinstance(verify(connection), Fault):
                        unseen.add(column)
            except psycopg.IntegrityError:
                continue  # not even its owner gets it in

    assert not unseen
