"""The audit log: what staff did, and who failed to prove who they are."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from payflow_domain.ledger.ports import Page

ANONYMOUS = "anonymous"
"""The actor where nobody knows who it was."""

COMMAND_LINE = "command_line"
"""The actor who has a shell on one of our machines, and no session."""

WORKER = "worker"
"""The actor where PayFlow does something of its own accord."""

Told = Mapping[str, object]
"""What something was, by public names; values are what JSON has, and never a secret."""


@frozen
class AuditEntry:
    """One thing that somebody did or tried.

    ``actor`` is the id of an operator, a key's id where a partner acts for itself,
    ``COMMAND_LINE``, ``WORKER`` or ``ANONYMOUS``. ``action`` is an object and a verb, such as
    ``partner.suspended``, and ``subject`` the id of that object. ``reason`` is what the actor gave
    for it.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    address: str | None = None
    partner_id: str | None = None
    reason: str | None = None
    before: Told | None = None
    after: Told | None = None
    facts: Told = field(factory=dict)


class AuditUnitOfWork(Protocol):
    """Writes to the audit log, in one transaction with what it tells of."""

    def add_audit(self, entry: AuditEntry) -> None:
        """Keep an entry; it is never changed."""
        ...


BeginAudit = Callable[[], AbstractContextManager[AuditUnitOfWork]]


@frozen
class AuditRecord:
    """An entry as it is kept; ``number`` tells apart what was done at one moment.

    ``username`` is that of the operator who acted, if it was one.
    """

    number: int
    entry: AuditEntry
    username: str | None = None

    @property
    def position(self) -> str:
        """Where it stands in the log, for ``Page.after``."""
        return f"{self.entry.at.isoformat()} {self.number}"


@frozen
class AuditFilter:
    """Which entries to list; ``None`` means any. ``until`` itself is not in it."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    partner_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditReader(Protocol):
    """Reads the audit log."""

    def audit_entries(self, which: AuditFilter, page: Page) -> Sequence[AuditRecord]:
        """Return entries, newest first. The position of an item is its ``position``."""
        ...


class AuditLog(Protocol):
    """Takes entries that strangers cause, and no more of them than there is room for."""

    def record(self, entry: AuditEntry) -> None:
        """Have an entry kept some time soon; never waits for it, and never raises."""
        ...
