"""Sound books pass."""

import psycopg
import pytest

from payflow_adapters.postgres.verify import Summary, snapshot, verify
from payflow_domain.ledger.service import Ledgers
from tests.builders.ledger import transfer
from tests.integration.verify.books import Books


class TestSoundBooks:
    def test_pass_and_are_counted(self, books: Books) -> None:
        with snapshot(books.url) as connection:
            assert verify(connection) == Summary(
                ledgers=2, accounts=21, transactions=42, entries=117, events=108
            )

    def test_of_a_database_with_nothing_in_it_pass(self, migrated_url: str) -> None:
        with snapshot(migrated_url) as connection:
            assert verify(connection) == Summary(0, 0, 0, 0, 0)

    def test_are_proved_as_they_were_at_one_moment(
        self, books: Books, ledgers_in_use: tuple[str, Ledgers]
    ) -> None:
        url, ledgers = ledgers_in_use
        with snapshot(url) as connection:
            before = verify(connection)
            draft = transfer(books.made.debtor, books.made.creditor, 1)
            ledgers.post(books.made.ledger_id, draft)  # and nobody waits for anybody
            assert verify(connection) == before
        with snapshot(url) as connection:
            after = verify(connection)

        assert isinstance(before, Summary)
        assert isinstance(after, Summary)
        assert after.transactions == before.transactions + 1

    def test_cannot_be_changed_by_verifying(self, books: Books) -> None:
        with (
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
            snapshot(books.url) as connection,
        ):
            connection.execute("UPDATE accounts SET version = version")
