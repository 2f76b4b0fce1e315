"""When an endpoint wants to be asked again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.webhooks.retry_after import RETRY_AFTER_S_MAX, read_retry_after

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("86400", 86_400),
        ("86401", RETRY_AFTER_S_MAX),
        ("9" * 5_000, RETRY_AFTER_S_MAX),
        ("Sat, 31 Jan 2026 12:01:30 GMT", 90),
        ("Sat, 31 Jan 2026 12:01:30 -0000", 90),
        ("Sat, 31 Jan 2026 14:01:30 +0200", 90),
        ("Saturday, 31-Jan-26 12:01:30 GMT", 90),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0),
        ("Tue, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_S_MAX),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("١٢", None),
    ],
)
def test_it_is_a_number_of_seconds_or_a_date_and_bounded(
    value: str | None, seconds: int | None
) -> None:
    assert read_retry_after(value, NOW) == seconds


@given(st.text())
def test_any_text_is_a_time_within_bounds_or_none(value: str) -> None:
    seconds = read_retry_after(value, NOW)

    assert seconds is None or 0 <= seconds <= RETRY_AFTER_S_MAX
