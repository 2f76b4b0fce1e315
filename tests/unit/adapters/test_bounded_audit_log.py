"""However often strangers fail, no more than so many entries of an action are kept a minute."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from payflow_adapters.bounded_audit_log import ENTRIES_MAX, PERIOD, BoundedAuditLog
from payflow_adapters.memory import MemoryStore
from payflow_domain.access.audit import AuditEntry, AuditFilter, AuditUnitOfWork
from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.ledger.ports import Page
from tests.builders.times import START, SettableClock


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SettableClock())


def entry(action: str = "login.refused", after: timedelta = timedelta()) -> AuditEntry:
    return AuditEntry(START + after, "anonymous", action, "root")


def kept(log: BoundedAuditLog, store: MemoryStore) -> list[AuditEntry]:
    log.flush()
    found = store.audit_entries(AuditFilter(), Page(10 * ENTRIES_MAX))
    return [record.entry for record in found]


def test_what_is_above_the_bound_is_counted_and_told_with_the_next_one(store: MemoryStore) -> None:
    log = BoundedAuditLog(store.begin)

    for _ in range(ENTRIES_MAX + 7):
        log.record(entry())
    log.record(entry(after=PERIOD))

    last, before, *others = kept(log, store)
    assert last.facts == {"notKept": 7}
    assert before.facts == {}
    assert len(others) == ENTRIES_MAX - 1


def test_each_action_has_room_of_its_own_in_each_minute(store: MemoryStore) -> None:
    log = BoundedAuditLog(store.begin)

    for minute in range(2):
        for action in ("login.refused", "api_key.refused"):
            for _ in range(ENTRIES_MAX + 1):
                log.record(entry(action, minute * PERIOD))

    assert len(kept(log, store)) == 4 * ENTRIES_MAX


def test_an_entry_that_cannot_be_kept_is_logged_and_keeps_nobody_waiting(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([CommitFailed("The database is away."), None])

    @contextmanager
    def begin() -> Iterator[AuditUnitOfWork]:
        failure = next(failures)
        if failure is not None:
            raise failure
        with store.begin() as uow:
            yield uow

    log = BoundedAuditLog(begin)
    with caplog.at_level(logging.ERROR):
        log.record(entry())
        log.record(entry("api_key.refused"))
        found = kept(log, store)

    assert [each.action for each in found] == ["api_key.refused"]
    assert "An entry of the audit log was lost." in caplog.text
