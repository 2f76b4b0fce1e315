"""The tables of the mock gateway's file, and how moments are written in them."""

from datetime import UTC, datetime, timedelta

PREFIX = "mock_"
"""What every id of the mock's own begins with."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    transaction_id TEXT UNIQUE,
    reference TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS items_by_reference ON items (reference, kind);
CREATE TABLE IF NOT EXISTS changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    item_id TEXT NOT NULL,
    is_first INTEGER NOT NULL,
    is_answer INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    message TEXT,
    is_delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS changes_of_an_item ON changes (item_id, at, number);
CREATE INDEX IF NOT EXISTS changes_to_tell ON changes (at, number) WHERE NOT is_delivered;
CREATE TABLE IF NOT EXISTS movements (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS movements_by_time ON movements (at, number);
CREATE TABLE IF NOT EXISTS scripts (value TEXT PRIMARY KEY, behaviour BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS troubles (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    trouble TEXT NOT NULL
)
"""
"""``changes`` are notices too, under their ids. Times are microseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def ticks(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    return _EPOCH + at * _MICROSECOND
