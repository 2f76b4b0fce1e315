"""Cursors: where a list goes on, signed so that nobody can make one up."""

import base64
import binascii
import hashlib
import hmac
from http import HTTPStatus

import orjson
from attrs import field, frozen

from payflow_domain.ids import LedgerId
from payflow_http.problems import Fault, Problem

_MAC_BYTES = 16


@frozen
class Listing:
    """A list as its cursors know it: what it is called, whose it is, and what it is filtered by.

    ``ledger_id`` is None where it is of no ledger, but for staff.
    """

    name: str
    ledger_id: LedgerId | None
    filters: tuple[tuple[str, str], ...] = ()


@frozen
class Cursors:
    """Makes and reads cursors. A cursor is good for its own list with its own filters."""

    secret: bytes = field(repr=False)

    def make(self, listing: Listing, position: str) -> str:
        """Return the cursor of what comes after ``position``."""
        content = position.encode()
        return _text(self._mac(listing, content) + content)

    def read(self, listing: Listing, cursor: str) -> str:
        """Return the position in a cursor of ``listing``; raises a ``Problem``."""
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=False)
        except (binascii.Error, UnicodeEncodeError):
            raise _invalid() from None
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        # Compared as text as well: base64 can spell the same bytes in more than one way.
        if not hmac.compare_digest(mac, self._mac(listing, content)) or _text(raw) != cursor:
            raise _invalid()
        return content.decode()

    def _mac(self, listing: Listing, content: bytes) -> bytes:
        signed = orjson.dumps([listing.name, listing.ledger_id, listing.filters]) + b"\n" + content
        return hmac.digest(self.secret, signed, hashlib.sha256)[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _invalid() -> Problem:
    detail = "Use the nextCursor of this list's previous page, with the same filters."
    faults = [Fault("cursor", "invalid_cursor", detail, in_query=True)]
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_cursor", detail, faults=faults)
