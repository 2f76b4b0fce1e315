"""Certification: what a partner has shown in its sandbox before it moves real money."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import frozen

from payflow_domain.errors import Conflict, Forbidden


class CertificationItem(StrEnum):
    """What is to be shown. PayFlow ticks it off by itself, and it stays so."""

    WALLET_OPENED = "wallet_opened"
    CREDIT_COMPLETED = "credit_completed"
    TRANSFER_REPLAYED = "transfer_replayed"
    DECLINE_HANDLED = "decline_handled"
    PAYOUT_COMPLETED = "payout_completed"
    WEBHOOK_RECEIVED = "webhook_received"
    KEY_ROTATED = "key_rotated"


TITLES: Mapping[CertificationItem, str] = {
    CertificationItem.WALLET_OPENED: "Open a wallet",
    CertificationItem.CREDIT_COMPLETED: "Credit a wallet",
    CertificationItem.TRANSFER_REPLAYED: "Send a transfer again with its idempotency key",
    CertificationItem.DECLINE_HANDLED: "Meet a decline of the payment gateway",
    CertificationItem.PAYOUT_COMPLETED: "Complete a payout",
    CertificationItem.WEBHOOK_RECEIVED: "Answer a signed webhook with 2xx",
    CertificationItem.KEY_ROTATED: "Rotate an API key",
}


class CertificationOpen(Conflict):
    """The partner has not shown all of it; ``open`` lists what is left."""

    code = "certification_open"


class SandboxOnly(Forbidden):
    """Only a sandbox key may ask this."""

    code = "sandbox_only"


@frozen
class Certification:
    """What a partner has shown, and when."""

    done: Mapping[CertificationItem, datetime]

    @property
    def open(self) -> list[CertificationItem]:
        """What is left to show."""
        return [item for item in CertificationItem if item not in self.done]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left."""
        return not self.open


def certification_open(open_items: list[CertificationItem]) -> CertificationOpen:
    """Refuse to activate a partner with items open."""
    detail = "The certification is open; override it with a reason, or wait until it is complete."
    return CertificationOpen(detail, facts={"open": [item.value for item in open_items]})
