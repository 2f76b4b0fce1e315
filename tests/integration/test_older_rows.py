"""What was kept before a migration is read as it should be after it."""

from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from payflow_adapters.postgres.connection import connect, sqlalchemy_url
from payflow_adapters.postgres.migrate import alembic_config, migrate
from payflow_adapters.postgres.store import PostgresStore
from payflow_domain.access.permissions import Permission, Standing
from payflow_domain.ids import KeyId, PartnerId
from payflow_domain.partners.model import Partner, PartnerStatus
from tests.builders.times import START, SettableClock

PARTNER = Partner(PartnerId("ptr_1"), "RoSaBank", PartnerStatus.APPROVED, START)

_PARTNER = "INSERT INTO partners VALUES (:id, :name, :status, :at)"
_LEDGER = """
    INSERT INTO ledgers (partner_id, environment, sequence, head, last_at)
    VALUES (:id, 'sandbox', 0, '', :at) RETURNING id
"""
_KEY = """
    INSERT INTO api_keys (id, partner_id, ledger_id, name, permissions, digest, prefix, last_four,
      created_at)
    VALUES ('key_1', :id, :ledger, 'A key', '["wallets:read"]', '\\x01', 'sk_test_pf_', 'abcd', :at)
"""


def test_partners_and_keys_of_before_they_had_a_way_are_good_still(database_url: str) -> None:
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    values = {"id": PARTNER.id, "name": PARTNER.name, "status": "approved", "at": START}
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0007")
        connection.execute(text(_PARTNER), values)
        ledger = connection.execute(text(_LEDGER), values).scalar_one()
        connection.execute(text(_KEY), {**values, "ledger": ledger})

    migrate(database_url)

    database = connect(database_url)
    store = PostgresStore(database, SettableClock())
    found, key = store.partner(PARTNER.id), store.key(KeyId("key_1"))
    database.close()
    assert found == PARTNER
    assert key is not None
    assert (key.permissions, key.standing) == (
        frozenset({Permission.WALLETS_READ}),
        Standing.GOOD,
    )
    assert (key.expires_at, key.allowed_networks, key.replaced_by) == (None, (), None)
    assert key.is_live(START)
