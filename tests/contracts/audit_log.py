"""The suite for keepers of the audit log: derive from ``AuditLogContract``."""

import pytest
from attrs import evolve

from payflow_domain.access.audit import ANONYMOUS, AuditEntry, AuditFilter
from payflow_domain.ledger.ports import Page
from tests.builders.times import START, TICK, SettableClock
from tests.contracts.staff_store import ANNA, BEN
from tests.contracts.staff_store import add as add_operators
from tests.contracts.stores import StaffStore

UNICODE = "März 🏠 \u202e\n'\""
PLAIN = AuditEntry(START, ANONYMOUS, "login.refused", "root")
WHOLE = AuditEntry(
    START + TICK,
    "opr_00000000000000000000000001",
    "partner.suspended",
    "ptr_00000000000000000000000001",
    "2001:db8::1",
    "ptr_00000000000000000000000001",
    UNICODE,
    {"status": "live", UNICODE: None},
    {"status": "suspended", "limits": {"perDay": 1, "some": [1.5, True]}},
    {UNICODE: UNICODE, "count": 2**53},
)
EMPTY = evolve(PLAIN, before={}, after={})
ALL = AuditFilter()


class Crash(Exception):
    """Something of the program's own went wrong."""


def add(store: StaffStore, *entries: AuditEntry) -> None:
    with store.begin() as uow:
        for entry in entries:
            uow.add_audit(entry)


def read(
    store: StaffStore, which: AuditFilter = ALL, limit: int = 10, after: str | None = None
) -> list[AuditEntry]:
    return [record.entry for record in store.audit_entries(which, Page(limit, after))]


class AuditLogContract:
    """What ``AuditUnitOfWork`` and ``AuditReader`` promise."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> StaffStore:
        raise NotImplementedError(clock)

    @pytest.mark.parametrize("entry", [PLAIN, WHOLE, EMPTY], ids=["plain", "whole", "empty"])
    def test_an_entry_is_read_as_it_was_added(self, store: StaffStore, entry: AuditEntry) -> None:
        add(store, entry)

        assert read(store) == [entry]

    def test_an_entry_tells_the_username_of_the_operator_who_acted(self, store: StaffStore) -> None:
        add_operators(store, ANNA, BEN)
        add(store, PLAIN, evolve(PLAIN, actor=BEN.id, subject=ANNA.id))

        usernames = [record.username for record in store.audit_entries(ALL, Page(10))]

        assert usernames == ["ben", None]

    def test_entries_are_listed_newest_first(self, store: StaffStore) -> None:
        later = evolve(PLAIN, at=START + TICK, subject="later")
        second = evolve(PLAIN, subject="second")
        add(store, later, PLAIN, second)

        assert read(store) == [later, second, PLAIN]

    def test_a_page_goes_on_where_the_one_before_ended(self, store: StaffStore) -> None:
        subjects = ["a", "b", "c", "d", "e"]
        add(
            store,
            *[evolve(PLAIN, at=START + n // 2 * TICK, subject=s) for n, s in enumerate(subjects)],
        )

        seen: list[str] = []
        after = None
        for _ in range(3):
            page = store.audit_entries(ALL, Page(2, after))
            seen += [record.entry.subject for record in page]
            after = page[-1].position

        assert seen == subjects[::-1]
        assert read(store, after=after) == []

    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            (AuditFilter(actor=ANONYMOUS), [PLAIN]),
            (AuditFilter(actor=WHOLE.actor), [WHOLE]),
            (AuditFilter(action="partner.suspended"), [WHOLE]),
            (AuditFilter(action="partner"), []),
            (AuditFilter(subject="root"), [PLAIN]),
            (AuditFilter(partner_id=WHOLE.partner_id), [WHOLE]),
            (AuditFilter(partner_id="ptr_00000000000000000000000002"), []),
            (AuditFilter(since=START), [WHOLE, PLAIN]),
            (AuditFilter(since=START + TICK), [WHOLE]),
            (AuditFilter(until=START + TICK), [PLAIN]),
            (AuditFilter(until=START), []),
            (AuditFilter(actor=ANONYMOUS, since=START + TICK), []),
        ],
    )
    def test_entries_are_listed_by_what_is_asked_for(
        self, store: StaffStore, which: AuditFilter, expected: list[AuditEntry]
    ) -> None:
        add(store, PLAIN, WHOLE)

        assert read(store, which) == expected

    def test_an_entry_is_kept_with_what_it_tells_of_or_not_at_all(self, store: StaffStore) -> None:
        def crash() -> None:
            with store.begin() as uow:
                uow.add_audit(PLAIN)
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert read(store) == []

    def test_what_was_told_is_kept_as_it_was(self, store: StaffStore) -> None:
        facts = {"username": "anna"}
        add(store, evolve(PLAIN, facts=facts))

        facts["username"] = "other"

        assert read(store)[0].facts == {"username": "anna"}
