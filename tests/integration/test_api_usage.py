"""The record of use, as the running server keeps it."""

from collections import Counter
from pathlib import Path

import psycopg

from payflow_adapters.postgres.server import EmbeddedServer
from payflow_http.counting import KEEP_PERIOD_S
from tests.builders.api_server import Partner, running_api, transfer
from tests.builders.http_client import Json
from tests.builders.processes import eventually
from tests.integration.conftest import new_database

RECORD = "SELECT route, requests, client_errors, limited FROM usage_days WHERE ledger_id = %s"
LAST_USED = "SELECT count(*) FROM api_keys WHERE ledger_id = %s AND last_used_at IS NOT NULL"


def counted(partner: Partner) -> dict[str, Json]:
    told = partner.client.get("/usage").json["requests"]
    return {one["route"].replace("/api/v1", ""): one for one in told}


def test_without_limits_requests_are_counted_all_the_same(partner: Partner) -> None:
    one, two = partner.wallet(100), partner.wallet()
    for amount in (1, 2, 1000):
        partner.client.post("/transfers", transfer(one, two, amount))

    assert eventually(lambda: "POST /transfers" in counted(partner), 4 * KEEP_PERIOD_S)
    told = counted(partner)
    assert (told["POST /wallets"]["count"], told["POST /wallets/{wallet_id}/credit"]["count"]) == (
        2,
        1,
    )
    transfers = told["POST /transfers"]
    assert (transfers["count"], transfers["limited"]) == (3, 0)
    assert transfers["errors"] == {"client": 1, "server": 0}
    assert 1 <= transfers["latencyMs"]["p50"] <= transfers["latencyMs"]["p99"]


def test_a_server_that_is_stopped_keeps_what_it_counted(
    postgres_server: EmbeddedServer, migrated: str, tmp_path: Path
) -> None:
    variables = {"PAYFLOW_RATE_LIMIT": "on", "PAYFLOW_SANDBOX_LIMIT": "1/20"}
    with new_database(postgres_server, migrated) as name:
        url = postgres_server.url(name)
        log = tmp_path / "api.log"
        with running_api(url, log, processes=2, variables=variables) as server:
            partner = server.new_partner()
            with partner.clients(6) as clients:
                sent = Counter(client.get("/wallets").status for client in clients * 15)
        with psycopg.connect(url) as connection:
            kept = connection.execute(RECORD, [partner.ledger.id]).fetchall()
            used = connection.execute(LAST_USED, [partner.ledger.id]).fetchone()

    assert kept == [("GET /api/v1/wallets", 90, 0, sent[429])]
    assert sent[429]
    assert used == (1,)
