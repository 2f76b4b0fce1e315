"""The audit log: what staff did, and who failed to prove who they are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

Told = Mapping[str, object]
"""What something was, by public names; values are what JSON has, and never a secret."""


@frozen
class AuditEntry:
    """One thing that somebody did or tried.

    ``actor`` is the id of an operator, a key's id where a partner acts for itself, or
    ``"anonymous"``. ``action`` is an object and a verb, such as ``partner.suspended``, and
    ``subject`` the id of that object. ``reason`` is what the actor gave for it.
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
