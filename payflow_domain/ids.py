"""Identifiers, and the port that makes them.

A public id is a prefix that names its kind, an underscore, and 26 characters of Crockford's
base32 that spell a UUID of version 7 (RFC 9562): ids sort by the time they were made.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import NewType, Protocol

LedgerId = NewType("LedgerId", int)
AccountId = NewType("AccountId", str)
TransactionId = NewType("TransactionId", str)
PartnerId = NewType("PartnerId", str)
KeyId = NewType("KeyId", str)
OperatorId = NewType("OperatorId", str)
EndpointId = NewType("EndpointId", str)
DeliveryId = NewType("DeliveryId", str)

WALLET = "wal"
TRANSACTION = "txn"
EVENT = "evt"
PARTNER = "ptr"
API_KEY = "key"
OPERATOR = "opr"
WEBHOOK_ENDPOINT = "whk"
DELIVERY = "dlv"

ID_LENGTH = 30

Mint = Callable[[str], str]
"""Makes an id of the kind whose prefix it is given."""

_PUBLIC_ID = re.compile(r"([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}")


class IdSource(Protocol):
    """Makes ids."""

    def minting(self, at: datetime) -> Mint:
        """Return a mint for the moment ``at``.

        Its ids sort in the order they are made, and after those of every earlier moment, at a
        resolution of one microsecond. At most 2**18 ids may be made from one mint.
        """
        ...


def is_id(value: str, prefix: str) -> bool:
    """Tell whether ``value`` has the form of an id of that kind."""
    match = _PUBLIC_ID.fullmatch(value)
    return match is not None and match[1] == prefix
