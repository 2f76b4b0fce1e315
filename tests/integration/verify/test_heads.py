"""Heads that were kept elsewhere show that a journal was written anew."""

from pathlib import Path

import pytest

from payflow_adapters.postgres.verify import Fault, Head, Summary, heads_of, snapshot, verify
from payflow_domain.ledger.service import Ledgers
from tests.builders.ledger import transfer
from tests.integration.verify.books import Books, keep_events, link_anew
from tests.integration.verify.test_command import run_verify


def heads(url: str) -> list[Head]:
    with snapshot(url) as connection:
        return heads_of(connection)


def test_the_journal_goes_on_from_heads_that_were_kept(
    books: Books, ledgers_in_use: tuple[str, Ledgers]
) -> None:
    url, ledgers = ledgers_in_use
    kept = heads(url)
    ledgers.post(books.made.ledger_id, transfer(books.made.debtor, books.made.creditor, 1))

    with snapshot(url) as connection:
        assert isinstance(verify(connection, kept), Summary)


def test_a_journal_that_was_linked_anew_has_other_heads(books: Books) -> None:
    kept = heads(books.url)[0]
    with books.spoiling() as connection:
        connection.execute(
            "UPDATE events SET body = replace(body, 'Wallet 9', 'Wallet 8') WHERE ledger_id = 1"
        )
        connection.execute("UPDATE wallets SET name = 'Wallet 8' WHERE name = 'Wallet 9'")
        link_anew(connection)
        keep_events(connection)
        unseen, seen = verify(connection), verify(connection, [kept])

    assert isinstance(unseen, Summary)
    assert isinstance(seen, Fault)
    assert (seen.check, seen.subject) == ("journal_kept_head", f"event {kept.sequence}")


@pytest.mark.parametrize(("ledger_id", "more"), [(1, 1), (9, 0)])
def test_a_head_of_what_there_is_not_is_a_fault(books: Books, ledger_id: int, more: int) -> None:
    last = heads(books.url)[0]
    kept = Head(ledger_id, last.sequence + more, last.hash)

    ran = run_verify(f"--database-url={books.url}", f"--head={kept}")

    assert ran.exit_code == 1
    assert "journal_kept_head" in ran.output


def test_heads_that_are_printed_can_be_given_back(books: Books, tmp_path: Path) -> None:
    printed = run_verify(f"--database-url={books.url}", "--print-heads")
    file = tmp_path / "heads"
    file.write_text(printed.output)

    assert printed.output.splitlines() == [str(head) for head in heads(books.url)]
    assert run_verify(f"--database-url={books.url}", f"--heads={file}").exit_code == 0


@pytest.mark.parametrize("head", ["1", "1:2", f"1:2:{'0' * 63}", f"1:2:{'g' * 64}", "a:2:3"])
def test_what_is_no_head_is_refused(books: Books, head: str, tmp_path: Path) -> None:
    file = tmp_path / "heads"
    file.write_text(f"\n{head}\n")

    for ran in (
        run_verify(f"--database-url={books.url}", f"--head={head}"),
        run_verify(f"--database-url={books.url}", f"--heads={file}"),
    ):
        assert ran.exit_code == 2
        assert "LEDGER:SEQUENCE:HASH" in ran.output
