"""Figures as staff see them."""

from payflow_domain.ledger.published import Published, publish_time
from payflow_domain.oversight.figures import (
    PENDING_AGES,
    DailyVolume,
    GatewayHealth,
    SlowStatement,
    Stats,
    WebhookHealth,
)


def publish_stats(stats: Stats) -> Published:
    """Write all figures by their public names."""
    pending = stats.pending
    return {
        "asOf": publish_time(stats.as_of),
        "partners": stats.partners,
        "wallets": stats.wallets,
        "volume": stats.volume and [_publish_volume(one) for one in stats.volume],
        "pending": pending
        and [
            {"olderThanSeconds": int(age.total_seconds()), "transactions": count}
            for age, count in zip(PENDING_AGES, pending, strict=True)
        ],
        "gateways": stats.gateways and [_publish_gateway(one) for one in stats.gateways],
        "webhooks": stats.webhooks and _publish_webhooks(stats.webhooks),
        "securityEvents": stats.security_events,
        "connections": stats.connections,
        "statements": stats.statements and [_publish_statement(one) for one in stats.statements],
        "unavailable": stats.unavailable,
    }


def _publish_volume(volume: DailyVolume) -> Published:
    return {
        "day": volume.day.isoformat(),
        "environment": volume.environment.value,
        "currency": volume.currency,
        "transactions": volume.transactions,
        "amount": volume.amount,
    }


def _publish_gateway(health: GatewayHealth) -> Published:
    oldest, last = health.oldest_pending_at, health.last_notice_at
    return {
        "gateway": health.gateway,
        "environment": health.environment.value,
        "pending": health.pending,
        "oldestPendingAt": None if oldest is None else publish_time(oldest),
        "waitingNotices": health.waiting_notices,
        "lastNoticeAt": None if last is None else publish_time(last),
    }


def _publish_webhooks(health: WebhookHealth) -> Published:
    oldest = health.oldest_due_at
    return {
        "delivered": health.delivered,
        "failed": health.failed,
        "successRate": health.success_rate,
        "pending": health.pending,
        "oldestDueAt": None if oldest is None else publish_time(oldest),
    }


def _publish_statement(statement: SlowStatement) -> Published:
    return {
        "query": statement.query,
        "calls": statement.calls,
        "totalMs": round(statement.total_ms, 3),
        "meanMs": round(statement.mean_ms, 3),
        "rows": statement.rows,
    }
