"""Reading who there is: partners and their API keys."""

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen
from sqlalchemy import ColumnElement, func, select

from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.partner_rows import (
    CHANGE_COLUMNS,
    KEY_COLUMNS,
    PARTNER_COLUMNS,
    change_of,
    key_of,
    partner_of,
)
from payflow_adapters.postgres.tables import api_keys, ledgers, partner_changes, partners
from payflow_domain.access.keys import ApiKey
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.ports import Page
from payflow_domain.partners.model import Partner, PartnerChange
from payflow_domain.partners.ports import PartnerFilter


@frozen(slots=False)  # so that one store can be all the readers
class PostgresDirectoryReader:
    """Reads partners and API keys."""

    database: Database

    def key_by_digest(self, digest: bytes) -> ApiKey | None:
        return self._key(api_keys.c.digest == digest)

    def key(self, key_id: KeyId) -> ApiKey | None:
        return self._key(api_keys.c.id == key_id)

    def keys(self, ledger_id: LedgerId, page: Page) -> Sequence[ApiKey]:
        return self._keys(api_keys.c.ledger_id == ledger_id, page)

    def keys_of_partner(self, partner_id: PartnerId, page: Page) -> Sequence[ApiKey]:
        return self._keys(api_keys.c.partner_id == partner_id, page)

    def count_live_keys(self, partner_id: PartnerId, now: datetime) -> int:
        expires_at = api_keys.c.expires_at
        query = select(func.count()).where(
            api_keys.c.partner_id == partner_id,
            api_keys.c.revoked_at.is_(None),
            expires_at.is_(None) | (expires_at > now),
        )
        with self.database.reading() as connection:
            return connection.execute(query).scalar_one()

    def _key(self, which: ColumnElement[bool]) -> ApiKey | None:
        keys = self._read_keys(which, 1)
        return keys[0] if keys else None

    def _keys(self, which: ColumnElement[bool], page: Page) -> list[ApiKey]:
        if page.after is not None:
            which &= api_keys.c.id < page.after
        return self._read_keys(which, page.limit)

    def _read_keys(self, which: ColumnElement[bool], limit: int) -> list[ApiKey]:
        query = (
            select(*KEY_COLUMNS)
            .join_from(api_keys, ledgers, api_keys.c.ledger_id == ledgers.c.id)
            .outerjoin(partners, api_keys.c.partner_id == partners.c.id)
            .where(which)
            .order_by(api_keys.c.id.desc())
            .limit(limit)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [key_of(row) for row in rows]

    def partner_named(self, name: str) -> Partner | None:
        query = select(*PARTNER_COLUMNS).where(partners.c.name == name)
        with self.database.reading() as connection:
            row = connection.execute(query.order_by(partners.c.id).limit(1)).one_or_none()
        return partner_of(row) if row else None

    def partner(self, partner_id: PartnerId) -> Partner | None:
        query = select(*PARTNER_COLUMNS).where(partners.c.id == partner_id)
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return partner_of(row) if row else None

    def partners(self, which: PartnerFilter, page: Page) -> Sequence[Partner]:
        query = select(*PARTNER_COLUMNS)
        if which.status is not None:
            query = query.where(partners.c.status == which.status.value)
        if which.name is not None:
            query = query.where(func.strpos(func.lower(partners.c.name), which.name.lower()) > 0)
        if page.after is not None:
            query = query.where(partners.c.id < page.after)
        query = query.order_by(partners.c.id.desc()).limit(page.limit)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [partner_of(row) for row in rows]

    def partner_changes(self, partner_id: PartnerId, limit: int) -> Sequence[PartnerChange]:
        query = (
            select(*CHANGE_COLUMNS)
            .where(partner_changes.c.partner_id == partner_id)
            .order_by(partner_changes.c.id.desc())
            .limit(limit)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [change_of(row) for row in rows]
