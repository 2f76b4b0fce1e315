"""The suite for keepers of security events: derive from ``SecurityLogContract``."""

import pytest

from payflow_domain.access.security import SecurityEvent, SecurityEventKind, SecurityLog
from tests.builders.times import START, TICK, SettableClock

UNICODE = "März 🏠 \u202e\n'\""
PLAIN = SecurityEvent(START, SecurityEventKind.INVALID_NOTICE, "The signature is wrong.")
WHOLE = SecurityEvent(
    START + TICK,
    SecurityEventKind.FOREIGN_NOTICE,
    UNICODE,
    "2001:db8::1",
    {UNICODE: UNICODE, "empty": ""},
)


class SecurityLogContract:
    """What ``SecurityLog`` promises."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> SecurityLog:
        raise NotImplementedError(clock)

    def test_nothing_recorded_is_nothing_listed(self, store: SecurityLog) -> None:
        assert store.security_events(10) == []

    @pytest.mark.parametrize("event", [PLAIN, WHOLE])
    def test_an_event_is_read_as_it_was_recorded(
        self, store: SecurityLog, event: SecurityEvent
    ) -> None:
        store.record(event)

        assert store.security_events(10) == [event]

    def test_the_last_events_are_listed_newest_first(self, store: SecurityLog) -> None:
        for event in (PLAIN, WHOLE, WHOLE):
            store.record(event)

        assert store.security_events(10) == [WHOLE, WHOLE, PLAIN]
        assert store.security_events(2) == [WHOLE, WHOLE]

    def test_a_page_goes_on_where_the_one_before_ended(self, store: SecurityLog) -> None:
        for event in (PLAIN, WHOLE, PLAIN):
            store.record(event)

        first, second = store.security_events(2)

        assert (first, second) == (PLAIN, WHOLE)
        assert store.security_events(2, first.number) == [WHOLE, PLAIN]
        assert store.security_events(2, second.number) == [PLAIN]

    def test_facts_are_kept_as_they_were_when_recorded(self, store: SecurityLog) -> None:
        facts = {"type": "charge.succeeded"}
        store.record(SecurityEvent(START, SecurityEventKind.FOREIGN_NOTICE, "", None, facts))

        facts["type"] = "other"

        (kept,) = store.security_events(1)
        assert kept.facts == {"type": "charge.succeeded"}
