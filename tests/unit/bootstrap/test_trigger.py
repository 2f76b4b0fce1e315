"""``payflow trigger`` without an API, or with one that does not do what it is asked for."""

import pytest
from click.testing import CliRunner, Result

from payflow_bootstrap.commands import trigger as command
from payflow_bootstrap.commands.trigger import trigger
from payflow_bootstrap.trigger.recipes import RECIPES
from payflow_domain.ledger.journal import EventType
from tests.builders.http_client import HOST, Json
from tests.builders.scripted_api import Script, scripted_api


def run(base_url: str, event: str = "wallet.created", api_key: str = "sk_test_pf_any") -> Result:
    return CliRunner().invoke(trigger, [event, f"--base-url={base_url}", f"--api-key={api_key}"])


def run_against(script: Script) -> Result:
    with scripted_api(script) as base_url:
        return run(base_url)


def test_there_is_a_recipe_for_every_event_and_help_lists_them() -> None:
    told = CliRunner().invoke(trigger, ["--help"]).output

    assert set(RECIPES) == set(EventType)
    assert all(f"  {event} " in told for event in EventType)


def test_an_event_that_there_is_not_is_refused() -> None:
    ran = run(f"http://{HOST}:9", "nonsense")

    assert ran.exit_code == 2
    assert "wallet.created" in ran.output


def test_no_real_money_is_moved() -> None:
    ran = run(f"http://{HOST}:9", api_key="sk_live_pf_any")

    assert ran.exit_code == 2
    assert "sandbox" in ran.output


def test_an_api_that_is_not_there_is_told() -> None:
    ran = run(f"http://{HOST}:9")

    assert ran.exit_code == 2
    assert "payflow dev" in ran.output


def test_what_the_api_refuses_is_told_with_its_reason() -> None:
    def lacking(method: str, _: str) -> tuple[int, Json]:
        if method == "GET":
            return 200, {"data": []}
        return 403, {"code": "missing_permission", "detail": "The key lacks wallets:write."}

    ran = run_against(lacking)

    assert ran.exit_code == 2
    assert "/wallets was answered 403 missing_permission: The key lacks" in ran.output


def test_an_event_that_does_not_come_is_waited_for_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "TIMEOUT_S", 0.2)

    def silent(method: str, _: str) -> tuple[int, Json]:
        return (200, {"data": []}) if method == "GET" else (201, {"id": "wal_1"})

    ran = run_against(silent)

    assert ran.exit_code == 2
    assert "No wallet.created" in ran.output
    assert "payflow worker" in ran.output
