"""The stores in PostgreSQL, one object for all capabilities."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen

from payflow_adapters.postgres.bell import Bell
from payflow_adapters.postgres.certification_reader import PostgresCertificationReader
from payflow_adapters.postgres.connection import unavailable_as
from payflow_adapters.postgres.directory_reader import PostgresDirectoryReader
from payflow_adapters.postgres.drivers import ThreadDriver
from payflow_adapters.postgres.ledger_reader import PostgresLedgerReader
from payflow_adapters.postgres.limits import PostgresLimits
from payflow_adapters.postgres.migrate import is_migrated
from payflow_adapters.postgres.payment_reader import PostgresPaymentReader
from payflow_adapters.postgres.security_log import PostgresSecurityLog
from payflow_adapters.postgres.staff_reader import PostgresStaffReader
from payflow_adapters.postgres.unit_of_work import PostgresUnitOfWork
from payflow_adapters.postgres.usage import PostgresUsage
from payflow_adapters.postgres.volumes import PostgresVolumeReader
from payflow_adapters.postgres.wallet_reader import PostgresWalletReader
from payflow_adapters.postgres.webhook_reader import PostgresWebhookReader
from payflow_domain.clock import Clock
from payflow_domain.ledger.errors import CommitFailed


@frozen
class PostgresStore(
    PostgresLedgerReader,
    PostgresWalletReader,
    PostgresDirectoryReader,
    PostgresCertificationReader,
    PostgresPaymentReader,
    PostgresSecurityLog,
    PostgresStaffReader,
    PostgresWebhookReader,
    PostgresLimits,
    PostgresUsage,
    PostgresVolumeReader,
):
    """Writes through ``begin``; else reads what is committed.

    Security events, and what limits and the record of use count, are written at once. ``bell`` is
    rung after commits that there is something to send of.
    """

    clock: Clock
    bell: Bell | None = None

    @contextmanager
    def begin(self) -> Iterator[PostgresUnitOfWork]:
        """Begin a unit of work: one transaction on one connection."""
        with unavailable_as(CommitFailed), self.database.writing() as connection:
            driver = ThreadDriver(connection)
            uow = PostgresUnitOfWork(driver, self.clock)
            yield uow
            driver.commit()
        if self.bell is not None:
            self.bell.ring(uow.stirred)

    def is_ready(self) -> bool:
        """Tell whether the database has the present schema; raises ``DatabaseUnavailable``."""
        with self.database.reading() as connection:
            return is_migrated(connection)
