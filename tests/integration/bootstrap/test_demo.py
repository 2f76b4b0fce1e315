"""``payflow demo`` against the real API, and against one that does not keep its books."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payflow_bootstrap.commands.demo import demo
from payflow_bootstrap.commands.reconcile import reconcile
from payflow_bootstrap.commands.verify import verify
from tests.builders.development import developing
from tests.builders.http_client import HOST, Json
from tests.builders.processes import environment, free_port, payflow
from tests.builders.scripted_api import scripted_api

PLAYED_AT_ONCE = 2
PLAY_SECONDS_MAX = 300
TOLD = (
    "402 card_declined",
    "Bola takes another card",
    "30.00 EUR of txn_",
    "Dede: posted 0.00 EUR, pending 50.00 EUR, available 0.00 EUR",
    "Chidi gets the pot of 400.00 EUR",
    "Chidi: posted 400.00 EUR, pending -400.00 EUR, available 0.00 EUR",
    "Femi has the pot again: the payout is reversed.",
    "Idempotent-Replayed: true",
    "422 insufficient_funds",
    "payout.failed",
    "Every balance was right",
)


def play(base_url: str, api_key: str) -> Result:
    return CliRunner().invoke(demo, [f"--base-url={base_url}", f"--api-key={api_key}"])


def play_apart(data_dir: Path) -> subprocess.CompletedProcess[str]:
    """Play it in a process of its own."""
    return subprocess.run(  # noqa: S603  # our own command
        payflow("demo", f"--data-dir={data_dir}"),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PLAY_SECONDS_MAX,
    )


def test_it_can_be_played_again_and_at_once_and_the_books_are_in_order(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with developing(data_dir, free_port()):
        with ThreadPoolExecutor(PLAYED_AT_ONCE) as pool:
            played = list(pool.map(play_apart, [data_dir] * PLAYED_AT_ONCE))
        verified = CliRunner().invoke(verify, [f"--data-dir={data_dir}"])
        day, now = timedelta(days=1), datetime.now(UTC)
        period = [f"--from={(now - day).isoformat()}", f"--to={(now + day).isoformat()}"]
        reconciled = CliRunner().invoke(reconcile, [f"--data-dir={data_dir}", *period])

    for each in played:
        assert each.returncode == 0, each.stdout + each.stderr
        assert [told for told in TOLD if told not in each.stdout] == []
    assert verified.exit_code == 0, verified.output
    assert reconciled.exit_code == 0, reconciled.output


def test_a_balance_that_is_off_ends_it() -> None:
    numbers = count(1)

    def say_yes_and_move_nothing(method: str, _: str) -> tuple[int, Json]:
        if method == "GET":
            return 200, {"posted": 0, "pending": 0, "available": 0, "sequence": 1}
        wallet_id = f"wal_{next(numbers)}"
        return 201, {
            "id": wallet_id,
            "status": "completed",
            "balances": [
                {"walletId": "wal_2", "posted": 5000, "pending": 0, "available": 5000},
            ],
        }

    with scripted_api(say_yes_and_move_nothing) as base_url:
        played = play(base_url, "sk_test_pf_any")

    assert played.exit_code == 1
    assert "PayFlow is off. Ada (wal_2): the balance is" in played.output


def test_an_api_without_a_gateway_is_not_off() -> None:
    def open_wallets_and_no_more(method: str, path: str) -> tuple[int, Json]:
        if method == "GET":
            return 200, {"posted": 0, "pending": 0, "available": 0, "sequence": 1}
        if path == "/wallets":
            return 201, {"id": "wal_1", "status": "active"}
        return 409, {"code": "gateway_not_configured"}

    with scripted_api(open_wallets_and_no_more) as base_url:
        played = play(base_url, "sk_test_pf_any")

    assert played.exit_code == 2
    assert "gateway_not_configured" in played.output


@pytest.mark.parametrize(
    "base_url",
    [f"http://{HOST}:9", f"http://{HOST}:99999", "http://[::1", "http://a b", "nonsense"],
)
def test_an_api_that_does_not_answer_is_not_off(base_url: str) -> None:
    played = play(base_url, "sk_test_pf_any")

    assert played.exit_code == 2
    assert "payflow dev" in played.output


@pytest.mark.parametrize(
    ("status", "problem", "told"),
    [
        (401, {"code": "invalid_api_key"}, "The API key was refused"),
        (403, {"code": "missing_permission", "permission": "wallets:write"}, "wallets:write"),
        (403, {"code": "partner_suspended"}, "another partner"),
        (429, {"code": "rate_limited"}, "play it later"),
        (503, {"code": "database_unavailable"}, "play it later"),
        (500, {}, "play it later"),
        (404, {"message": "Not Found"}, "It is not PayFlow"),
    ],
)
def test_an_api_that_does_not_let_it_be_played_is_not_off(
    status: int, problem: Json, told: str
) -> None:
    with scripted_api(lambda *_: (status, problem)) as base_url:
        played = play(base_url, "sk_test_pf_zzz")

    assert played.exit_code == 2
    assert told in played.output
    assert "PayFlow is off" not in played.output


@pytest.mark.parametrize("api_key", ["sk_test_pf_\nzzz", "\u20ac", "sk_live_pf_any"])
def test_a_key_that_cannot_be_used_is_not_off(api_key: str) -> None:
    played = play(f"http://{HOST}:9", api_key)

    assert played.exit_code == 2
    assert "key" in played.output


def test_a_refusal_that_is_none_of_the_storys_is_off() -> None:
    with scripted_api(lambda *_: (404, {"code": "wallet_not_found"})) as base_url:
        played = play(base_url, "sk_test_pf_any")

    assert played.exit_code == 1
