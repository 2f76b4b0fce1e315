"""Deliveries: one event for one endpoint, and every attempt to bring it there."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from payflow_domain.ids import DeliveryId, EndpointId, LedgerId
from payflow_domain.ledger.ledgers import Environment

ANSWER_BYTES_MAX = 2_048
"""How much of an endpoint's answer is kept."""

SKIPPED_AT_A_TIME = 1_000
"""How many deliveries are skipped in one transaction."""

RECOVERED_AT_A_TIME = 5_000
"""How many deliveries one request recovers: the ledger is locked meanwhile."""

ATTEMPTS_KEPT_MAX = 30
"""How many attempts of one delivery are kept: the last ones."""


@frozen
class Outgoing:
    """What is sent in one attempt; ``secrets`` are all that sign it, the newest first."""

    url: str
    secrets: Sequence[str] = field(repr=False)
    id: str
    body: bytes = field(repr=False)


@frozen
class Outcome:
    """What came of one attempt.

    ``status`` is that of the answer, ``None`` where there was none; then ``error`` says why.
    ``answer`` has at most ``ANSWER_BYTES_MAX`` bytes of the body. ``retry_after_s`` is what the
    endpoint asked for.
    """

    at: datetime
    latency_ms: int
    status: int | None
    error: str | None = None
    answer: bytes = b""
    retry_after_s: int | None = None

    @property
    def is_success(self) -> bool:
        """Tell whether the endpoint took the event: it answered 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004  # RFC 9110, 15.3


class DeliveryStatus(StrEnum):
    """Where a delivery stands.

    Pending ones wait for an attempt. Skipped ones belong to a time when the endpoint was disabled.
    Failed and skipped ones are attempted again only when the partner asks for it.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen
class Attempt:
    """One attempt as it is kept; ``number`` counts from 1.

    ``answer`` is text: what is not UTF-8 in it was replaced.
    """

    number: int
    at: datetime
    latency_ms: int
    status: int | None
    error: str | None
    answer: str


@frozen
class Delivery:
    """One event for one endpoint.

    ``sequence`` is the event's number in the journal, or 0 for a test event, which is in no
    journal and brings its ``body`` along. ``tries`` counts the attempts since the event happened
    or the partner last asked for a retry, ``attempts_made`` all of them; ``attempts`` are the
    last ``ATTEMPTS_KEPT_MAX``. ``next_attempt_at`` is set while it is pending.
    """

    ledger_id: LedgerId
    endpoint_id: EndpointId
    id: DeliveryId
    sequence: int
    event_id: str
    event_type: str
    status: DeliveryStatus
    created_at: datetime
    next_attempt_at: datetime | None
    tries: int = 0
    attempts_made: int = 0
    attempts: tuple[Attempt, ...] = ()
    body: bytes | None = field(default=None, repr=False)

    @property
    def key(self) -> "DeliveryKey":
        """Return what names it among those of all endpoints."""
        return self.ledger_id, self.endpoint_id, self.id


DeliveryKey = tuple[LedgerId, EndpointId, DeliveryId]
"""Names a delivery among those of all endpoints."""


@frozen
class Concluded:
    """What is to be kept of one attempt of a delivery.

    ``put_off_to`` is the ``next_attempt_at`` that the delivery had while it was attempted: if it
    has another one by now, the partner has asked for a retry meanwhile, and then the delivery
    stays pending for that.
    """

    key: DeliveryKey
    put_off_to: datetime
    status: DeliveryStatus
    next_attempt_at: datetime | None
    tries: int
    attempt: Attempt


@frozen
class RetrySchedule:
    """How long after each failed attempt the next one is made, in seconds."""

    delays_s: tuple[int, ...]
    jitter: float = 0.2


_MINUTE, _HOUR = 60, 3_600

LIVE_SCHEDULE = RetrySchedule(
    (
        5,
        5 * _MINUTE,
        30 * _MINUTE,
        2 * _HOUR,
        5 * _HOUR,
        10 * _HOUR,
        14 * _HOUR,
        20 * _HOUR,
        24 * _HOUR,
    )
)
SANDBOX_SCHEDULE = RetrySchedule((5, 30, 5 * _MINUTE))


def schedule_of(environment: Environment) -> RetrySchedule:
    """Return when deliveries of that environment are attempted again."""
    return LIVE_SCHEDULE if environment is Environment.LIVE else SANDBOX_SCHEDULE


def delay_after(
    schedule: RetrySchedule, tries: int, retry_after_s: int | None, luck: float
) -> float | None:
    """Return how many seconds after its ``tries``-th failure a delivery is attempted again.

    ``None`` where that was the last try. ``luck`` is even in [0, 1): it spreads the delay by the
    schedule's jitter to either side. What the endpoint asked for counts from the delay that was
    planned up to twice as much.
    """
    if tries > len(schedule.delays_s):
        return None
    planned = schedule.delays_s[tries - 1] * (1 + schedule.jitter * (2 * luck - 1))
    return min(max(planned, retry_after_s or 0), 2 * planned)
