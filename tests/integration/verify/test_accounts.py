"""Spoiled accounts and entries are found."""

from datetime import timedelta
from typing import LiteralString

import pytest

from tests.builders.times import wallet_id
from tests.integration.verify.books import Books

ONE_MORE = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]
"""One more in one of the counters: debits and credits posted, debits and credits pending."""

ADD_TO_ACCOUNT: LiteralString = """
    UPDATE accounts SET
      debits_posted = debits_posted + (%(more)s::int[])[1],
      credits_posted = credits_posted + (%(more)s::int[])[2],
      debits_pending = debits_pending + (%(more)s::int[])[3],
      credits_pending = credits_pending + (%(more)s::int[])[4]
    WHERE ledger_id = 1 AND id = %(id)s
"""

ADD_TO_ENTRY: LiteralString = """
    UPDATE entries SET
      debits_posted = debits_posted + (%(more)s::int[])[1],
      credits_posted = credits_posted + (%(more)s::int[])[2],
      debits_pending = debits_pending + (%(more)s::int[])[3],
      credits_pending = credits_pending + (%(more)s::int[])[4]
    WHERE ledger_id = 1 AND account_id = %(id)s AND version = 3
"""


class TestAccounts:
    def test_belong_to_a_ledger(self, books: Books) -> None:
        fault = books.fault_after(
            "DELETE FROM ledgers WHERE id = %(ledger)s", ledger=books.made.ledger_id
        )

        assert (fault.check, fault.found) == ("ledger_exists", "none")

    @pytest.mark.parametrize("more", ONE_MORE)
    def test_conserve_money(self, books: Books, more: tuple[int, ...]) -> None:
        fault = books.fault_after(ADD_TO_ACCOUNT, more=list(more), id=wallet_id(3))

        assert fault.check == "conservation"
        assert fault.ledger_id == books.made.ledger_id
        assert fault.subject == "all accounts in EUR"

    def test_conserve_each_currency_by_itself(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE accounts SET currency = 'USD' WHERE id = %(id)s AND ledger_id = 1",
            id=wallet_id(3),
        )

        assert fault.check == "conservation"

    def test_of_wallets_are_not_below_zero(self, books: Books) -> None:
        fault = books.fault_after(
            "ALTER TABLE accounts DROP CONSTRAINT accounts_overdraft_check",
            "UPDATE accounts SET debits_posted = debits_posted + 5000, "
            "credits_posted = credits_posted + CASE id WHEN %(id)s THEN 0 ELSE 10000 END "
            "WHERE ledger_id = 1 AND id IN (%(id)s, 'partner_settlement:EUR')",
            id=books.made.debtor,
        )

        assert fault.check == "wallet_overdrawn"
        assert fault.subject == f"account {books.made.debtor}"

    @pytest.mark.parametrize("more", [(1, 1, 0, 0), (0, 0, 1, 1)])
    def test_count_what_their_entries_come_to(self, books: Books, more: tuple[int, ...]) -> None:
        fault = books.fault_after(ADD_TO_ACCOUNT, more=list(more), id=books.made.debtor)

        assert fault.check == "account_counters"
        assert fault.subject == f"account {books.made.debtor}"

    def test_count_their_entries(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE accounts SET version = version + 1 WHERE ledger_id = 1 AND id = %(id)s",
            id=books.made.debtor,
        )

        assert fault.check == "account_counters"

    def test_that_entries_name_exist(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE entries SET account_id = %(id)s WHERE account_id = %(of)s AND ledger_id = 1",
            id=wallet_id(99),
            of=books.made.debtor,
        )

        assert fault.check == "account_counters"

    def test_without_entries_have_counted_nothing(self, books: Books) -> None:
        fault = books.fault_after("DELETE FROM entries WHERE account_id = %(id)s", id=wallet_id(9))

        assert fault.check == "account_counters"
        assert fault.expected == "{0,0,0,0} after 0 entries"

    def test_are_numbers_that_can_be_summed(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE entries SET credits_posted = 9223372036854775807 "
            "WHERE version = 1 AND account_id = %(id)s AND ledger_id = 1",
            id=books.made.creditor,
        )

        assert fault.check == "values"
        assert "out of range" in fault.found


class TestEntries:
    @pytest.mark.parametrize("version", [2, 4])
    def test_are_numbered_without_a_gap(self, books: Books, version: int) -> None:
        fault = books.fault_after(
            "UPDATE entries SET version = %(version)s "
            "WHERE version = 3 AND account_id = %(id)s AND ledger_id = 1",
            version=version,
            id=books.made.debtor,
        )

        assert fault.check == "entry_versions"
        assert fault.subject == f"account {books.made.debtor}, entry 3"

    def test_never_go_back_in_time(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE entries SET at = at - %(by)s "
            "WHERE version = 3 AND account_id = %(id)s AND ledger_id = 1",
            by=timedelta(seconds=1),
            id=books.made.debtor,
        )

        assert fault.check == "entry_times"
        assert fault.subject == f"account {books.made.debtor}, entry 3"

    @pytest.mark.parametrize("more", ONE_MORE)
    def test_carry_the_counters_after_them(self, books: Books, more: tuple[int, ...]) -> None:
        fault = books.fault_after(ADD_TO_ENTRY, more=list(more), id=books.made.debtor)

        assert fault.check == "entry_counters"
        assert fault.subject == f"account {books.made.debtor}, entry 3"
