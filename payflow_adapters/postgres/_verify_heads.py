"""Heads of journals that were kept elsewhere: who rewrites a journal cannot rewrite those."""

import re
from collections.abc import Iterable

from attrs import frozen

from payflow_adapters.postgres._verify_fault import Fault

_HEAD = re.compile(r"(\d{1,19}):(\d{1,19}):([0-9a-f]{64})")


@frozen
class Head:
    """The hash that an event of a ledger has, and with it all before it.

    Written as ``LEDGER:SEQUENCE:HASH``, the hash in hexadecimal.
    """

    ledger_id: int
    sequence: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.ledger_id}:{self.sequence}:{self.hash.hex()}"

    @classmethod
    def read(cls, text: str) -> "Head":
        """Read what ``str`` wrote; raises ``ValueError`` with what it should look like."""
        match = _HEAD.fullmatch(text.strip())
        if match is None:
            detail = f"{text.strip()!r} is not LEDGER:SEQUENCE:HASH, with 64 hexadecimal digits"
            raise ValueError(detail)
        return cls(int(match[1]), int(match[2]), bytes.fromhex(match[3]))


class KeptHeads:
    """Heads that were kept, and are still to be met in the journals."""

    def __init__(self, heads: Iterable[Head]) -> None:
        self._left: dict[int, dict[int, set[bytes]]] = {}
        for head in heads:
            of_ledger = self._left.setdefault(head.ledger_id, {})
            of_ledger.setdefault(head.sequence, set()).add(head.hash)

    def meet(self, ledger_id: int, sequence: int, head: bytes) -> Fault | None:
        """Compare the hash that an event has with what was kept of it, if anything."""
        of_ledger = self._left.get(ledger_id)
        kept = of_ledger.pop(sequence, None) if of_ledger else None
        if kept is None or kept == {head}:
            return None
        return _differs(ledger_id, sequence, min(kept - {head}), head.hex())

    def end(self, ledger_id: int, last: int) -> Fault | None:
        """Find what was kept of an event after the ``last`` one of a ledger."""
        left = self._left.pop(ledger_id, None)
        if not left:
            return None
        sequence, kept = min(left.items())
        return _differs(ledger_id, sequence, min(kept), f"{last} events")

    def rest(self) -> Fault | None:
        """Find what was kept of a ledger that there is not."""
        return next((self.end(ledger_id, 0) for ledger_id in sorted(self._left)), None)


def _differs(ledger_id: int, sequence: int, kept: bytes, found: str) -> Fault:
    expected = f"the hash that was kept, {kept.hex()}"
    return Fault("journal_kept_head", ledger_id, f"event {sequence}", expected, found)
