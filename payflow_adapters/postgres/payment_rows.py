"""From rows to payments and what belongs to them; rows come in the order of the columns here."""

from payflow_adapters.postgres.rows import Values
from payflow_adapters.postgres.tables import (
    gateway_legs,
    gateway_notices,
    payments,
    security_events,
)
from payflow_domain.access.security import SecurityEvent, SecurityEventKind
from payflow_domain.ids import AccountId, LedgerId, TransactionId
from payflow_domain.ledger.idempotency import Claim, IdempotencyKey
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.money import Money
from payflow_domain.payments.gateway import MovementKind, PaymentKind
from payflow_domain.payments.model import KeptNotice, Leg, NoticeStatus, Payment, PaymentStatus

PAYMENT_COLUMNS = tuple(payments.columns)
LEG_COLUMNS = (
    gateway_legs.c.ledger_id,
    gateway_legs.c.transaction_id,
    gateway_legs.c.gateway,
    gateway_legs.c.environment,
    gateway_legs.c.kind,
    gateway_legs.c.gateway_id,
    gateway_legs.c.amount,
    gateway_legs.c.currency,
    gateway_legs.c.at,
)
NOTICE_COLUMNS = tuple(gateway_notices.columns)
SECURITY_EVENT_COLUMNS = tuple(security_events.columns)


def payment_of(row: Values) -> Payment:
    (
        ledger_id,
        transaction_id,
        environment,
        gateway,
        kind,
        status,
        wallet_id,
        amount,
        currency,
        created_at,
        gateway_id,
        reference,
        charge_id,
        next_attempt_at,
        attempts,
        key,
        fingerprint,
        request_id,
    ) = row
    return Payment(
        ledger_id=LedgerId(ledger_id),
        transaction_id=TransactionId(transaction_id),
        environment=Environment(environment),
        gateway=gateway,
        kind=PaymentKind(kind),
        status=PaymentStatus(status),
        wallet_id=AccountId(wallet_id),
        money=Money(amount, currency),
        created_at=created_at,
        gateway_id=gateway_id,
        reference=reference,
        charge_id=charge_id,
        next_attempt_at=next_attempt_at,
        attempts=attempts,
        claim=None if key is None else Claim(IdempotencyKey(key), bytes(fingerprint)),
        request_id=request_id,
    )


def leg_of(row: Values) -> Leg:
    ledger_id, transaction_id, gateway, environment, kind, gateway_id, amount, currency, at = row
    return Leg(
        ledger_id=LedgerId(ledger_id),
        transaction_id=TransactionId(transaction_id),
        gateway=gateway,
        environment=Environment(environment),
        kind=MovementKind(kind),
        gateway_id=gateway_id,
        amount=amount,
        currency=currency,
        at=at,
    )


def notice_of(row: Values) -> KeptNotice:
    gateway, environment, notice_id, type_, payload, received_at, status, deliveries = row
    return KeptNotice(
        gateway=gateway,
        environment=Environment(environment),
        id=notice_id,
        type=type_,
        payload=bytes(payload),
        received_at=received_at,
        status=NoticeStatus(status),
        deliveries=deliveries,
    )


def security_event_of(row: Values) -> SecurityEvent:
    number, at, kind, detail, address, facts = row
    return SecurityEvent(at, SecurityEventKind(kind), detail, address, facts, number)
