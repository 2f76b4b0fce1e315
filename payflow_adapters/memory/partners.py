"""Partners, what they have shown, and their API keys: writing and reading them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import TypeVar

from attrs import evolve

from payflow_adapters.memory.refusals import require
from payflow_adapters.memory.staging import Staging
from payflow_adapters.memory.tables import Tables
from payflow_domain.access.keys import ApiKey
from payflow_domain.access.permissions import Standing
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.accounts import AccountKind, Phase, Side
from payflow_domain.ledger.ports import Page
from payflow_domain.partners.application import Application, ApplicationKey, Waiting
from payflow_domain.partners.certification import CertificationItem
from payflow_domain.partners.model import STANDING, Partner, PartnerChange, PartnerStatus
from payflow_domain.partners.ports import PartnerFilter
from payflow_domain.payments.gateway import PaymentKind
from payflow_domain.payments.model import PaymentStatus
from payflow_domain.webhooks.deliveries import DeliveryStatus

_MOVES = frozenset({Phase.POSTED, Phase.SETTLED})
_NOT_ASKED = frozenset({"gateway_unavailable", "gateway_timeout"})
_Listed = TypeVar("_Listed", Partner, ApiKey)


class MemoryPartnerUnitOfWork(Staging):
    """Stages partners, what they have shown, and their API keys."""

    def add_partner(self, partner: Partner, key: ApplicationKey | None = None) -> None:
        """Stage a new partner."""
        with self._breaking():
            require(partner.id not in self._tables.partners, "the partner exists")
            taken = key is not None and self.application(key.digest)
            require(not taken, "the application exists")
        self._tables.partners[partner.id] = partner
        if key is not None:
            self._tables.applications[key.digest] = Application(partner, key)

    def waiting(self, contact_email: str) -> Waiting:
        """Count the pending partners."""
        partners = self._tables.partners.values()
        contacts = [
            (one.profile.contact_email or "").lower()
            for one in partners
            if one.status is PartnerStatus.PENDING
        ]
        return Waiting(len(contacts), contacts.count(contact_email.lower()))

    def application(self, key_digest: bytes) -> Application | None:
        """Return an application, its partner as this unit of work sees it."""
        made = self._tables.applications.get(key_digest)
        return made and evolve(made, partner=self._tables.partners[made.partner.id])

    def partner(self, partner_id: PartnerId) -> Partner | None:
        """Return a partner as this unit of work sees it."""
        return self._tables.partners.get(partner_id)

    def replace_partner(self, partner: Partner) -> None:
        """Stage the status of a partner."""
        with self._breaking():
            require(partner.id in self._tables.partners, "there is no such partner")
        known = self._tables.partners[partner.id]
        self._tables.partners[partner.id] = evolve(known, status=partner.status)

    def add_partner_change(self, change: PartnerChange) -> None:
        """Stage what changed."""
        with self._breaking():
            require(change.partner_id in self._tables.partners, "there is no such partner")
        self._tables.partner_changes[len(self._tables.partner_changes) + 1] = change

    def add_certified(self, ledger_id: LedgerId, item: CertificationItem, at: datetime) -> bool:
        """Stage that an item is done."""
        with self._breaking():
            require(ledger_id in self._tables.ledgers, "there is no such ledger")
        is_new = (ledger_id, item) not in self._tables.certified
        if is_new:
            self._tables.certified[ledger_id, item] = at
        return is_new

    def add_key(self, key: ApiKey) -> None:
        """Stage a new key."""
        taken = key.digest in self._tables.keys
        known = any(other.id == key.id for other in self._tables.keys.values())
        with self._breaking():
            require(not taken and not known, "the key exists")
        self._tables.keys[key.digest] = key

    def key(self, ledger_id: LedgerId, key_id: KeyId) -> ApiKey | None:
        """Return a key as this unit of work sees it."""
        keys = self._tables.keys.values()
        found = (key for key in keys if (key.ledger_id, key.id) == (ledger_id, key_id))
        return next((_with_standing(self._tables, key) for key in found), None)

    def replace_key(self, key: ApiKey) -> None:
        """Stage what was changed of a key."""
        known = self.key(key.ledger_id, key.id)
        with self._breaking():
            require(known is not None, "there is no such key")
        self._tables.keys[key.digest] = evolve(
            self._tables.keys[key.digest],
            revoked_at=key.revoked_at,
            expires_at=key.expires_at,
            replaced_by=key.replaced_by,
        )

    def count_live_keys(self, ledger_id: LedgerId, now: datetime) -> int:
        """Count the keys that are live as this unit of work sees them."""
        keys = self._tables.keys.values()
        return sum(key.ledger_id == ledger_id and key.is_live(now) for key in keys)


class MemoryDirectoryReader:
    """Reads committed partners and API keys."""

    _tables: Tables
    _reading: Lock

    def key_by_digest(self, digest: bytes) -> ApiKey | None:
        with self._reading:
            key = self._tables.keys.get(digest)
            return key and _with_standing(self._tables, key)

    def key(self, key_id: KeyId) -> ApiKey | None:
        found = [key for key in self._keys() if key.id == key_id]
        return found[0] if found else None

    def keys(self, ledger_id: LedgerId, page: Page) -> Sequence[ApiKey]:
        return _newest_first([key for key in self._keys() if key.ledger_id == ledger_id], page)

    def keys_of_partner(self, partner_id: PartnerId, page: Page) -> Sequence[ApiKey]:
        return _newest_first([key for key in self._keys() if key.partner_id == partner_id], page)

    def count_live_keys(self, partner_id: PartnerId, now: datetime) -> int:
        return sum(key.partner_id == partner_id and key.is_live(now) for key in self._keys())

    def _keys(self) -> list[ApiKey]:
        with self._reading:
            return [_with_standing(self._tables, key) for key in self._tables.keys.values()]

    def partner_named(self, name: str) -> Partner | None:
        with self._reading:
            named = (one for one in self._tables.partners.values() if one.name == name)
            return min(named, key=lambda partner: partner.id, default=None)

    def partner(self, partner_id: PartnerId) -> Partner | None:
        with self._reading:
            return self._tables.partners.get(partner_id)

    def partners(self, which: PartnerFilter, page: Page) -> Sequence[Partner]:
        part = (which.name or "").lower()
        with self._reading:
            found = [
                one
                for one in self._tables.partners.values()
                if which.status in (None, one.status) and part in one.name.lower()
            ]
        return _newest_first(found, page)

    def partner_changes(self, partner_id: PartnerId, limit: int) -> Sequence[PartnerChange]:
        with self._reading:
            changes = list(self._tables.partner_changes.values())
        return [one for one in reversed(changes) if one.partner_id == partner_id][:limit]


class MemoryCertificationReader:
    """Reads what is kept as done, and what the books show."""

    _tables: Tables
    _reading: Lock

    def certified(self, ledger_id: LedgerId) -> Mapping[CertificationItem, datetime]:
        with self._reading:
            rows = self._tables.certified.items()
            return {item: at for (owner, item), at in rows if owner == ledger_id}

    def evidence(
        self, ledger_id: LedgerId, items: frozenset[CertificationItem]
    ) -> Mapping[CertificationItem, datetime]:
        with self._reading:
            shown = {
                CertificationItem.WALLET_OPENED: self._wallets_opened(ledger_id),
                CertificationItem.CREDIT_COMPLETED: [
                    *self._credits(ledger_id),
                    *self._payments(ledger_id, PaymentKind.CHARGE, PaymentStatus.SUCCEEDED),
                ],
                CertificationItem.DECLINE_HANDLED: [
                    *self._payments(ledger_id, PaymentKind.CHARGE, PaymentStatus.FAILED),
                    *self._payments(ledger_id, PaymentKind.PAYOUT, PaymentStatus.FAILED),
                ],
                CertificationItem.PAYOUT_COMPLETED: [
                    *self._payments(ledger_id, PaymentKind.PAYOUT, PaymentStatus.SUCCEEDED),
                    *self._payments(ledger_id, PaymentKind.PAYOUT, PaymentStatus.RETURNED),
                ],
                CertificationItem.WEBHOOK_RECEIVED: self._deliveries(ledger_id),
                CertificationItem.KEY_ROTATED: self._rotations(ledger_id),
            }
        return {item: min(times) for item, times in shown.items() if times and item in items}

    def _wallets_opened(self, ledger_id: LedgerId) -> list[datetime]:
        wallets = self._tables.wallets.items()
        return [wallet.created_at for (owner, _), wallet in wallets if owner == ledger_id]

    def _credits(self, ledger_id: LedgerId) -> list[datetime]:
        settlement = f"{AccountKind.PARTNER_SETTLEMENT.value}:"
        return [
            entry.at
            for (owner, account_id, _), entry in self._tables.entries.items()
            if owner == ledger_id
            and account_id.startswith(settlement)
            and entry.side is Side.DEBIT
            and entry.phase in _MOVES
        ]

    def _payments(
        self, ledger_id: LedgerId, kind: PaymentKind, status: PaymentStatus
    ) -> list[datetime]:
        """Return when payments became final, but for those that no gateway was asked for."""
        made = [
            self._tables.transactions[row]
            for row, payment in self._tables.payments.items()
            if (payment.ledger_id, payment.kind, payment.status) == (ledger_id, kind, status)
        ]
        return [
            one.completed_at
            for one in made
            if one.completed_at is not None
            and (one.failure is None or one.failure.code not in _NOT_ASKED)
        ]

    def _deliveries(self, ledger_id: LedgerId) -> list[datetime]:
        deliveries = self._tables.deliveries.values()
        return [
            each.created_at
            for each in deliveries
            if each and (each.ledger_id, each.status) == (ledger_id, DeliveryStatus.DELIVERED)
        ]

    def _rotations(self, ledger_id: LedgerId) -> list[datetime]:
        keys = list(self._tables.keys.values())
        replacing = {key.replaced_by for key in keys if key.ledger_id == ledger_id}
        return [key.created_at for key in keys if key.id in replacing]


def _with_standing(tables: Tables, key: ApiKey) -> ApiKey:
    """Return a key with how its partner stands now."""
    partner = tables.partners.get(key.partner_id)
    return evolve(key, standing=STANDING[partner.status] if partner else Standing.GOOD)


def _newest_first(found: Iterable[_Listed], page: Page) -> list[_Listed]:
    """Return a page of what was found; ids sort by the time they were made."""
    newest = sorted(found, key=lambda each: each.id, reverse=True)
    rest = [each for each in newest if page.after is None or each.id < page.after]
    return rest[: page.limit]
