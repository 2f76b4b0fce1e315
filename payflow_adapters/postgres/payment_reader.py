"""Reading payments, what moved at their gateway, and its notices."""

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen
from sqlalchemy import ColumnElement, select, tuple_

from payflow_adapters.postgres import payment_statements
from payflow_adapters.postgres.arrays import texts
from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.payment_rows import (
    LEG_COLUMNS,
    NOTICE_COLUMNS,
    PAYMENT_COLUMNS,
    leg_of,
    notice_of,
    payment_of,
)
from payflow_adapters.postgres.tables import gateway_legs, gateway_notices, payments
from payflow_domain.ids import LedgerId, TransactionId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import MovementKind
from payflow_domain.payments.model import KeptNotice, Leg, NoticeStatus, Payment

_PLACE = (
    gateway_notices.c.received_at,
    gateway_notices.c.id,
    gateway_notices.c.gateway,
    gateway_notices.c.environment,
)


@frozen(slots=False)  # so that one store can be all the readers
class PostgresPaymentReader:
    """Reads committed payments."""

    database: Database

    def payment(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Payment | None:
        query = select(*PAYMENT_COLUMNS).where(
            payments.c.ledger_id == ledger_id, payments.c.transaction_id == transaction_id
        )
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return payment_of(row) if row else None

    def payment_of(self, transaction_id: TransactionId) -> Payment | None:
        return self._payment(payments.c.transaction_id == transaction_id)

    def payment_with_gateway_id(
        self, gateway: str, environment: Environment, gateway_id: str
    ) -> Payment | None:
        return self._payment(
            payments.c.gateway_id == gateway_id,
            payments.c.gateway == gateway,
            payments.c.environment == environment.value,
        )

    def _payment(self, *which: ColumnElement[bool]) -> Payment | None:
        with self.database.reading() as connection:
            row = connection.execute(select(*PAYMENT_COLUMNS).where(*which)).one_or_none()
        return payment_of(row) if row else None

    def legs(
        self, gateway: str, environment: Environment, start: datetime, end: datetime
    ) -> list[Leg]:
        query = (
            select(*LEG_COLUMNS)
            .where(
                gateway_legs.c.gateway == gateway,
                gateway_legs.c.environment == environment.value,
                gateway_legs.c.at >= start,
                gateway_legs.c.at < end,
            )
            .order_by(gateway_legs.c.at, gateway_legs.c.gateway_id, gateway_legs.c.kind)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [leg_of(row) for row in rows]

    def legs_at_gateway(
        self,
        gateway: str,
        environment: Environment,
        wanted: Sequence[tuple[MovementKind, str]],
    ) -> list[Leg]:
        values = (
            gateway,
            environment.value,
            texts([kind for kind, _ in wanted]),
            texts([gateway_id for _, gateway_id in wanted]),
        )
        with self.database.reading() as connection:
            rows = connection.exec_driver_sql(payment_statements.LOAD_LEGS, values).all()
        return [leg_of(row) for row in rows]

    def notice(self, gateway: str, environment: Environment, notice_id: str) -> KeptNotice | None:
        query = select(*NOTICE_COLUMNS).where(
            gateway_notices.c.gateway == gateway,
            gateway_notices.c.environment == environment.value,
            gateway_notices.c.id == notice_id,
        )
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return notice_of(row) if row else None

    def notices(
        self, status: NoticeStatus | None, limit: int, after: str | None = None
    ) -> list[KeptNotice]:
        query = select(*NOTICE_COLUMNS)
        if status is not None:
            query = query.where(gateway_notices.c.status == status.value)
        if after is not None:
            at, gateway, environment, notice_id = after.split(" ", 3)
            seen = (datetime.fromisoformat(at), notice_id, gateway, environment)
            query = query.where(tuple_(*_PLACE) < seen)
        query = query.order_by(*(column.desc() for column in _PLACE)).limit(limit)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [notice_of(row) for row in rows]

    def waiting_notices(self, limit: int) -> list[KeptNotice]:
        query = (
            select(*NOTICE_COLUMNS)
            .where(gateway_notices.c.status == NoticeStatus.RECEIVED.value)
            .order_by(gateway_notices.c.received_at, gateway_notices.c.id)
            .limit(limit)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [notice_of(row) for row in rows]
