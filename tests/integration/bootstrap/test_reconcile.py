"""``payflow reconcile``: the gateway's account and ours, line by line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from payflow_bootstrap.commands.reconcile import reconcile
from payflow_bootstrap.settings import SettingsError
from payflow_domain.ledger.accounts import AccountKind, system_account_id
from payflow_domain.payments import booking
from tests.builders.till import Till

DAY = timedelta(days=1)
FEE = 100
"""What the mock takes of a charge of 50.00."""


def run(
    till: Till, *options: str, start: datetime | None = None, end: datetime | None = None
) -> Result:
    now = datetime.now(UTC)
    period = (
        f"--from={(start or now - DAY).isoformat()}",
        f"--to={(end or now + DAY).isoformat()}",
    )
    return CliRunner().invoke(reconcile, [*period, *options], env=dict(till.environment))


def test_what_agrees_is_told_line_by_line_and_ends_with_0(till: Till) -> None:
    charged = till.charge(till.wallet())

    ran = run(till)

    assert ran.exit_code == 0, ran.output
    (line,) = (line for line in ran.output.splitlines() if "matched" in line and "charge" in line)
    assert till.charge_at_gateway(charged["id"]) in line
    assert line.count("50.00 EUR") == 2
    assert "1 matched" in ran.output
    assert "Everything agrees." in ran.output


def test_fees_are_booked_once(till: Till) -> None:
    till.charge(till.wallet())

    first, again = run(till), run(till)

    assert "Fees booked now: 1." in first.output
    assert "1.00 EUR" in first.output
    assert "Fees booked now: 0." in again.output
    fees = system_account_id(AccountKind.GATEWAY_FEES, "EUR")
    assert till.posted(fees) == FEE
    assert till.posted(booking.clearing("EUR")) == 5_000 - FEE


def test_what_moved_at_the_gateway_alone_is_unmatched_and_ends_with_1(till: Till) -> None:
    charged = till.charge(till.wallet())
    refund = till.mock.refund_outside(till.charge_at_gateway(charged["id"]), 2_000)

    ran = run(till)

    assert ran.exit_code == 1
    (line,) = (line for line in ran.output.splitlines() if refund in line)
    assert "missing_here" in line
    assert "-20.00 EUR" in line
    assert "1 lines do not agree." in ran.output


def test_once_its_notice_has_come_it_agrees(till: Till) -> None:
    charged = till.charge(till.wallet())
    till.mock.refund_outside(till.charge_at_gateway(charged["id"]), 2_000)
    till.tell_of_all()

    ran = run(till)

    assert ran.exit_code == 0, ran.output
    assert "2 matched" in ran.output


def test_what_the_gateway_knows_nothing_of_is_unmatched(till: Till, tmp_path: Path) -> None:
    till.charge(till.wallet())
    another = {**till.environment, "PAYFLOW_MOCK_GATEWAY_FILE": str(tmp_path / "another.sqlite3")}

    ran = CliRunner().invoke(reconcile, ["--from=2020-01-01", "--to=2100-01-01"], env=another)

    assert ran.exit_code == 1
    assert "1 missing_there" in ran.output


def test_the_end_of_the_period_is_not_in_it(till: Till) -> None:
    till.charge(till.wallet())
    now = datetime.now(UTC)
    movement = next(iter(till.mock.movements(now - DAY, now + DAY)))

    before = run(till, end=movement.at)
    within = run(till, start=movement.at)

    assert "nothing moved" in before.output
    assert "1 matched" in within.output


def test_everything_is_written_as_json_too(till: Till, tmp_path: Path) -> None:
    charged = till.charge(till.wallet())
    gateway_id = till.charge_at_gateway(charged["id"])
    file = tmp_path / "reconciliation.json"

    ran = run(till, f"--json={file}")

    assert ran.exit_code == 0, ran.output
    written = json.loads(file.read_text())
    assert written["counts"]["matched"] == 1
    assert (written["unmatched"], written["feesBooked"]) == (0, 1)
    assert written["currencies"] == {
        "EUR": {"lines": 1, "theirs": 5_000, "ours": 5_000, "fees": FEE}
    }
    (line,) = written["lines"]
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "kind": "charge",
        "gatewayId": gateway_id,
        "theirs": 5_000,
        "ours": 5_000,
        "currency": "EUR",
        "ourCurrency": "EUR",
        "fee": FEE,
        "status": "matched",
        "transactionId": charged["id"],
        "note": None,
    }


def test_a_file_that_cannot_be_written_ends_with_2(till: Till, tmp_path: Path) -> None:
    assert run(till, f"--json={tmp_path / 'nowhere' / 'file.json'}").exit_code == 2


def test_the_settings_may_be_those_of_a_development_server(till: Till, tmp_path: Path) -> None:
    till.charge(till.wallet())
    (tmp_path / "session-secret").write_text(till.environment["SESSION_SECRET"])
    url = till.environment["PAYFLOW_DATABASE_URL"]
    (tmp_path / "dev.json").write_text(
        json.dumps({"databaseUrl": url, "baseUrl": "http://127.0.0.1:3000", "apiKey": "a key"})
    )
    elsewhere = {"PAYFLOW_DATABASE_URL": "elsewhere", "PAYFLOW_SANDBOX_GATEWAY": "mock"}

    ran = CliRunner().invoke(
        reconcile,
        [f"--data-dir={tmp_path}", "--from=2020-01-01", "--to=2100-01-01"],
        env=elsewhere,
    )

    assert ran.exit_code == 0, ran.output
    assert "1 matched" in ran.output


def test_a_directory_without_a_development_server_is_no_use(tmp_path: Path) -> None:
    period = ["--from=2026-11-23", "--to=2026-11-24"]

    ran = CliRunner().invoke(reconcile, [*period, f"--data-dir={tmp_path}"])

    assert ran.exit_code == 2
    assert "payflow dev" in ran.output


def test_a_setting_that_is_missing_is_named() -> None:
    settings = {"PAYFLOW_DATABASE_URL": "postgresql://", "SESSION_SECRET": ""}

    ran = CliRunner().invoke(
        reconcile, ["--from=2026-11-23", "--to=2026-11-24"], env=dict(settings)
    )

    assert isinstance(ran.exception, SettingsError)
    assert "SESSION_SECRET" in str(ran.exception)


def test_an_environment_without_a_gateway_ends_with_2(till: Till) -> None:
    ran = run(till, "--environment=live")

    assert ran.exit_code == 2
    assert "gateway_not_configured" in ran.output


def test_a_database_that_cannot_be_reached_ends_with_2(till: Till) -> None:
    till.charge(till.wallet())
    url = urlsplit(till.environment["PAYFLOW_DATABASE_URL"])
    away = url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:9").geturl()

    ran = CliRunner().invoke(
        reconcile,
        ["--from=2020-01-01", "--to=2100-01-01"],
        env={**till.environment, "PAYFLOW_DATABASE_URL": away},
    )

    assert ran.exit_code == 2
    assert "Connection refused" in ran.output


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [
        ("2026-11-23T10:00:00", "2026-11-24", "zone"),
        ("yesterday", "2026-11-24", "zone"),
        ("2026-11-24", "2026-11-24", "before"),
        ("2026-11-25", "2026-11-24", "before"),
        ("2026-11-24T01:00:00+02:00", "2026-11-23T22:00:00Z", "before"),
    ],
)
def test_a_period_that_is_none_ends_with_2(till: Till, start: str, end: str, word: str) -> None:
    period = [f"--from={start}", f"--to={end}"]

    ran = CliRunner().invoke(reconcile, period, env=dict(till.environment))

    assert ran.exit_code == 2
    assert word in ran.output


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23", "2026-11-23T00:00:00.000000Z"),
        ("2026-11-23T01:30:00+01:00", "2026-11-23T00:30:00.000000Z"),
        ("2026-11-23T00:30:00Z", "2026-11-23T00:30:00.000000Z"),
    ],
)
def test_a_date_is_its_midnight_in_utc_and_a_time_has_its_zone(
    till: Till, text: str, moment: str
) -> None:
    ran = CliRunner().invoke(
        reconcile, [f"--from={text}", "--to=2026-11-30"], env=dict(till.environment)
    )

    assert ran.exit_code == 0, ran.output
    assert f"from {moment} to before 2026-11-30T00:00:00.000000Z" in ran.output
