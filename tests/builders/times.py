"""Time and ids that a test decides."""

from datetime import UTC, datetime, timedelta
from itertools import count

from payflow_domain.ids import (
    DELIVERY,
    TRANSACTION,
    WALLET,
    WEBHOOK_ENDPOINT,
    AccountId,
    DeliveryId,
    EndpointId,
    Mint,
    TransactionId,
)

START = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
TICK = timedelta(microseconds=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


class SettableClock:
    """Stands still until it is told to move."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class CountingIds:
    """Makes ids that sort like the real ones and are the same in every run."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def minting(self, at: datetime) -> Mint:
        moment = (at - _EPOCH) // TICK
        return lambda prefix: f"{prefix}_{_spell(moment << 60 | next(self._numbers))}"


def wallet_id(number: int) -> AccountId:
    """Return a well-formed wallet id; ids sort by their numbers."""
    return AccountId(f"{WALLET}_{_spell(number)}")


def transaction_id(number: int) -> TransactionId:
    """Return a well-formed transaction id; ids sort by their numbers."""
    return TransactionId(f"{TRANSACTION}_{_spell(number)}")


def endpoint_id(number: int) -> EndpointId:
    """Return a well-formed id of a webhook endpoint; ids sort by their numbers."""
    return EndpointId(f"{WEBHOOK_ENDPOINT}_{_spell(number)}")


def delivery_id(number: int) -> DeliveryId:
    """Return a well-formed id of a delivery; ids sort by their numbers."""
    return DeliveryId(f"{DELIVERY}_{_spell(number)}")


def _spell(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))
