"""However often somebody tries, no more than so many security events a minute are kept."""

from datetime import timedelta

from payflow_adapters.bounded_security_log import EVENTS_MAX, PERIOD, BoundedSecurityLog
from payflow_adapters.memory import MemoryStore
from payflow_domain.access.security import SecurityEvent, SecurityEventKind
from tests.builders.times import START, SettableClock


def test_what_is_above_the_bound_is_counted_and_told_with_the_next_one() -> None:
    log = BoundedSecurityLog(MemoryStore(SettableClock()))

    for _ in range(EVENTS_MAX + 7):
        log.record(_event())
    log.record(_event(after=PERIOD))

    kept = log.security_events(10 * EVENTS_MAX)
    assert len(kept) == EVENTS_MAX + 1
    assert kept[0].facts == {"notKept": "7"}
    assert kept[1].facts == {}


def test_each_minute_has_room_of_its_own() -> None:
    log = BoundedSecurityLog(MemoryStore(SettableClock()))

    for minute in range(3):
        for _ in range(EVENTS_MAX):
            log.record(_event(after=minute * PERIOD))

    assert len(log.security_events(10 * EVENTS_MAX)) == 3 * EVENTS_MAX


def _event(after: timedelta = timedelta()) -> SecurityEvent:
    return SecurityEvent(START + after, SecurityEventKind.INVALID_NOTICE, "Not signed.")
