"""Reading who there is: partners and their API keys."""

from attrs import frozen
from sqlalchemy import select

from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.tables import api_keys, ledgers, partners
from payflow_domain.access.keys import ApiKey
from payflow_domain.access.permissions import Permission
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.partners.model import Partner, PartnerStatus


@frozen(slots=False)  # so that one store can be all the readers
class PostgresDirectoryReader:
    """Reads partners and API keys."""

    database: Database

    def key_by_digest(self, digest: bytes) -> ApiKey | None:
        query = (
            select(api_keys, ledgers.c.environment)
            .join_from(api_keys, ledgers, api_keys.c.ledger_id == ledgers.c.id)
            .where(api_keys.c.digest == digest)
        )
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return ApiKey(
            id=KeyId(row.id),
            partner_id=PartnerId(row.partner_id),
            ledger_id=LedgerId(row.ledger_id),
            environment=Environment(row.environment),
            name=row.name,
            permissions=frozenset(map(Permission, row.permissions)),
            digest=bytes(row.digest),
            prefix=row.prefix,
            last_four=row.last_four,
            created_at=row.created_at,
            revoked_at=row.revoked_at,
        )

    def partner_named(self, name: str) -> Partner | None:
        query = select(partners).where(partners.c.name == name).order_by(partners.c.id).limit(1)
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Partner(
            id=PartnerId(row.id),
            name=row.name,
            status=PartnerStatus(row.status),
            created_at=row.created_at,
        )
