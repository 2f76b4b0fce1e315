"""A spoiled journal is found."""

import pytest

from payflow_adapters.postgres.verify import Fault
from tests.builders.times import wallet_id
from tests.integration.verify.books import Books


class TestJournal:
    @pytest.mark.parametrize("sequence", [1, 20])
    def test_has_no_gap(self, books: Books, sequence: int) -> None:
        fault = books.fault_after(
            "DELETE FROM events WHERE sequence = %(sequence)s AND ledger_id = 1", sequence=sequence
        )

        assert fault == Fault(
            check="journal_gap",
            ledger_id=books.made.ledger_id,
            subject=f"event {sequence}",
            expected=f"event {sequence}",
            found=f"event {sequence + 1}",
        )

    def test_is_linked_by_the_hashes_of_its_bodies(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE events SET body = body || ' ' WHERE sequence = 20 AND ledger_id = 1"
        )

        assert (fault.check, fault.subject) == ("journal_chain", "event 20")

    def test_is_linked_to_its_beginning(self, books: Books) -> None:
        fault = books.fault_after("UPDATE events SET hash = sha256('') WHERE sequence = 1")

        assert (fault.check, fault.subject) == ("journal_chain", "event 1")

    def test_ends_where_its_ledger_says(self, books: Books) -> None:
        fault = books.fault_after(
            "DELETE FROM events e USING ledgers l WHERE l.id = e.ledger_id AND l.id = 1 "
            "AND e.sequence = l.sequence"
        )

        assert fault.check == "journal_head"

    def test_of_a_ledger_that_says_so_has_ended_before_it_began(self, books: Books) -> None:
        fault = books.fault_after("DELETE FROM events")

        assert fault.check == "journal_head"

    def test_ends_with_the_hash_that_its_ledger_keeps(self, books: Books) -> None:
        fault = books.fault_after("UPDATE ledgers SET head = sha256('')")

        assert fault.check == "journal_head"

    @pytest.mark.parametrize("body", ["{", "[]", "{}", "1", '{"id": 7}', '"\\ud800"'])
    def test_tells_in_json(self, books: Books, body: str) -> None:
        fault = books.fault_after_forging("UPDATE events SET body = %s WHERE sequence = 20", body)

        assert (fault.check, fault.subject, fault.found) == ("event_body", "event 20", body)

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("id", "evt_1"),
            ("id", "evt_00000000000000000000000000"),
            ("event", "wallet.closed"),
            ("sequence", 3),
            ("environment", "moon"),
            ("createdAt", "2026-01-31T12:00:00Z"),
            ("data.walletId", None),
            ("data.amount", "100"),
            ("data.amount", 0),
        ],
    )
    def test_tells_in_each_body_what_it_keeps_beside_it(
        self, books: Books, member: str, value: object
    ) -> None:
        fault = books.fault_after_writing("wallet.credited", member, value)

        assert fault.check == "event_body"

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("data", []),
            ("data.sequence", 1),
            ("data.amount", "100"),
            ("data.currency", None),
            ("data.balances", [{"walletId": 1}]),
        ],
    )
    def test_tells_of_a_transaction_what_makes_it_one(
        self, books: Books, member: str, value: object
    ) -> None:
        fault = books.fault_after_writing("transaction.completed", member, value)

        assert fault.check == "event_body"

    @pytest.mark.parametrize(
        ("member", "value"), [("data.amount", 7), ("data.walletId", wallet_id(99))]
    )
    @pytest.mark.parametrize("type_", ["wallet.credited", "wallet.debited"])
    def test_tells_of_what_was_posted(
        self, books: Books, member: str, value: object, type_: str
    ) -> None:
        fault = books.fault_after_writing(type_, member, value)

        assert fault.check == "journal_moves"

    @pytest.mark.parametrize(
        ("member", "value"), [("event", "wallet.created"), ("sequence", 3), ("environment", "live")]
    )
    def test_tells_of_a_webhook_endpoint_like_of_anything_else(
        self, books: Books, member: str, value: object
    ) -> None:
        fault = books.fault_after_writing("webhook_endpoint.disabled", member, value)

        assert fault.check == "event_body"

    def test_links_what_it_tells_of_a_webhook_endpoint(self, books: Books) -> None:
        fault = books.fault_after(
            "UPDATE events SET body = replace(body, '\"gone\"', '\"failing\"')"
            " WHERE type = 'webhook_endpoint.disabled'"
        )

        assert fault.check == "journal_chain"

    def test_has_a_type_for_each_event(self, books: Books) -> None:
        fault = books.fault_at_rest_after(
            "UPDATE journal_blocks SET types = 'wallet.debited' WHERE types = 'wallet.created'"
        )

        assert (fault.check, fault.subject) == ("event_body", "event 1")
        assert fault.expected.startswith("an id after '', event 'wallet.debited', sequence 1,")

    def test_has_a_hash_for_each_event(self, books: Books) -> None:
        fault = books.fault_at_rest_after(
            "ALTER TABLE journal_blocks DROP CONSTRAINT journal_blocks_hashes_check;"
            " UPDATE journal_blocks SET hashes = ''"
        )

        assert (fault.check, fault.subject) == ("journal_block", "event 1")
        assert fault.expected == "a type, a body and a hash for each event"
        assert fault.found == "1 types, 1 bodies and 0 hashes"

    def test_ends_each_block_with_the_number_that_it_is_found_by(self, books: Books) -> None:
        fault = books.fault_at_rest_after(
            "ALTER TABLE journal_blocks DROP CONSTRAINT journal_blocks_hashes_check;"
            " UPDATE journal_blocks SET last_sequence = last_sequence + 1000"
        )

        assert (fault.check, fault.subject) == ("journal_block", "event 1")
