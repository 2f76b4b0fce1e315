"""Meters: the buckets that this process takes from."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from itertools import islice
from time import monotonic_ns

from attrs import Factory, define, field

from payflow_domain.access.limits import Decision, Level, Limit, join, settle, take
from payflow_domain.access.shared_limits import Taken, Total
from payflow_http.incoming import ApiRequest
from payflow_http.problems import Problem

METERS_MAX = 20_000
"""How many meters a process keeps; those that are whole again are the first to go."""

_SECOND_US = 1_000_000

Now = Callable[[], int]
"""Tells the time in microseconds; it never goes back."""


def monotonic_us() -> int:
    return monotonic_ns() // 1000


@define(eq=False)
class Meter:
    """One bucket: ``policy`` is what callers know it by, and ``subject`` whose it is.

    ``untold`` grains were taken and not told to other processes yet. ``version`` is that of what
    was last heard from them.
    """

    policy: str
    subject: str
    limit: Limit
    level: Level = Factory(Level)
    untold: int = 0
    version: int = 0
    published: str = field(init=False)
    """The limit as ``RateLimit-Policy`` tells it."""

    @published.default
    def _published(self) -> str:
        return f'"{self.policy}";q={self.limit.burst};w={self.limit.window_s}'

    @property
    def key(self) -> str:
        """What all processes call the bucket; with another limit it is another one."""
        limit = self.limit
        return f"{self.policy} {self.subject} {limit.rate}/{limit.period_s} {limit.burst}"

    def publish(self, decision: Decision) -> str:
        """Tell what is left, as ``RateLimit`` does."""
        return f'"{self.policy}";r={decision.remaining};t={_seconds(decision.more_us)}'


@define(eq=False)
class Meters:
    """The meters of one process, by policy and subject.

    Those in ``_untold`` were asked for something since they were last told of.
    """

    now: Now = monotonic_us
    count_max: int = METERS_MAX
    _kept: dict[tuple[str, str], Meter] = Factory(dict)
    _untold: set[Meter] = Factory(set)

    def find(self, policy: str, subject: str, limit: Limit) -> Meter:
        """Return the meter of a subject; with another limit it is another one."""
        meter = self._kept.get((policy, subject))
        if meter is None or (meter.limit is not limit and meter.limit != limit):
            if len(self._kept) >= self.count_max:
                self._make_room()
            meter = self._kept[policy, subject] = Meter(policy, subject, limit)
        return meter

    def take(
        self, req: ApiRequest, meters: Sequence[Meter], cost: int = 1, *, besides: int = 0
    ) -> None:
        """Take ``cost`` units from each of ``meters``, or none and raise a ``Problem``: 429.

        What costs more than a whole bucket, ``besides`` units that it took before, takes all the
        rest of it. ``req`` keeps what its answer is to tell of it.
        """
        now_us, tries = self.now(), []
        for meter in meters:
            its = min(cost, meter.limit.burst - besides)
            tries.append((meter, its, *take(meter.level, meter.limit, now_us, its)))
        if not all(decision.is_allowed for _, _, _, decision in tries):
            refusal = _rate_limited([(meter, decision) for meter, _, _, decision in tries])
            self.take(req, meters, 0)
            raise refusal
        for meter, its, level, _ in tries:
            meter.level = level
            # Also where nothing was taken: who is refused wants to hear of others as well.
            self._note(meter, meter.limit.grains_of(its))
        req.rate_limit = ", ".join([meter.publish(decision) for meter, _, _, decision in tries])
        req.rate_limit_policy = ", ".join([meter.published for meter in meters])

    def give_back(self, meter: Meter) -> None:
        """Give back a unit that was taken."""
        level = settle(meter.level, meter.limit, self.now())
        meter.level = Level(max(0, level.used - meter.limit.grains), level.at_us)
        self._note(meter, -meter.limit.grains)

    def untold(self, limit: int) -> list[Meter]:
        """Return up to ``limit`` meters that are to be told of, and to hear of others."""
        return list(islice(self._untold, limit))

    def taken_from(self, meter: Meter) -> Taken:
        """Return what others are to hear of a meter."""
        return Taken(meter.key, meter.untold, meter.limit.rate)

    def hear(self, meter: Meter, told: Taken, total: Total) -> None:
        """Count what others have taken, once ``told`` was told and the answer was ``total``.

        Where nobody else has told anything meanwhile, nobody knows better than this process.
        """
        meter.untold -= told.used
        if total.version != meter.version + 1:
            used = total.used + meter.untold
            meter.level = join(meter.level, meter.limit, self.now(), used)
        meter.version = total.version
        if not meter.untold:
            self._untold.discard(meter)

    def _note(self, meter: Meter, grains: int) -> None:
        meter.untold += grains
        self._untold.add(meter)

    def _make_room(self) -> None:
        """Forget the meters that are whole again, and at least the oldest tenth."""
        now_us = self.now()
        used = {
            key: meter
            for key, meter in self._kept.items()
            if settle(meter.level, meter.limit, now_us).used
        }
        for key in list(used)[: max(0, len(used) - self.count_max * 9 // 10)]:
            del used[key]
        self._kept = used


def _rate_limited(tries: Sequence[tuple[Meter, Decision]]) -> Problem:
    """Refuse for the meter that makes callers wait longest."""
    meter, decision = max(tries, key=lambda one: one[1].wait_us)
    wait_s = _seconds(decision.wait_us)
    detail = (
        f"Too many requests; ask again in {wait_s} s. See RateLimit-Policy for what is allowed."
    )
    facts = {
        "policy": meter.policy,
        "quota": meter.limit.burst,
        "windowSeconds": meter.limit.window_s,
        "retryAfter": wait_s,
    }
    headers = {"Retry-After": str(wait_s)}
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", detail, facts=facts, headers=headers
    )


def _seconds(microseconds: int) -> int:
    return -(-microseconds // _SECOND_US)
