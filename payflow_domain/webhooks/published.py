"""The published form of endpoints and deliveries: what partners read in answers and in events."""

from payflow_domain.ledger.published import Published, publish_time
from payflow_domain.webhooks.deliveries import Attempt, Delivery
from payflow_domain.webhooks.endpoints import Endpoint

ALL_EVENTS = "*"
"""Stands for every type of event, also those to come."""


def publish_endpoint(endpoint: Endpoint) -> Published:
    """Publish an endpoint without its secrets."""
    disabled_at, failing_since = endpoint.disabled_at, endpoint.failing_since
    until = endpoint.previous_secret_until
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": sorted(endpoint.events) or [ALL_EVENTS],
        "description": endpoint.description,
        "status": endpoint.status,
        "disabledReason": endpoint.disabled_reason,
        "disabledAt": disabled_at and publish_time(disabled_at),
        "failingSince": failing_since and publish_time(failing_since),
        "previousSecretExpiresAt": until and publish_time(until),
        "environment": endpoint.environment,
        "createdAt": publish_time(endpoint.created_at),
    }


def publish_with_secret(endpoint: Endpoint) -> Published:
    """Publish an endpoint with the secret that signs from now on."""
    return {**publish_endpoint(endpoint), "secret": endpoint.secret}


def publish_delivery(delivery: Delivery) -> Published:
    """Publish a delivery with its last attempts, oldest first."""
    next_attempt_at = delivery.next_attempt_at
    return {
        "id": delivery.id,
        "webhookEndpointId": delivery.endpoint_id,
        "eventId": delivery.event_id,
        "event": delivery.event_type,
        "sequence": delivery.sequence,
        "status": delivery.status,
        "nextAttemptAt": next_attempt_at and publish_time(next_attempt_at),
        "attemptsMade": delivery.attempts_made,
        "attempts": [_publish_attempt(attempt) for attempt in delivery.attempts],
        "createdAt": publish_time(delivery.created_at),
    }


def _publish_attempt(attempt: Attempt) -> Published:
    return {
        "number": attempt.number,
        "at": publish_time(attempt.at),
        "latencyMs": attempt.latency_ms,
        "status": attempt.status,
        "error": attempt.error,
        "answer": attempt.answer,
    }
