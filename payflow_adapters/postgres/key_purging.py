"""Spent idempotency keys that are kept no longer."""

from datetime import datetime
from typing import LiteralString

from attrs import define

from payflow_adapters.postgres.drivers import Driver

# Waits for no commit, so no commit that it keeps waiting for a moment waits in a circle.
PURGE_KEYS: LiteralString = """
    WITH old AS (
      SELECT k.ledger_id, k.key FROM idempotency_keys k
      WHERE k.at < %s AND k.status IS NOT NULL
      ORDER BY k.at LIMIT %s
      FOR UPDATE SKIP LOCKED
    ), purged AS (
      DELETE FROM idempotency_keys k USING old o
      WHERE k.ledger_id = o.ledger_id AND k.key = o.key
      RETURNING 1
    )
    SELECT count(*) FROM purged
"""


@define(slots=False)  # so that one unit of work can be all of them
class PostgresKeyPurgingUnitOfWork:
    """Removes spent keys on one connection."""

    driver: Driver

    def purge_keys(self, before: datetime, limit: int) -> int:
        (((purged,),),) = self.driver.run((PURGE_KEYS, [before, limit]))
        return int(purged)
