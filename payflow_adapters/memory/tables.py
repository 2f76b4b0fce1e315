"""The tables of the store in memory, keyed as a database would key them."""

from collections import ChainMap
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

from attrs import Factory, define, evolve, fields, frozen

from payflow_domain.access.attempts import Attempts
from payflow_domain.access.audit import AuditEntry
from payflow_domain.access.keys import ApiKey
from payflow_domain.access.operators import Operator
from payflow_domain.access.sessions import Session
from payflow_domain.access.shared_limits import KeptLimits
from payflow_domain.ids import AccountId, LedgerId, OperatorId, PartnerId, TransactionId
from payflow_domain.ledger.accounts import Account
from payflow_domain.ledger.idempotency import RETENTION, IdempotencyKey, SpentKey
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.transactions import Entry, Transaction
from payflow_domain.ledger.volumes import Volume, VolumeOf
from payflow_domain.partners.application import Application
from payflow_domain.partners.certification import CertificationItem
from payflow_domain.partners.model import Partner, PartnerChange
from payflow_domain.payments.gateway import MovementKind
from payflow_domain.payments.model import KeptNotice, Leg, Payment
from payflow_domain.wallets.model import Wallet
from payflow_domain.webhooks.deliveries import Delivery, DeliveryKey
from payflow_domain.webhooks.endpoints import Endpoint, EndpointKey


@frozen
class DatedKey:
    """A spent key and when it was spent."""

    spent: SpentKey
    at: datetime

    def is_remembered(self, now: datetime) -> bool:
        """Tell whether the key was spent no longer than ``RETENTION`` before ``now``."""
        return now - self.at <= RETENTION


@frozen
class Lease:
    """Which worker has an endpoint, and until when."""

    worker: str
    until: datetime


@define
class Tables:
    """Every row of every ledger.

    Entries are numbered per account and events per ledger, both from 1 without a gap, so a range
    of either is read number by number. ``None`` stands for what was there and is no more.
    """

    partners: MutableMapping[PartnerId, Partner] = Factory(dict)
    applications: MutableMapping[bytes, Application] = Factory(dict)
    partner_changes: MutableMapping[int, PartnerChange] = Factory(dict)
    certified: MutableMapping[tuple[LedgerId, CertificationItem], datetime] = Factory(dict)
    keys: MutableMapping[bytes, ApiKey] = Factory(dict)
    ledgers: MutableMapping[LedgerId, Ledger] = Factory(dict)
    ledger_ids: MutableMapping[tuple[PartnerId, Environment], LedgerId] = Factory(dict)
    accounts: MutableMapping[tuple[LedgerId, AccountId], Account] = Factory(dict)
    entries: MutableMapping[tuple[LedgerId, AccountId, int], Entry] = Factory(dict)
    transactions: MutableMapping[tuple[LedgerId, TransactionId], Transaction] = Factory(dict)
    events: MutableMapping[tuple[LedgerId, int], Event] = Factory(dict)
    spent: MutableMapping[tuple[LedgerId, IdempotencyKey], DatedKey | None] = Factory(dict)
    wallets: MutableMapping[tuple[LedgerId, AccountId], Wallet] = Factory(dict)
    external_ids: MutableMapping[tuple[LedgerId, str], AccountId] = Factory(dict)
    payments: MutableMapping[tuple[LedgerId, TransactionId], Payment] = Factory(dict)
    legs: MutableMapping[tuple[str, Environment, MovementKind, str], Leg] = Factory(dict)
    notices: MutableMapping[tuple[str, Environment, str], KeptNotice] = Factory(dict)
    audit: MutableMapping[int, AuditEntry] = Factory(dict)
    operators: MutableMapping[OperatorId, Operator] = Factory(dict)
    sessions: MutableMapping[bytes, Session | None] = Factory(dict)
    staff_spent: MutableMapping[tuple[OperatorId, IdempotencyKey], DatedKey | None] = Factory(dict)
    attempts: MutableMapping[str, Attempts | None] = Factory(dict)
    endpoints: MutableMapping[EndpointKey, Endpoint | None] = Factory(dict)
    deliveries: MutableMapping[DeliveryKey, Delivery | None] = Factory(dict)
    leases: MutableMapping[EndpointKey, Lease | None] = Factory(dict)
    limits: MutableMapping[LedgerId, KeptLimits] = Factory(dict)
    volumes: MutableMapping[tuple[LedgerId, VolumeOf], Volume] = Factory(dict)
    volume_cursors: MutableMapping[LedgerId, tuple[int, int]] = Factory(dict)

    def stage(self) -> "Tables":
        """Return tables that show these rows, and keep to themselves what is written to them."""
        return Tables(**{name: ChainMap({}, table) for name, table in self._named()})

    def take_over(self, staged: "Tables") -> None:
        """Make what was written to ``staged`` part of these tables."""
        for name, table in staged._named():  # noqa: SLF001 - another one of this class
            if isinstance(table, ChainMap):
                getattr(self, name).update(table.maps[0])

    def find_wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        """Return a wallet with its account as it is now."""
        wallet = self.wallets.get((ledger_id, wallet_id))
        return wallet and evolve(wallet, account=self.accounts[ledger_id, wallet_id])

    def find_payment(self, transaction_id: TransactionId) -> Payment | None:
        """Return the payment of a transaction, of whatever ledger."""
        payments = self.payments.values()
        return next((one for one in payments if one.transaction_id == transaction_id), None)

    def find_payment_at_gateway(
        self, gateway: str, environment: Environment, gateway_id: str
    ) -> Payment | None:
        """Return the payment that has that id at the gateway."""
        sought = (gateway, environment, gateway_id)
        payments = self.payments.values()
        return next(
            (one for one in payments if (one.gateway, one.environment, one.gateway_id) == sought),
            None,
        )

    def _named(self) -> list[tuple[str, MutableMapping[Any, Any]]]:
        return [(each.name, getattr(self, each.name)) for each in fields(Tables)]
