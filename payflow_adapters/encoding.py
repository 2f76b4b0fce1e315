"""Compact JSON, the canonical form of events."""

from collections.abc import Mapping

import orjson


def encode_json(value: Mapping[str, object]) -> bytes:
    """Write ``value`` as compact JSON in UTF-8, members in their given order."""
    return orjson.dumps(value)
