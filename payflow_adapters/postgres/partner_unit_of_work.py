"""What a unit of work does with partners and their API keys."""

from datetime import datetime

from attrs import define
from psycopg.types.json import Json

from payflow_adapters.postgres import partner_statements as statements
from payflow_adapters.postgres.drivers import Driver
from payflow_adapters.postgres.partner_rows import (
    application_key_of,
    key_of,
    partner_of,
    partner_record,
)
from payflow_domain.access.keys import ApiKey
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.partners.application import Application, ApplicationKey, Waiting
from payflow_domain.partners.certification import CertificationItem
from payflow_domain.partners.model import Partner, PartnerChange

_APPLICATIONS_LOCK = 0x7061_7970
"""The advisory lock under which applications are counted and added."""


@define(slots=False)  # so that one unit of work can be all of them
class PostgresPartnerUnitOfWork:
    """Writes partners, what they have shown, and API keys, on one connection."""

    driver: Driver

    def add_partner(self, partner: Partner, key: ApplicationKey | None = None) -> None:
        records = Json([partner_record(partner, key)])
        self.driver.run((statements.INSERT_PARTNER, [records]))

    def waiting(self, contact_email: str) -> Waiting:
        _, ((count, of_contact),) = self.driver.run(
            (statements.LOCK_APPLICATIONS, [_APPLICATIONS_LOCK]),
            (statements.COUNT_WAITING, [contact_email]),
        )
        return Waiting(count, of_contact)

    def application(self, key_digest: bytes) -> Application | None:
        (rows,) = self.driver.run((statements.FIND_APPLICATION, [key_digest]))
        return Application(partner_of(rows[0]), application_key_of(rows[0])) if rows else None

    def partner(self, partner_id: PartnerId) -> Partner | None:
        (rows,) = self.driver.run((statements.LOCK_PARTNER, [partner_id]))
        return partner_of(rows[0]) if rows else None

    def replace_partner(self, partner: Partner) -> None:
        self.driver.send((statements.UPDATE_PARTNER, [partner.status, partner.id]))

    def add_partner_change(self, change: PartnerChange) -> None:
        values = [
            change.partner_id,
            change.at,
            change.actor,
            change.before,
            change.after,
            change.reason,
            change.overrides,
        ]
        self.driver.send((statements.INSERT_PARTNER_CHANGE, values))

    def add_certified(self, ledger_id: LedgerId, item: CertificationItem, at: datetime) -> bool:
        (rows,) = self.driver.run((statements.INSERT_CERTIFIED, [ledger_id, item, at]))
        return bool(rows)

    def add_key(self, key: ApiKey) -> None:
        values = [
            key.id,
            key.partner_id,
            key.ledger_id,
            key.name,
            Json(sorted(key.permissions)),
            key.digest,
            key.prefix,
            key.last_four,
            key.created_at,
            key.revoked_at,
            key.expires_at,
            Json([str(network) for network in key.allowed_networks]),
            key.replaced_by,
            key.last_used_at,
        ]
        self.driver.run((statements.INSERT_API_KEY, values))

    def key(self, ledger_id: LedgerId, key_id: KeyId) -> ApiKey | None:
        (rows,) = self.driver.run((statements.LOAD_API_KEY, [ledger_id, key_id]))
        return key_of(rows[0]) if rows else None

    def replace_key(self, key: ApiKey) -> None:
        values = [key.revoked_at, key.expires_at, key.replaced_by, key.ledger_id, key.id]
        self.driver.send((statements.UPDATE_API_KEY, values))

    def count_live_keys(self, ledger_id: LedgerId, now: datetime) -> int:
        ((row,),) = self.driver.run((statements.COUNT_LIVE_API_KEYS, [ledger_id, now]))
        return int(row[0])
