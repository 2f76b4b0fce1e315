"""What a unit of work does with payments."""

from datetime import datetime

from attrs import define

from payflow_adapters.postgres import payment_statements as statements
from payflow_adapters.postgres.drivers import Driver, Query
from payflow_adapters.postgres.payment_rows import notice_of, payment_of
from payflow_domain.ids import LedgerId, TransactionId
from payflow_domain.payments.model import KeptNotice, Leg, NoticeStatus, Payment


@define(slots=False)  # so that one unit of work can be all of them
class PostgresPaymentUnitOfWork:
    """Writes payments, legs and notices on one connection."""

    driver: Driver

    def add_payment(self, payment: Payment) -> None:
        self.driver.send((statements.INSERT_PAYMENT, _columns(payment)))

    def replace_payment(self, payment: Payment) -> None:
        self.driver.send((statements.UPDATE_PAYMENT, _columns(payment)))

    def payment(self, ledger_id: LedgerId, transaction_id: TransactionId) -> Payment | None:
        return self._payment((statements.LOAD_PAYMENT, [ledger_id, transaction_id]))

    def payment_at_gateway(
        self, ledger_id: LedgerId, gateway: str, gateway_id: str
    ) -> Payment | None:
        values = [ledger_id, gateway, gateway_id]
        return self._payment((statements.LOAD_PAYMENT_AT_GATEWAY, values))

    def _payment(self, query: Query) -> Payment | None:
        (rows,) = self.driver.run(query)
        return payment_of(rows[0]) if rows else None

    def take_due(self, now: datetime, until: datetime, limit: int) -> list[Payment]:
        (rows,) = self.driver.run((statements.TAKE_DUE, [now, limit, until]))
        return [payment_of(row) for row in rows]

    def add_leg(self, leg: Leg) -> None:
        values = [
            leg.ledger_id,
            leg.transaction_id,
            leg.gateway,
            leg.environment,
            leg.kind,
            leg.gateway_id,
            leg.amount,
            leg.currency,
            leg.at,
        ]
        self.driver.send((statements.INSERT_LEG, values))

    def has_leg(self, leg: Leg) -> bool:
        values = [leg.gateway, leg.environment, leg.kind, leg.gateway_id]
        (rows,) = self.driver.run((statements.FIND_LEG, values))
        return bool(rows)

    def add_notice(self, notice: KeptNotice) -> KeptNotice:
        values = [
            notice.gateway,
            notice.environment,
            notice.id,
            notice.type,
            notice.payload,
            notice.received_at,
            notice.status,
            notice.deliveries,
        ]
        ((row,),) = self.driver.run((statements.KEEP_NOTICE, values))
        return notice_of(row)

    def mark_notice(self, notice: KeptNotice, status: NoticeStatus) -> None:
        values = [status, notice.gateway, notice.environment, notice.id]
        self.driver.send((statements.MARK_NOTICE, values))


def _columns(payment: Payment) -> dict[str, object]:
    claim = payment.claim
    return {
        "ledger_id": payment.ledger_id,
        "transaction_id": payment.transaction_id,
        "environment": payment.environment,
        "gateway": payment.gateway,
        "kind": payment.kind,
        "status": payment.status,
        "wallet_id": payment.wallet_id,
        "amount": payment.money.amount,
        "currency": payment.money.currency,
        "created_at": payment.created_at,
        "gateway_id": payment.gateway_id,
        "reference": payment.reference,
        "charge_id": payment.charge_id,
        "next_attempt_at": payment.next_attempt_at,
        "attempts": payment.attempts,
        "claim_key": claim.key if claim else None,
        "claim_fingerprint": claim.fingerprint if claim else None,
        "request_id": payment.request_id,
    }
