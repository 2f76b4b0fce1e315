"""From rows to endpoints and deliveries, and back; rows come in the order of the columns here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from attrs import fields
from psycopg.types.json import Json

from payflow_adapters.postgres.arrays import documents, moments, numbers, texts, words
from payflow_adapters.postgres.rows import Values
from payflow_adapters.postgres.tables import ledgers, webhook_deliveries, webhook_endpoints
from payflow_domain.ids import DeliveryId, EndpointId, LedgerId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.webhooks.deliveries import (
    ATTEMPTS_KEPT_MAX,
    Attempt,
    Concluded,
    Delivery,
    DeliveryStatus,
)
from payflow_domain.webhooks.endpoints import (
    DisabledReason,
    Endpoint,
    EndpointKey,
    EndpointStatus,
)

ENDPOINT_COLUMNS = (
    webhook_endpoints.c.ledger_id,
    ledgers.c.environment,
    webhook_endpoints.c.id,
    webhook_endpoints.c.url,
    webhook_endpoints.c.events,
    webhook_endpoints.c.description,
    webhook_endpoints.c.status,
    webhook_endpoints.c.secret,
    webhook_endpoints.c.created_at,
    webhook_endpoints.c.planned_through,
    webhook_endpoints.c.previous_secret,
    webhook_endpoints.c.previous_secret_until,
    webhook_endpoints.c.disabled_reason,
    webhook_endpoints.c.disabled_at,
    webhook_endpoints.c.failing_since,
)
DELIVERY_COLUMNS = (
    webhook_deliveries.c.ledger_id,
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.id,
    webhook_deliveries.c.sequence,
    webhook_deliveries.c.event_id,
    webhook_deliveries.c.event_type,
    webhook_deliveries.c.status,
    webhook_deliveries.c.created_at,
    webhook_deliveries.c.next_attempt_at,
    webhook_deliveries.c.tries,
    webhook_deliveries.c.attempts_made,
    webhook_deliveries.c.attempts,
)
_ATTEMPT_NAMES = [field.name for field in fields(Attempt)]

ENDPOINT_WIDTH, DELIVERY_WIDTH = len(ENDPOINT_COLUMNS), len(DELIVERY_COLUMNS)


def endpoint_of(row: Values) -> Endpoint:
    (
        ledger_id,
        environment,
        id_,
        url,
        events,
        description,
        status,
        secret,
        created_at,
        planned_through,
        previous_secret,
        previous_secret_until,
        disabled_reason,
        disabled_at,
        failing_since,
    ) = row
    return Endpoint(
        ledger_id=LedgerId(ledger_id),
        environment=Environment(environment),
        id=EndpointId(id_),
        url=url,
        events=frozenset(events),
        description=description,
        status=EndpointStatus(status),
        secret=secret,
        created_at=created_at,
        planned_through=planned_through,
        previous_secret=previous_secret,
        previous_secret_until=previous_secret_until,
        disabled_reason=disabled_reason and DisabledReason(disabled_reason),
        disabled_at=disabled_at,
        failing_since=failing_since,
    )


def endpoint_columns(endpoint: Endpoint) -> dict[str, object]:
    """Return what is written of an endpoint."""
    return {
        "ledger_id": endpoint.ledger_id,
        "id": endpoint.id,
        "url": endpoint.url,
        "events": Json(sorted(endpoint.events)),
        "description": endpoint.description,
        "status": endpoint.status,
        "secret": endpoint.secret,
        "created_at": endpoint.created_at,
        "planned_through": endpoint.planned_through,
        "previous_secret": endpoint.previous_secret,
        "previous_secret_until": endpoint.previous_secret_until,
        "disabled_reason": endpoint.disabled_reason,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
    }


def delivery_of(row: Values, body: str | None = None) -> Delivery:
    (
        ledger_id,
        endpoint_id,
        id_,
        sequence,
        event_id,
        event_type,
        status,
        created_at,
        next_attempt_at,
        tries,
        attempts_made,
        attempts,
    ) = row
    return Delivery(
        ledger_id=LedgerId(ledger_id),
        endpoint_id=EndpointId(endpoint_id),
        id=DeliveryId(id_),
        sequence=sequence,
        event_id=event_id,
        event_type=event_type,
        status=DeliveryStatus(status),
        created_at=created_at,
        next_attempt_at=next_attempt_at,
        tries=tries,
        attempts_made=attempts_made,
        attempts=tuple([_attempt_of(record) for record in attempts]),
        body=None if body is None else body.encode(),
    )


def plan_columns(
    through: Mapping[EndpointKey, int], deliveries: Sequence[Delivery]
) -> dict[str, object]:
    """Gather the parameters of ``PLAN``."""
    return {
        "ledger_id": numbers([one.ledger_id for one in deliveries]),
        "endpoint_id": words([one.endpoint_id for one in deliveries]),
        "id": texts([one.id for one in deliveries]),
        "sequence": numbers([one.sequence for one in deliveries]),
        "event_id": texts([one.event_id for one in deliveries]),
        "event_type": words([one.event_type for one in deliveries]),
        "status": words([one.status for one in deliveries]),
        "created_at": moments([one.created_at for one in deliveries]),
        "next_attempt_at": moments([one.next_attempt_at for one in deliveries]),
        "moved_ledger_id": numbers([ledger_id for ledger_id, _ in through]),
        "moved_id": texts([endpoint_id for _, endpoint_id in through]),
        "through": numbers(through.values()),
        "moved": len(through),
    }


def concluded_columns(concluded: Sequence[Concluded]) -> dict[str, object]:
    """Gather the parameters of ``CONCLUDE``."""
    return {
        "kept": ATTEMPTS_KEPT_MAX,
        "ledger_id": numbers([one.key[0] for one in concluded]),
        "endpoint_id": words([one.key[1] for one in concluded]),
        "id": texts([one.key[2] for one in concluded]),
        "put_off_to": moments([one.put_off_to for one in concluded]),
        "status": words([one.status for one in concluded]),
        "next_attempt_at": moments([one.next_attempt_at for one in concluded]),
        "tries": numbers([one.tries for one in concluded]),
        "attempt": documents([_attempt_record(one.attempt) for one in concluded]),
    }


def _attempt_record(attempt: Attempt) -> bytes:
    return orjson.dumps(
        {
            "number": attempt.number,
            "at": attempt.at,
            "latency_ms": attempt.latency_ms,
            "status": attempt.status,
            "error": attempt.error,
            "answer": attempt.answer,
        }
    )


def _attempt_of(record: Mapping[str, object]) -> Attempt:
    known: dict[str, Any] = {name: record[name] for name in _ATTEMPT_NAMES}
    return Attempt(**{**known, "at": datetime.fromisoformat(known["at"])})
