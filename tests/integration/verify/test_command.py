"""``payflow verify``."""

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from payflow_bootstrap.commands.verify import verify
from payflow_bootstrap.containers import Core
from payflow_domain.ledger.service import Ledgers
from tests.integration.verify.books import Books


def run_verify(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(verify, arguments, env=environment)


def test_sound_books_are_summed_up(books: Books) -> None:
    ran = run_verify(f"--database-url={books.url}")

    assert ran.exit_code == 0
    assert "2 ledgers, 21 accounts, 42 transactions, 117 entries, 108 events" in ran.output


def test_one_is_not_many(migrated_url: str) -> None:
    core = Core(database_url=migrated_url)
    core.partners().approve("A partner")
    core.database().close()

    assert ": 1 ledger, 0 accounts, 0" in run_verify(f"--database-url={migrated_url}").output


def test_the_first_fault_is_named(ledgers_in_use: tuple[str, Ledgers]) -> None:
    url, _ = ledgers_in_use
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE accounts SET debits_posted = debits_posted + 1 WHERE id ~ 'EUR'")

    ran = run_verify(f"--database-url={url}")

    assert ran.exit_code == 1
    assert ran.output.splitlines()[:4] == [
        "The books are not in order.",
        "  rule      conservation",
        "  ledger    1",
        "  where     all accounts in EUR",
    ]


def test_the_address_may_be_in_the_environment(books: Books) -> None:
    assert run_verify(environment={"PAYFLOW_DATABASE_URL": books.url}).exit_code == 0


def test_the_address_may_be_that_of_a_development_server(books: Books, tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text(json.dumps({"databaseUrl": books.url}))

    ran = run_verify(f"--data-dir={tmp_path}", environment={"PAYFLOW_DATABASE_URL": "elsewhere"})

    assert ran.exit_code == 0


def test_a_directory_without_a_development_server_is_no_use(tmp_path: Path) -> None:
    ran = run_verify(f"--data-dir={tmp_path}")

    assert ran.exit_code == 2
    assert "payflow dev" in ran.output


@pytest.mark.parametrize("url", ["nonsense", "postgresql://nobody@127.0.0.1:9/nothing"])
def test_a_database_that_cannot_be_read_is_neither_sound_nor_faulty(url: str) -> None:
    assert run_verify(f"--database-url={url}").exit_code == 2


def test_a_database_without_books_is_neither_sound_nor_faulty(database_url: str) -> None:
    ran = run_verify(f"--database-url={database_url}")

    assert ran.exit_code == 2
    assert "payflow migrate" in ran.output
