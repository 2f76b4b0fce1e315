"""Volumes, rolled up by a worker that is killed again and again, are those of the books."""

import signal
import subprocess
import time
from pathlib import Path

import psycopg

from payflow_adapters.postgres.server import EmbeddedServer
from tests.builders.api_server import SESSION_SECRET, Partner, running_api, transfer
from tests.builders.processes import environment, eventually, payflow
from tests.integration.conftest import new_database

_BOOKED = """
    SELECT (completed_at AT TIME ZONE 'UTC')::date, currency, type, count(*), sum(amount)
    FROM transactions WHERE ledger_id = %s AND status = 'posted'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_ROLLED_UP = """
    SELECT day, currency, type, count, amount FROM volumes WHERE ledger_id = %s ORDER BY 1, 2, 3
"""
_BEHIND = """
    SELECT count(*) FROM ledgers l LEFT JOIN volume_cursors c ON c.ledger_id = l.id
    WHERE l.sequence > coalesce(c.sequence, 0)
"""
LIVES, TRANSFERS = 3, 40


def test_volumes_are_exact_whenever_the_worker_is_killed(
    postgres_server: EmbeddedServer, migrated: str, tmp_path: Path
) -> None:
    with (
        new_database(postgres_server, migrated) as name,
        running_api(postgres_server.url(name), tmp_path / "api.log") as server,
    ):
        url, partner = postgres_server.url(name), server.new_partner()
        for life in range(LIVES):
            worker = start_worker(url)
            move_money(partner)
            if life < LIVES - 1:
                time.sleep(0.3)
                worker.send_signal(signal.SIGKILL)
            else:
                assert eventually(lambda: is_rolled_up(url))
                worker.terminate()
            worker.wait()

        with psycopg.connect(url) as connection:
            booked = connection.execute(_BOOKED, [partner.ledger.id]).fetchall()
            rolled_up = connection.execute(_ROLLED_UP, [partner.ledger.id]).fetchall()
        told = partner.client.get("/usage").json["volumes"]

    assert rolled_up == booked
    assert {row[2] for row in booked} == {"credit", "debit", "transfer", "reversal"}
    assert [(each["type"], each["count"], each["amount"]) for each in told["days"]] == [
        (row[2], row[3], int(row[4])) for row in booked
    ]
    assert [each["amount"] for each in told["months"]] == [int(row[4]) for row in booked]
    assert told["sequence"] > 0


def move_money(partner: Partner) -> None:
    one, two, foreign = partner.wallet(1000), partner.wallet(), partner.wallet(500, "JPY")
    made = {}
    for amount in range(1, TRANSFERS):
        made = partner.client.post("/transfers", transfer(one, two, amount)).json
    partner.client.post(f"/transactions/{made['id']}/reverse", {"amount": 3})
    partner.client.post(f"/wallets/{foreign}/debit", {"amount": 20, "currency": "JPY"})


def start_worker(url: str) -> subprocess.Popen[bytes]:
    settings = environment(PAYFLOW_DATABASE_URL=url, SESSION_SECRET=SESSION_SECRET)
    return subprocess.Popen(payflow("worker"), env=settings, start_new_session=True)  # noqa: S603


def is_rolled_up(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute(_BEHIND).fetchone() == (0,)
