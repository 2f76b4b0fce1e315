"""What verifying finds."""

from attrs import frozen


@frozen
class Fault:
    """Something in the books that does not add up.

    ``check`` names the rule, ``subject`` the account, transaction or event that breaks it;
    ``expected`` and ``found`` are for a person to read. ``ledger_id`` is ``None`` where the fault
    is not one ledger's.
    """

    check: str
    ledger_id: int | None
    subject: str
    expected: str
    found: str

    def __str__(self) -> str:
        ledger = "" if self.ledger_id is None else f"ledger {self.ledger_id}, "
        return f"{self.check}: {ledger}{self.subject}: expected {self.expected}, found {self.found}"
