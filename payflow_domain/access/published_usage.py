"""The published form of the record of use."""

from collections.abc import Iterable
from itertools import groupby

from payflow_domain.access.usage import Counts, KeyDay, RouteDay
from payflow_domain.access.usage_service import Report
from payflow_domain.ids import KeyId
from payflow_domain.ledger.published import Published, publish_time
from payflow_domain.ledger.volumes import Volume, VolumeOf

_PERCENTS = (50, 95, 99)


def publish_report(report: Report) -> Published:
    """Publish a report; days are UTC's."""
    by_key = groupby(report.keys, lambda each: each[0].key_id)
    return {
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "requests": [_publish_route(one, counts) for one, counts in report.routes],
        "minutes": [
            {"minute": publish_time(minute), **_publish_counts(counts)}
            for minute, counts in report.minutes
        ],
        "keys": [_publish_key(key_id, days) for key_id, days in by_key],
        "volumes": {
            "sequence": report.volumes.sequence,
            "days": [
                {"day": of.day.isoformat(), **_publish_volume(of, volume)}
                for of, volume in report.volumes.days
            ],
            "months": [
                {"month": f"{of.day:%Y-%m}", **_publish_volume(of, volume)}
                for of, volume in report.volumes.months
            ],
        },
    }


def _publish_volume(of: VolumeOf, volume: Volume) -> Published:
    return {
        "currency": of.currency,
        "type": of.type,
        "count": volume.count,
        "amount": volume.amount,
    }


def _publish_route(one: RouteDay, counts: Counts) -> Published:
    return {"day": one.day.isoformat(), "route": one.route, **_publish_counts(counts)}


def _publish_counts(counts: Counts) -> Published:
    return {
        "count": counts.requests,
        "errors": {"client": counts.client_errors, "server": counts.server_errors},
        "limited": counts.limited,
        "latencyMs": {f"p{percent}": counts.latency_ms(percent) for percent in _PERCENTS},
    }


def _publish_key(key_id: KeyId, each: Iterable[tuple[KeyDay, int]]) -> Published:
    days = groupby(each, lambda one: one[0].day)
    return {
        "keyId": key_id,
        "days": [{"day": day.isoformat(), **_publish_key_day(list(one))} for day, one in days],
    }


def _publish_key_day(each: list[tuple[KeyDay, int]]) -> Published:
    routes = {one.route: count for one, count in each if one.route is not None}
    addresses = {one.address: count for one, count in each if one.address is not None}
    return {"count": sum(routes.values()), "routes": routes, "addresses": addresses}
